import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { moveWithoutReplacing } from './move-file.ts';

let dir: string;
const at = (name: string): string => join(dir, name);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-move-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

test('a file gets a name that is free', async () => {
  await writeFile(at('old'), 'content');
  expect(await moveWithoutReplacing(at('old'), at('new'))).toBe('moved');
  expect(await readdir(dir)).toEqual(['new']);
  expect(await readFile(at('new'), 'utf8')).toBe('content');
});

test('what has the name keeps it: a file, a folder, a link that leads nowhere', async () => {
  await writeFile(at('file'), 'theirs');
  await mkdir(at('folder'));
  await symlink(at('nowhere'), at('link'));
  for (const from of ['plain', 'linked']) {
    if (from === 'plain') await writeFile(at(from), 'ours');
    else await symlink(at('target'), at(from));
    for (const taken of ['file', 'folder', 'link']) {
      expect(await moveWithoutReplacing(at(from), at(taken))).toBe('taken');
    }
  }
  expect((await readdir(dir)).sort()).toEqual(['file', 'folder', 'link', 'linked', 'plain']);
  expect(await readFile(at('file'), 'utf8')).toBe('theirs');
  expect(existsSync(at('nowhere'))).toBe(false);
});

test('folders and links move as themselves', async () => {
  await mkdir(at('folder'));
  await symlink(at('nowhere'), at('link'));
  expect(await moveWithoutReplacing(at('folder'), at('folder-2'))).toBe('moved');
  expect(await moveWithoutReplacing(at('link'), at('link-2'))).toBe('moved');
  expect(await readlink(at('link-2'))).toBe(at('nowhere'));
  expect((await readdir(dir)).sort()).toEqual(['folder-2', 'link-2']);
});
