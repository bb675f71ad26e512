/** The engine as a process with a watched folder: what is taken, what is listed, what survives a restart. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttentionFile } from '../../src/shared/contract-attention.ts';
import { makeDicomFile, type TestFile } from '../support/dicom-files.ts';
import { TestInstallation, withoutRootsRights } from '../support/installation.ts';

let pc: TestInstallation;
let folder: string;

beforeEach(async () => {
  pc = await TestInstallation.create();
  folder = join(pc.dir, 'scans');
  await mkdir(folder);
  await pc.configure({ folders: [{ path: folder }], disk: { refuseBelowBytes: 0, warnBelowBytes: 0 } });
});

afterEach(() => pc.dispose());

async function put(name: string, file: TestFile | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof file === 'string' ? file : file.bytes);
  return path;
}

async function attention(): Promise<{ readonly files: readonly AttentionFile[]; readonly total: number }> {
  const { out } = await pc.command(['attention', '--json']);
  return JSON.parse(out) as { files: AttentionFile[]; total: number };
}

/** Waits until it holds; the test's own time limit is the only one. */
async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(200);
}

describe('a watched folder of a running engine', () => {
  it('has good files taken and bad ones listed, once, with one line in the status', async () => {
    const good = makeDicomFile({ seed: 'good' });
    await put('deep/down/good', good);
    await put('Thumbs.db', 'not an image');
    await put('.hidden', 'not one either');
    await put('letter.txt', 'Dear Sir or Madam');
    await put('cut.dcm', { ...good, bytes: good.bytes.subarray(0, -40) });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const socket = createServer().listen(join(folder, 'socket'));
    await symlink('..', join(folder, 'deep', 'loop'));
    const engine = await pc.serve();
    const status = await pc.statusWhere(
      ({ counts, failures }) =>
        counts.received === 1 && failures.some((one) => one.code === 'file-needs-attention'),
    );
    socket.close();
    expect(status.headline).toBe('attention');
    const lines = status.failures.filter((one) => one.code === 'file-needs-attention');
    expect(lines).toMatchObject([{ count: 2, action: 'answer', imagesSafe: true }]);
    expect(JSON.stringify(status)).not.toMatch(/letter|cut\.dcm/);
    const listed = await attention();
    expect(listed.total).toBe(2);
    expect(Object.fromEntries(listed.files.map((file) => [file.path, file.code]))).toEqual({
      [join(folder, 'letter.txt')]: 'not-dicom',
      [join(folder, 'cut.dcm')]: 'dicom-truncated',
    });
    expect(listed.files.every((file) => file.folder === folder)).toBe(true);
    const text = await pc.command(['attention']);
    expect(text.code).toBe(2);
    expect(text.out).toContain(join(folder, 'letter.txt'));
    expect(existsSync(join(folder, 'letter.txt'))).toBe(true);

    // The list outlives the engine, and is answered one by one.
    await engine.kill();
    expect(await attention()).toEqual(listed);
    const again = await pc.serve();
    await writeFile(join(folder, 'cut.dcm'), good.bytes);
    const letter = listed.files.find(({ path }) => path.endsWith('letter.txt'))!;
    expect(await pc.command(['attention', 'dismiss', letter.id])).toMatchObject({
      code: 0,
      out: 'dismissed 1\n',
    });
    expect(await pc.command(['attention', 'dismiss', letter.id])).toMatchObject({ code: 1 });
    await until(async () => (await attention()).total === 0);
    expect(await pc.command(['attention'])).toMatchObject({ code: 0, out: 'no file needs attention\n' });
    const later = await pc.status();
    expect(later.failures.map((one) => one.code)).not.toContain('file-needs-attention');
    expect(again.log()).not.toMatch(/letter|good|scans/);
    await again.stop();
    const stored = await Promise.all(
      ['queue.db', 'queue.db-wal'].map((name) =>
        readFile(join(pc.dataDir, name)).catch(() => Buffer.alloc(0)),
      ),
    );
    expect(stored.some((bytes) => bytes.includes('letter.txt'))).toBe(false);
  });
});

describe('import', () => {
  beforeEach(() => pc.configure({ disk: { refuseBelowBytes: 0, warnBelowBytes: 0 } }));

  it('says in its summary what was taken, held, passed over and refused', async () => {
    await put('a', makeDicomFile({ seed: 'a' }));
    await put('b', makeDicomFile({ seed: 'b' }));
    await put('.DS_Store', 'nothing');
    expect(await pc.command(['import', folder])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^imported 2, already held 0, failed 0, passed over 1 \(/) as string,
    });
    await put('c.txt', 'no image');
    const result = await pc.command(['import', '--json', folder]);
    expect(result.code).toBe(2);
    expect(JSON.parse(result.out)).toMatchObject({
      found: 4,
      stored: 0,
      duplicates: 2,
      passedOver: 1,
      failed: 1,
    });
    await mkdir(join(pc.dir, 'none'));
    await writeFile(join(pc.dir, 'none', 'x'), 'no image');
    expect(await pc.command(['import', join(pc.dir, 'none')])).toMatchObject({ code: 1 });
  });

  it('ends at Ctrl-C with what was taken kept, and goes on when run again', async () => {
    const files = 1500;
    for (let index = 0; index < files; index += 1) {
      await put(`many/${index}`, makeDicomFile({ seed: String(index), pixelBytes: 20_000 }));
    }
    const engine = await pc.serve();
    const running = pc.start(['import', join(folder, 'many')]);
    await pc.statusWhere(({ counts }) => counts.received >= 20);
    running.interrupt();
    const result = await running.result;
    expect(result.code).toBe(1);
    expect(result.err).toContain('[cancelled]');
    expect(result.err).toMatch(/so far: imported \d+/);
    const { received } = (await pc.status()).counts;
    expect(received).toBeLessThan(files);
    expect(await pc.command(['import', join(folder, 'many')])).toMatchObject({ code: 0 });
    expect((await pc.status()).counts.received).toBe(files);
    await engine.stop();
  });

  it.skipIf(process.platform === 'win32')('says which files it may not read', async () => {
    const path = await put('closed', makeDicomFile());
    await chmod(path, 0);
    const result = await pc.command(['import', folder], { through: withoutRootsRights });
    expect(result).toMatchObject({ code: 1 });
    expect(result.err).toContain('[file-not-readable]');
  });
});
