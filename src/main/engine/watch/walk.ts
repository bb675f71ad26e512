/** All files below a path, links followed, each folder once. Memory: one entry per folder seen, none per file. */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';

export type WalkEntry =
  | { readonly tag: 'file'; readonly path: string }
  /** Neither file nor folder, gone meanwhile, or not readable. */
  | { readonly tag: 'problem'; readonly path: string; readonly error: EdgeSyncError };

/**
 * Yields the file at `root`, or every file below the folder at `root`. Sockets, pipes and devices inside folders are
 * passed over; named directly, one is a problem. Never throws; ends early when the signal aborts.
 */
export async function* walkFiles(
  root: string,
  signal?: AbortSignal,
): AsyncGenerator<WalkEntry, void, undefined> {
  const seen = new Set<string>();
  const start = await look(root);
  if (start.tag !== 'folder') {
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
    try {
      for await (const entry of await opendir(folder.path)) {
        if (signal?.aborted === true) return;
        const path = join(folder.path, entry.name);
        if (entry.isFile()) {
          yield { tag: 'file', path };
          continue;
        }
        if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
        const found = await look(path);
        if (found.tag === 'folder') folders.push(found);
        else if (found.tag !== 'other') yield found;
      }
    } catch (error) {
      yield { tag: 'problem', path: folder.path, error: notReadable(error) };
    }
  }
}

/** A system error as something a person can act on; the code (EACCES, ENOENT, ...) is the detail, never the path. */
export function notReadable(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return new EdgeSyncError('file-not-readable', code, { cause: error });
}

type Look = WalkEntry | Folder | { readonly tag: 'other' };

interface Folder {
  readonly tag: 'folder';
  readonly path: string;
  /** Device and inode. */
  readonly identity: string;
}

async function look(path: string): Promise<Look> {
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isFile()) return { tag: 'file', path };
    if (stats.isDirectory()) return { tag: 'folder', path, identity: `${stats.dev}:${stats.ino}` };
    return { tag: 'other' };
  } catch (error) {
    return { tag: 'problem', path, error: notReadable(error) };
  }
}
