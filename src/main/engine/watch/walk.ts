/** All files below a path, links followed, each folder once. Memory: one entry per folder seen, none per file. */
import type { Dir, Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DriveAccess } from './drive-access.ts';

export type WalkEntry =
  | { readonly tag: 'file'; readonly path: string }
  /** A folder that is about to be read. */
  | { readonly tag: 'folder'; readonly path: string }
  /** Neither file nor folder, gone meanwhile, or not readable. */
  | { readonly tag: 'problem'; readonly path: string; readonly error: EdgeSyncError };

/** Folders in which systems and storage boxes keep what was deleted, thumbnails, indexes and older states. */
const systemFolder =
  /^(System Volume Information|\$RECYCLE\.BIN|RECYCLER|\.Trashes?|\.Trash-\d+|\.Spotlight-V100|\.fseventsd|\.TemporaryItems|\.DocumentRevisions-V100|lost\+found|@eaDir|#recycle|@Recycle|#snapshot|\.snapshots?|~snapshot)$/i;

/**
 * Yields the file at `root`, or every folder and file below the folder at `root`. Sockets, pipes and devices inside
 * folders are passed over, as are folders that belong to the system; named directly, one is a problem.
 * Ends early when the signal aborts. Throws only EdgeSyncError `folder-not-reachable`, when the drive does not answer.
 */
export async function* walkFiles(
  root: string,
  access: DriveAccess,
  signal?: AbortSignal,
): AsyncGenerator<WalkEntry, void, undefined> {
  const seen = new Set<string>();
  const start = await look(root, access);
  if (start.tag !== 'found-folder') {
    yield start.tag === 'other'
      ? { tag: 'problem', path: root, error: new EdgeSyncError('file-not-readable', 'it is no file') }
      : start;
    return;
  }
  const folders = [start];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    // A link may lead to a folder that was walked already, or to one above itself.
    if (seen.has(folder.identity)) continue;
    seen.add(folder.identity);
    yield { tag: 'folder', path: folder.path };
    let dir: Dir | undefined;
    try {
      dir = await access.run(() => opendir(folder.path), closeQuietly);
      for (;;) {
        const entry = await readOne(dir, access);
        if (entry === null) break;
        if (signal?.aborted === true) return;
        const path = join(folder.path, entry.name);
        if (entry.isFile()) {
          yield { tag: 'file', path };
          continue;
        }
        if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
        if (systemFolder.test(entry.name)) continue;
        const found = await look(path, access);
        if (found.tag === 'found-folder') folders.push(found);
        else if (found.tag !== 'other') yield found;
      }
    } catch (error) {
      if (isUnreachable(error)) throw error;
      yield { tag: 'problem', path: folder.path, error: notReadable(error) };
    } finally {
      if (dir !== undefined) closeQuietly(dir);
    }
  }
}

/** A system error as something a person can act on; the code (EACCES, ENOENT, ...) is the detail, never the path. */
export function notReadable(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return new EdgeSyncError('file-not-readable', code, { cause: error });
}

/** The whole drive, not the one file. */
export function isUnreachable(
  error: unknown,
): error is EdgeSyncError & { readonly code: 'folder-not-reachable' } {
  return error instanceof EdgeSyncError && error.code === 'folder-not-reachable';
}

type Look = WalkEntry | Folder | { readonly tag: 'other' };

interface Folder {
  readonly tag: 'found-folder';
  readonly path: string;
  /** Device and inode. */
  readonly identity: string;
}

async function look(path: string, access: DriveAccess): Promise<Look> {
  try {
    const stats = await access.run(() => stat(path, { bigint: true }));
    if (stats.isFile()) return { tag: 'file', path };
    if (stats.isDirectory()) {
      return { tag: 'found-folder', path, identity: `${stats.dev}:${stats.ino}` };
    }
    return { tag: 'other' };
  } catch (error) {
    if (isUnreachable(error)) throw error;
    return { tag: 'problem', path, error: notReadable(error) };
  }
}

/** Most entries come from a buffer of node's own: only the call that fills it needs a deadline, and all get one. */
function readOne(dir: Dir, access: DriveAccess): Promise<Dirent | null> {
  return access.run(() => dir.read());
}

function closeQuietly(dir: Dir): void {
  // Not awaited: on a drive that hangs it would not return.
  dir.close().catch(() => undefined);
}
