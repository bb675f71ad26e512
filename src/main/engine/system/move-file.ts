import { link, lstat, rename, unlink } from 'node:fs/promises';

/**
 * Gives a file another name on the same disk, unless something has that name already: then nothing changes. A hard
 * link decides that in one step; where there are none (exFAT, some network disks) and for what is no plain file, the
 * name is looked at first, which another program can still beat by a moment.
 * @throws what the file system says.
 */
export async function moveWithoutReplacing(from: string, to: string): Promise<'moved' | 'taken'> {
  // Not every system links a symbolic link itself.
  if ((await lstat(from)).isFile()) {
    const linked = await linkUnlessTaken(from, to);
    if (linked === 'linked') {
      await unlink(from);
      return 'moved';
    }
    if (linked === 'taken') return 'taken';
  }
  if (await isThere(to)) return 'taken';
  await rename(from, to);
  return 'moved';
}

/** What systems answer that have no hard links, or none for this file. */
const noLinks: readonly unknown[] = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
  'EISDIR',
  'EMLINK',
  'UNKNOWN',
];

async function linkUnlessTaken(from: string, to: string): Promise<'linked' | 'taken' | 'no-links'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return 'taken';
    if (noLinks.includes(code)) return 'no-links';
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
