/** Files that a command leaves behind: private from their first byte, never over something that is there. */
import { access, open, rm, writeFile } from 'node:fs/promises';
import { EdgeSyncError } from '../../shared/errors.ts';

export interface NewFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Throws file-exists for the first that is there already: before anything is made that could not be written then. */
export async function mustBeNew(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new EdgeSyncError('file-exists', path);
  }
}

/** Writes all or none. Throws file-exists, file-not-writable. */
export async function writeNewFiles(files: readonly NewFile[]): Promise<void> {
  const written: string[] = [];
  try {
    for (const { path, content } of files) {
      await writeFile(path, content, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
        throw notWritten(path, cause);
      });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    throw error;
  }
}

/**
 * One file of lines, batch by batch as they come; resolves with their number. Throws file-exists, file-not-writable, and
 * whatever `batches` throws; then no half of it stays.
 */
export async function writeNewLines(
  path: string,
  batches: AsyncIterable<readonly string[]>,
): Promise<number> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw notWritten(path, cause);
  });
  let count = 0;
  try {
    for await (const lines of batches) {
      await file.appendFile(lines.map((line) => `${line}\n`).join('')).catch((cause: unknown) => {
        throw notWritten(path, cause);
      });
      count += lines.length;
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return count;
}

function notWritten(path: string, cause: unknown): EdgeSyncError {
  const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
  return new EdgeSyncError(exists ? 'file-exists' : 'file-not-writable', path, { cause });
}
