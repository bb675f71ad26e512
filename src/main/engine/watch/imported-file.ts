/** A file as it was when its image was imported, so that it is deleted later only if it is still the same. */
import { createHash, randomBytes } from 'node:crypto';
import { type BigIntStats, constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { moveWithoutReplacing } from '../system/move-file.ts';
import type { DriveAccess } from './drive-access.ts';
import { notReadable } from './walk.ts';

/** Which version of a file: a change of content shows in one of the two. */
export interface FileVersion {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** A version with the file that it is of: another file of the same size and time, put in its place, shows too. */
export interface FileState extends FileVersion {
  readonly inode: number;
}

export function stateOf(stats: Stats): FileState {
  return { sizeBytes: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino };
}

/** As it is remembered. Says nothing about the content. */
export function versionText({ sizeBytes, mtimeMs, inode }: FileState): string {
  return `${sizeBytes}:${mtimeMs}:${inode}`;
}

export interface ImportedFile extends FileVersion {
  readonly path: string;
  /** Where it lay when it was imported: `folderOf(path)`. */
  readonly folder: string;
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

/** The moments of a removal at which another program can still change the name. */
export type RemovalStep = 'hashed' | 'checked' | 'set-aside';

const readBytes = 256 * 1024;

export function sameVersion(one: FileVersion, other: FileVersion): boolean {
  return one.sizeBytes === other.sizeBytes && one.mtimeMs === other.mtimeMs;
}

/** The folder of a file with every link followed. */
export function folderOf(path: string): Promise<string> {
  return realpath(dirname(path));
}

/** What `Announcement.deleteAfterVerify` carries. Sealed at rest by the queue; only `removeImported` reads it. */
export function removalTicket(file: ImportedFile): string {
  return JSON.stringify([file.path, file.sizeBytes, file.mtimeMs, file.sha256, file.folder]);
}

/**
 * Deletes the file of a ticket if folder, size, time and content are what they were when its image was imported.
 * Call it only when every required destination has verified the image. Never throws.
 *
 * Other programs may put another file under the name at any moment. So the file is first given a name that nobody else
 * knows, and deleted only when it is the very file that was hashed; anything else goes back.
 * @param between is awaited at each step: tests play the other program there.
 */
export async function removeImported(
  ticket: string,
  between: (step: RemovalStep) => Promise<void> = () => Promise.resolve(),
): Promise<Removal> {
  const file = readTicket(ticket);
  if (file === undefined) {
    return { tag: 'refused', error: new EdgeSyncError('internal', 'not a removal ticket') };
  }
  try {
    // Held open to the end: its inode number cannot be given to another file meanwhile.
    const handle = await openRegular(file.path);
    try {
      return { tag: await removeOpen(file, handle, between) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { tag: 'gone' };
    return { tag: 'refused', error: notReadable(error) };
  }
}

async function removeOpen(
  file: ImportedFile,
  handle: FileHandle,
  between: (step: RemovalStep) => Promise<void>,
): Promise<'removed' | 'changed'> {
  const { size, mtimeMs } = await handle.stat();
  const opened = await handle.stat({ bigint: true });
  if (!sameVersion({ sizeBytes: size, mtimeMs }, file)) return 'changed';
  if ((await hashFile(handle, { run: (call) => call() })) !== file.sha256) return 'changed';
  await between('hashed');
  if (!isSameFile(await lstat(file.path, { bigint: true }), opened)) return 'changed';
  if ((await folderOf(file.path)) !== file.folder) return 'changed';
  await between('checked');
  const original = join(file.folder, basename(file.path));
  const aside = join(file.folder, `.edge-sync-remove-${randomBytes(16).toString('hex')}`);
  await rename(original, aside);
  await between('set-aside');
  if (isSameFile(await lstat(aside, { bigint: true }), opened)) {
    try {
      await unlink(aside);
      return 'removed';
    } catch (error) {
      await moveWithoutReplacing(aside, original);
      throw error;
    }
  }
  // When the name has been taken again, this one stays under the other name, where it is imported too.
  await moveWithoutReplacing(aside, original);
  return 'changed';
}

function isSameFile(found: BigIntStats, opened: BigIntStats): boolean {
  return (
    found.isFile() &&
    found.dev === opened.dev &&
    found.ino === opened.ino &&
    found.size === opened.size &&
    found.mtimeNs === opened.mtimeNs
  );
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
export async function hashFile(
  handle: FileHandle,
  access: Pick<DriveAccess, 'run'>,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const from = position;
    const { bytesRead } = await access.run(() => handle.read(buffer, 0, buffer.length, from));
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Where the file of a ticket lay; undefined: it is no ticket. */
export function pathOfTicket(ticket: string): string | undefined {
  return readTicket(ticket)?.path;
}

function readTicket(ticket: string): ImportedFile | undefined {
  try {
    const [path, sizeBytes, mtimeMs, sha256, folder] = JSON.parse(ticket) as readonly unknown[];
    if (typeof path !== 'string' || typeof sizeBytes !== 'number') return undefined;
    if (typeof mtimeMs !== 'number' || typeof sha256 !== 'string') return undefined;
    // Without the folder it is as if it had moved: its file stays.
    return { path, sizeBytes, mtimeMs, sha256, folder: typeof folder === 'string' ? folder : '' };
  } catch {
    return undefined;
  }
}
