import { existsSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashFile, openRegular, removalTicket, removeImported } from './imported-file.ts';

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
  const sha256 = await hashFile(handle);
  await handle.close();
  return removalTicket({ path, sizeBytes: size, mtimeMs, sha256 });
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

test.each(['', 'null', '{}', '[1,2,3,4]', '["/etc/passwd"]', '/etc/passwd'])(
  'what is no ticket (%s) removes nothing',
  async (ticket) => {
    expect(await removeImported(ticket)).toMatchObject({ tag: 'refused' });
  },
);
