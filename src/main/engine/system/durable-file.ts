/** Crash-safe writing, in one place: after a crash or power loss a file holds its old bytes or its new ones, whole. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';

/** Windows' antivirus and indexers hold a fresh file for a moment; together about 3 s of patience. */
const renameDelaysMs = [10, 20, 50, 100, 200, 400, 800, 1500] as const;
const heldByOthers = new Set(['EPERM', 'EBUSY', 'EACCES']);

/**
 * Writes a temporary file beside `path`, flushes it, renames it over `path` and flushes the folder (which Windows
 * cannot: there the rename is the best there is). Leaves no temporary file behind when it fails.
 * `mode`: permissions of the new file, 0600 unless given.
 * Throws EdgeSyncError disk-full, data-dir-not-writable or disk-error.
 */
export async function writeFileDurably(
  path: string,
  bytes: Uint8Array,
  options: { readonly clock: Clock; readonly mode?: number },
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeFlushed(temporary, bytes, options.mode ?? 0o600);
    await whileHeldByOthers(options.clock, () => rename(temporary, path));
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(error);
  }
}

async function writeFlushed(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder last; Windows cannot, there the rename itself has to do. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Tries again, after longer and longer waits, while another program holds the file; then gives up with its error. */
export async function whileHeldByOthers<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  for (const delayMs of renameDelaysMs) {
    try {
      return await attempt();
    } catch (error) {
      if (!heldByOthers.has(systemCode(error))) throw error;
      await clock.sleep(delayMs);
    }
  }
  return attempt();
}

/**
 * The file's bytes, or undefined when there is none. A file over `maxBytes` is refused before it is read.
 * Throws EdgeSyncError file-not-readable (the file's name as detail) or whatever `tooLong` makes.
 */
export async function readFileBounded(
  path: string,
  maxBytes: number,
  tooLong: () => EdgeSyncError,
): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new EdgeSyncError('file-not-readable', basename(path), { cause: error });
  }
  try {
    const bytes = Buffer.allocUnsafe(maxBytes + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      filled += bytesRead;
      if (filled > maxBytes) throw tooLong();
      if (bytesRead === 0) return bytes.subarray(0, filled);
    }
  } catch (error) {
    if (error instanceof EdgeSyncError) throw error;
    throw new EdgeSyncError('file-not-readable', basename(path), { cause: error });
  } finally {
    await file.close();
  }
}

function systemCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

function writeError(error: unknown): EdgeSyncError {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new EdgeSyncError('disk-full', undefined, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'ENOTDIR':
      return new EdgeSyncError('data-dir-not-writable', undefined, { cause: error });
    default:
      return new EdgeSyncError('disk-error', undefined, { cause: error });
  }
}
