import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderOf, hashFile, openRegular, removalTicket, removeImported } from './imported-file.ts';

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-removal-'));
  path = join(dir, 'image');
  await writeFile(path, 'the image');
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function ticketOf(): Promise<string> {
  const handle = await openRegular(path);
  const { size, mtimeMs } = await handle.stat();
  const sha256 = await hashFile(handle, { run: (call) => call() });
  await handle.close();
  return removalTicket({ path, folder: await folderOf(path), sizeBytes: size, mtimeMs, sha256 });
}

test('an unchanged file is removed', async () => {
  expect(await removeImported(await ticketOf())).toEqual({ tag: 'removed' });
  expect(existsSync(path)).toBe(false);
});

test('a file of another size, time or content stays', async () => {
  const ticket = await ticketOf();
  const [, , mtimeMs] = JSON.parse(ticket) as [string, number, number];
  await writeFile(path, 'the image and more');
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  await writeFile(path, 'the image');
  await utimes(path, 1, 1);
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  await writeFile(path, 'no  image');
  await utimes(path, mtimeMs / 1000, mtimeMs / 1000);
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  expect(existsSync(path)).toBe(true);
});

test('content alone decides where size and time are the same', async () => {
  await utimes(path, 1_700_000_000, 1_700_000_000);
  const ticket = await ticketOf();
  await writeFile(path, 'no  image');
  await utimes(path, 1_700_000_000, 1_700_000_000);
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  await writeFile(path, 'the image');
  await utimes(path, 1_700_000_000, 1_700_000_000);
  expect(await removeImported(ticket)).toEqual({ tag: 'removed' });
});

test('a file that somebody else removed is gone', async () => {
  const ticket = await ticketOf();
  await rm(path);
  expect(await removeImported(ticket)).toEqual({ tag: 'gone' });
});

/** Another program puts a finished file under the name. */
async function replaceBy(content: string): Promise<void> {
  await writeFile(join(dir, '.arriving'), content);
  await rename(join(dir, '.arriving'), path);
}

test.each(['hashed', 'checked'] as const)(
  'a new image under the name stays, put there when the old one was %s',
  async (moment) => {
    const ticket = await ticketOf();
    const removal = await removeImported(ticket, (step) =>
      step === moment ? replaceBy('another image') : Promise.resolve(),
    );
    expect(removal).toEqual({ tag: 'changed' });
    expect(await readdir(dir)).toEqual(['image']);
    expect(await readFile(path, 'utf8')).toBe('another image');
  },
);

test('a new image with the same content and time stays too', async () => {
  await utimes(path, 1_700_000_000, 1_700_000_000);
  const ticket = await ticketOf();
  const removal = await removeImported(ticket, async (step) => {
    if (step !== 'checked') return;
    await replaceBy('the image');
    await utimes(path, 1_700_000_000, 1_700_000_000);
  });
  expect(removal).toEqual({ tag: 'changed' });
  expect(await readdir(dir)).toEqual(['image']);
});

test('two new images one after the other are both kept', async () => {
  const removal = await removeImported(await ticketOf(), async (step) => {
    if (step === 'checked') await replaceBy('the second');
    if (step === 'set-aside') await replaceBy('the third');
  });
  expect(removal).toEqual({ tag: 'changed' });
  const kept = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')));
  expect(kept.sort()).toEqual(['the second', 'the third']);
  expect(await readFile(path, 'utf8')).toBe('the third');
});

test('an image that comes under the name after the old one was set aside stays', async () => {
  const removal = await removeImported(await ticketOf(), (step) =>
    step === 'set-aside' ? replaceBy('another image') : Promise.resolve(),
  );
  expect(removal).toEqual({ tag: 'removed' });
  expect(await readdir(dir)).toEqual(['image']);
});

test('a file that gets longer after it was hashed stays', async () => {
  const removal = await removeImported(await ticketOf(), (step) =>
    step === 'hashed' ? writeFile(path, ' and more', { flag: 'a' }) : Promise.resolve(),
  );
  expect(removal).toEqual({ tag: 'changed' });
  expect(await readFile(path, 'utf8')).toBe('the image and more');
});

describe('a folder that became a link', () => {
  const outside = (): string => join(dir, 'outside');
  beforeEach(async () => {
    await mkdir(join(dir, 'watched'));
    await rename(path, join(dir, 'watched', 'image'));
    path = join(dir, 'watched', 'image');
    await utimes(path, 1_700_000_000, 1_700_000_000);
    await mkdir(outside());
    await writeFile(join(outside(), 'image'), 'the image');
    await utimes(join(outside(), 'image'), 1_700_000_000, 1_700_000_000);
  });
  const swap = async (): Promise<void> => {
    await rename(join(dir, 'watched'), join(dir, 'watched-before'));
    await symlink(outside(), join(dir, 'watched'), 'junction');
  };

  test('leads to no removal elsewhere, though the same file lies there', async () => {
    const ticket = await ticketOf();
    await swap();
    expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
    expect(existsSync(join(outside(), 'image'))).toBe(true);
  });

  test.each(['hashed', 'checked'] as const)(
    'also not when that happens once the file was %s',
    async (moment) => {
      const ticket = await ticketOf();
      const removal = await removeImported(ticket, (step) => (step === moment ? swap() : Promise.resolve()));
      expect(removal).toEqual({ tag: 'changed' });
      expect(await readdir(outside())).toEqual(['image']);
    },
  );
});

test('a link under the name is left alone', async () => {
  const ticket = await ticketOf();
  await rename(path, join(dir, 'elsewhere'));
  await symlink(join(dir, 'elsewhere'), path);
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  expect((await readdir(dir)).sort()).toEqual(['elsewhere', 'image']);
});

test('a ticket that does not say where the file lay removes nothing', async () => {
  const ticket = JSON.stringify((JSON.parse(await ticketOf()) as unknown[]).slice(0, 4));
  expect(await removeImported(ticket)).toEqual({ tag: 'changed' });
  expect(existsSync(path)).toBe(true);
});

test.each(['', 'null', '{}', '[1,2,3,4]', '["/etc/passwd"]', '/etc/passwd'])(
  'what is no ticket (%s) removes nothing',
  async (ticket) => {
    expect(await removeImported(ticket)).toMatchObject({ tag: 'refused' });
  },
);
