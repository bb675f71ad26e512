/** Whether anything on this PC is sealed already: then no new keys may be made over it. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../shared/errors.ts';

/**
 * `present` when the data folder holds a queue database or any file with content below `spool`. Ends at the first one
 * found; a new spool has 256 folders and a few empty files. Throws EdgeSyncError disk-error when that cannot be told.
 */
export async function sealedDataIn(dataDir: string): Promise<'present' | 'absent'> {
  try {
    if (await exists(join(dataDir, 'queue.db'))) return 'present';
    return (await holdsContent(join(dataDir, 'spool'))) ? 'present' : 'absent';
  } catch (cause) {
    throw new EdgeSyncError('disk-error', (cause as NodeJS.ErrnoException).code, { cause });
  }
}

async function holdsContent(folder: string): Promise<boolean> {
  const entries = await opendir(folder).catch(missingIsNone);
  if (entries === undefined) return false;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (await holdsContent(path)) return true;
    } else {
      const facts = await lstat(path).catch(missingIsNone);
      if (facts !== undefined && facts.size > 0) return true;
    }
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(missingIsNone)) !== undefined;
}

function missingIsNone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}
