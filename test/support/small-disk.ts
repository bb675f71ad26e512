/** A small disk of its own (tmpfs) that a test can fill, empty, and make read-only. Mounting takes root on Linux. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly dir: string;
  /** Takes all free space but about `leaveBytes`. */
  fill(leaveBytes?: number): void;
  /** Gives back what `fill` took. */
  empty(): void;
  /** Only while nothing on it is open for writing. */
  mode(mode: 'ro' | 'rw'): void;
  remove(): void;
}

/** Whether this user may mount one here. */
export function mayMount(): boolean {
  try {
    mountSmallDisk(1024 * 1024).remove();
    return true;
  } catch {
    return false;
  }
}

export function mountSmallDisk(sizeBytes: number): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), 'edge-sync-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', dir], {
      stdio: 'ignore',
    });
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  const filler = join(dir, 'somebody-elses-file');
  const empty = (): void => rmSync(filler, { force: true });
  return {
    dir,
    fill: (leaveBytes = 0) => {
      empty();
      const page = Buffer.alloc(4096);
      const fd = openSync(filler, 'w');
      let taken = 0;
      try {
        for (;;) taken += writeSync(fd, page);
      } catch {
        // Full now.
      } finally {
        closeSync(fd);
      }
      if (leaveBytes > 0) execFileSync('truncate', ['-s', String(Math.max(0, taken - leaveBytes)), filler]);
    },
    empty,
    mode: (mode) => void execFileSync('mount', ['-o', `remount,${mode}`, dir], { stdio: 'ignore' }),
    remove: () => {
      execFileSync('umount', ['-l', dir], { stdio: 'ignore' });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
