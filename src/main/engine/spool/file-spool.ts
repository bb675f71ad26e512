/** The spool in a folder of this PC. One way on all systems: docs/decisions/0005-spool-blanks.md. */
import fs from 'node:fs';
import path from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import { BlankPool } from './blank-pool.ts';
import {
  folderMode,
  isFull,
  isMissing,
  isSpoolId,
  openToRead,
  readAt,
  spoolError,
  spoolPath,
  syncFolder,
} from './spool-files.ts';
import type { RecoverableSpool, SpoolWriter } from './spool-port.ts';
import { FileSpoolWriter } from './spool-writer.ts';

/** A read of the spool hands out pieces of at most this: most images come in one, a segment of a large one in whole. */
const pieceBytes = 1024 * 1024;
/** Free space is asked of the system at most this often: every window's status wants it. */
const freeBytesAgeMs = 250;
/** Beside the fan-out folders; not two hex digits, so never listed. */
const setAsideFolder = 'set-aside';

export interface FileSpoolOptions {
  /** Made when absent. */
  readonly dir: string;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class FileSpool implements RecoverableSpool {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #pool: BlankPool;
  #free: { readonly bytes: number; readonly atMs: number } | undefined;

  private constructor(options: FileSpoolOptions) {
    this.#dir = options.dir;
    this.#clock = options.clock;
    this.#pool = new BlankPool(options.dir, options.random, options.logger);
  }

  /** Makes the folders and the first blanks. Throws data-dir-not-writable, disk-full or disk-error. */
  static async open(options: FileSpoolOptions): Promise<FileSpool> {
    try {
      await makeFolders(options.dir);
    } catch (cause) {
      if (isFull(cause)) throw spoolError(cause);
      const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
      throw new EdgeSyncError('data-dir-not-writable', code, { cause });
    }
    const spool = new FileSpool(options);
    await spool.#pool.refill();
    return spool;
  }

  create(): SpoolWriter {
    return new FileSpoolWriter(this.#dir, this.#pool);
  }

  async *read(id: SpoolId, start = 0): AsyncGenerator<Buffer, void, undefined> {
    const fd = await openToRead(spoolPath(this.#dir, id)).catch((error: unknown) => {
      throw spoolError(error);
    });
    try {
      // Asked at once, as it is closed at once: nothing goes to the disk, a turn in the thread pool costs more. Pieces are
      // cut to measure, so that whoever has used one can give all of its memory back.
      const { size } = fs.fstatSync(fd);
      for (let position = start; position < size;) {
        const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - position));
        const { bytesRead } = await readAt(fd, piece, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield bytesRead === piece.length ? piece : piece.subarray(0, bytesRead);
      }
    } catch (error) {
      throw spoolError(error);
    } finally {
      fs.closeSync(fd);
    }
  }

  async sizeBytes(id: SpoolId): Promise<number | undefined> {
    try {
      return (await fs.promises.lstat(spoolPath(this.#dir, id))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw spoolError(error);
    }
  }

  /**
   * Whether a whole-looking copy is there: a size check, at once. For the queue's duplicate decision, which must be
   * taken inside its transaction.
   */
  holds(id: SpoolId, sizeBytes: number): boolean {
    try {
      return fs.lstatSync(spoolPath(this.#dir, id)).size === sizeBytes;
    } catch {
      return false;
    }
  }

  async remove(id: SpoolId): Promise<void> {
    try {
      await fs.promises.rm(spoolPath(this.#dir, id), { force: true });
    } catch (error) {
      throw spoolError(error);
    }
  }

  async flush(id: SpoolId): Promise<void> {
    const file = spoolPath(this.#dir, id);
    try {
      // For writing: Windows flushes only what may be written.
      const handle = await fs.promises.open(file, 'r+');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await syncFolder(path.dirname(file));
    } catch (error) {
      throw spoolError(error);
    }
  }

  async setAside(id: SpoolId): Promise<void> {
    try {
      const folder = path.join(this.#dir, setAsideFolder);
      await fs.promises.mkdir(folder, { recursive: true, mode: folderMode });
      await fs.promises.rename(spoolPath(this.#dir, id), path.join(folder, id));
    } catch (error) {
      throw spoolError(error);
    }
  }

  async *list(): AsyncGenerator<{ readonly id: SpoolId; readonly sizeBytes: number }, void, undefined> {
    for (const fanOut of fanOutNames()) {
      const folder = path.join(this.#dir, fanOut);
      const names = await fs.promises.readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw spoolError(error);
      });
      for (const id of names.sort()) {
        if (!isSpoolId(id) || !id.startsWith(fanOut) || this.#pool.isLive(id)) continue;
        const sizeBytes = sizeOfFile(path.join(folder, id));
        if (sizeBytes !== undefined) yield { id, sizeBytes };
      }
    }
  }

  async freeBytes(): Promise<number> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#free !== undefined && nowMs - this.#free.atMs < freeBytesAgeMs) return this.#free.bytes;
    try {
      const { bavail, bsize } = await fs.promises.statfs(this.#dir);
      this.#free = { bytes: bavail * bsize, atMs: nowMs };
      return this.#free.bytes;
    } catch (error) {
      throw spoolError(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

function fanOutNames(): readonly string[] {
  return Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));
}

/** Synchronous on purpose: a million of them through the thread pool take ten times as long, and at start nobody waits. */
function sizeOfFile(file: string): number | undefined {
  try {
    const facts = fs.lstatSync(file);
    return facts.isFile() ? facts.size : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw spoolError(error);
  }
}

async function makeFolders(dir: string): Promise<void> {
  await fs.promises.mkdir(dir, { recursive: true, mode: folderMode });
  let made = 0;
  for (const name of fanOutNames()) {
    try {
      fs.mkdirSync(path.join(dir, name), { mode: folderMode });
      made += 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  fs.accessSync(dir, fs.constants.W_OK);
  if (made === 0) return;
  await syncFolder(dir);
  await syncFolder(path.dirname(dir));
}
