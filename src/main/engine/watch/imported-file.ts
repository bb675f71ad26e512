/** A file as it was when its image was imported, so that it is deleted later only if it is still the same. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { notReadable } from './walk.ts';

/** Which version of a file: a change of content shows in one of the two. */
export interface FileVersion {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

export interface ImportedFile extends FileVersion {
  readonly path: string;
  /** SHA-256 over the whole file, hex. */
  readonly sha256: string;
}

export type Removal =
  | { readonly tag: 'removed' }
  /** Somebody else removed it. */
  | { readonly tag: 'gone' }
  /** It is another file by now, which stays and is imported in its own right. Not to be asked again. */
  | { readonly tag: 'changed' }
  /** Cannot be read or deleted at present: ask again later. */
  | { readonly tag: 'refused'; readonly error: EdgeSyncError };

const readBytes = 256 * 1024;

export function sameVersion(one: FileVersion, other: FileVersion): boolean {
  return one.sizeBytes === other.sizeBytes && one.mtimeMs === other.mtimeMs;
}

/** What `Announcement.deleteAfterVerify` carries. Sealed at rest by the queue; only `removeImported` reads it. */
export function removalTicket(file: ImportedFile): string {
  return JSON.stringify([file.path, file.sizeBytes, file.mtimeMs, file.sha256]);
}

/**
 * Deletes the file of a ticket if size, time and content are what they were when its image was imported.
 * Call it only when every required destination has verified the image. Never throws.
 */
export async function removeImported(ticket: string): Promise<Removal> {
  const file = readTicket(ticket);
  if (file === undefined) {
    return { tag: 'refused', error: new EdgeSyncError('internal', 'not a removal ticket') };
  }
  try {
    const handle = await openRegular(file.path);
    try {
      const stats = await handle.stat();
      if (!sameVersion({ sizeBytes: stats.size, mtimeMs: stats.mtimeMs }, file)) return { tag: 'changed' };
      if ((await hashFile(handle)) !== file.sha256) return { tag: 'changed' };
    } finally {
      await handle.close();
    }
    await unlink(file.path);
    return { tag: 'removed' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { tag: 'gone' };
    return { tag: 'refused', error: notReadable(error) };
  }
}

/** Opens for reading without waiting for the other end of a pipe. Throws for anything that is no regular file. */
export async function openRegular(path: string): Promise<FileHandle> {
  // Windows knows no O_NONBLOCK.
  const nonBlocking = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;
  const handle = await open(path, constants.O_RDONLY | nonBlocking);
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  throw new EdgeSyncError('file-not-readable', 'it is no file');
}

/** SHA-256 of the whole file, hex. */
export async function hashFile(handle: FileHandle, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

function readTicket(ticket: string): ImportedFile | undefined {
  try {
    const [path, sizeBytes, mtimeMs, sha256] = JSON.parse(ticket) as readonly unknown[];
    if (typeof path !== 'string' || typeof sizeBytes !== 'number') return undefined;
    if (typeof mtimeMs !== 'number' || typeof sha256 !== 'string') return undefined;
    return { path, sizeBytes, mtimeMs, sha256 };
  } catch {
    return undefined;
  }
}
