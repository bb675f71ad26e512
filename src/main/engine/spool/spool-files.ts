/** The few file system calls of the spool, with their errors turned into ours. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';

/** Only the owner may read: the content is sealed, but nobody else has business here. */
export const fileMode = 0o600;
export const folderMode = 0o700;

const openCallback = promisify(fs.open);
const readCallback = promisify(fs.read);
const writevCallback = promisify(fs.writev);
const fdatasyncCallback = promisify(fs.fdatasync);
const fsyncCallback = promisify(fs.fsync);
const closeCallback = promisify(fs.close);

const idPattern = /^[0-9a-f]{32}$/;

export function isSpoolId(text: string): boolean {
  return idPattern.test(text);
}

/** `<dir>/<first 2 hex>/<id>`. Throws `internal` for anything that is not an id, so no other path is ever touched. */
export function spoolPath(dir: string, id: SpoolId): string {
  if (!isSpoolId(id)) throw new EdgeSyncError('internal', 'malformed spool id');
  return path.join(dir, id.slice(0, 2), id);
}

/** disk-full for a lack of space or quota, object-missing for an absent file, disk-error for the rest. */
export function spoolError(cause: unknown): EdgeSyncError {
  if (cause instanceof EdgeSyncError) return cause;
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  if (isFull(cause)) return new EdgeSyncError('disk-full', undefined, { cause });
  if (code === 'ENOENT') return new EdgeSyncError('object-missing', undefined, { cause });
  return new EdgeSyncError('disk-error', code, { cause });
}

/** No space, or over the quota: the latter has no name in libuv, only a number. */
export function isFull(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code, errno } = cause as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || errno === -os.constants.errno.EDQUOT;
}

export function isMissing(cause: unknown): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Fails with EEXIST rather than open something that is there already. */
export function createFile(file: string): Promise<number> {
  return openCallback(file, 'wx', fileMode);
}

export function openToRead(file: string): Promise<number> {
  return openCallback(file, 'r');
}

/** From `position` on, as much as there is and fits. */
export function readAt(fd: number, into: Buffer, position: number): Promise<{ readonly bytesRead: number }> {
  return readCallback(fd, into, 0, into.length, position);
}

/** Appends all of `buffers`; a short write (a full disk writes what fits first) is continued. */
export async function appendAll(fd: number, buffers: readonly Buffer[]): Promise<void> {
  let rest = buffers;
  while (rest.length > 0) {
    const { bytesWritten } = await writevCallback(fd, rest);
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(buffers: readonly Buffer[], sizeBytes: number): readonly Buffer[] {
  let skip = sizeBytes;
  let index = 0;
  for (; index < buffers.length; index += 1) {
    const length = buffers[index]?.length ?? 0;
    if (length > skip) break;
    skip -= length;
  }
  const first = buffers[index];
  return first === undefined ? [] : [first.subarray(skip), ...buffers.slice(index + 1)];
}

/**
 * File content (and the size) to stable storage. On macOS libuv turns this into fcntl(F_FULLFSYNC), which also empties
 * the drive's own cache; a plain fsync would not.
 */
export function syncData(fd: number): Promise<void> {
  return fdatasyncCallback(fd);
}

/** The folder's entries to stable storage. Windows has no such call: there the file system's journal orders them. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = await openCallback(folder, 'r');
  try {
    await fsyncCallback(fd);
  } finally {
    await closeCallback(fd);
  }
}

export function closeFile(fd: number): Promise<void> {
  return closeCallback(fd);
}
