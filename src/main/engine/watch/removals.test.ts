import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { IncidentReport } from '../model.ts';
import { DrivePlaces } from './drive-access.ts';
import { folderOf, hashFile, openRegular, removalTicket } from './imported-file.ts';
import { Removals } from './removals.ts';

let kit: QueueKit;
let root: string;
let incidents: IncidentReport[];
let resolved: string[];
let afterImport: 'keep' | 'delete';
const signal = new AbortController().signal;

beforeEach(async () => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  root = await mkdtemp(join(tmpdir(), 'edge-sync-removals-'));
  incidents = [];
  resolved = [];
  afterImport = 'delete';
});

afterEach(async () => {
  kit.dispose();
  await rm(root, { recursive: true, force: true });
});

/** Every folder of `root` is watched. */
async function removals(...names: readonly string[]): Promise<Removals> {
  const folders = await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const { ino } = await stat(path);
      const isThere = async (): Promise<boolean> => (await stat(path).catch(() => undefined))?.ino === ino;
      return { path, afterImport, isThere };
    }),
  );
  return new Removals({
    queue: kit.queue,
    folders,
    clock: kit.clock,
    logger: kit.logger,
    places: new DrivePlaces(),
    reportIncident: (incident) => incidents.push(incident),
    resolveIncident: (code, subject) => resolved.push(`${code} ${subject}`),
  });
}

/** A file whose image was received, with a ticket to delete it. */
async function received(name: string): Promise<string> {
  const path = join(root, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `image ${name}`);
  const handle = await openRegular(path);
  const { size, mtimeMs } = await handle.stat();
  const sha256 = await hashFile(handle, { run: (call) => call() });
  await handle.close();
  const ticket = removalTicket({ path, folder: await folderOf(path), sizeBytes: size, mtimeMs, sha256 });
  await kit.queue.recordReceived(newInstance(name, 'study', { deleteAfterVerify: ticket }));
  return path;
}

function left(): number {
  return kit.queue.deletableFiles(1000).length;
}

test('a file goes when its image is verified in every required destination, and not before', async () => {
  kit.queue.setDestinations([
    { name: 'cloud', required: true },
    { name: 'second', required: true },
  ]);
  const path = await received('scans/a');
  const work = await removals('scans');
  await work.round(signal);
  await kit.verifyAll('cloud');
  await work.round(signal);
  expect(existsSync(path)).toBe(true);
  await kit.verifyAll('second');
  await work.round(signal);
  expect(existsSync(path)).toBe(false);
  expect(left()).toBe(0);
});

test('a file that was replaced meanwhile stays', async () => {
  const path = await received('scans/a');
  const work = await removals('scans');
  await kit.verifyAll();
  await writeFile(path, 'image scans/b');
  await work.round(signal);
  expect(existsSync(path)).toBe(true);
  expect(left()).toBe(0);
});

test('a file of a folder that is to be kept by now, or watched no more, stays', async () => {
  const kept = await received('scans/a');
  const other = await received('elsewhere/b');
  afterImport = 'keep';
  const work = await removals('scans');
  await kit.verifyAll();
  await work.round(signal);
  expect(existsSync(kept) && existsSync(other)).toBe(true);
  expect(left()).toBe(0);
});

test('a drive that is away is waited for, and its files go when it is back', async () => {
  const path = await received('scans/a');
  const work = await removals('scans');
  await kit.verifyAll();
  await rename(join(root, 'scans'), join(root, 'away'));
  await work.round(signal);
  // What is left where a drive was mounted.
  await mkdir(join(root, 'scans'));
  await kit.clock.advance(11 * 60_000);
  await work.round(signal);
  expect(left()).toBe(1);
  await rm(join(root, 'scans'), { recursive: true });
  await rename(join(root, 'away'), join(root, 'scans'));
  await kit.clock.advance(11 * 60_000);
  await work.round(signal);
  await work.round(signal);
  expect(existsSync(path)).toBe(false);
  expect(left()).toBe(0);
});

test('a folder that refuses is told, rests, holds up no other one, and is no longer told when it works', async () => {
  const stubborn = await received('scans/stubborn');
  const good = await received('other/good');
  const work = await removals('scans', 'other');
  await kit.verifyAll();
  await rename(stubborn, `${stubborn}.aside`);
  await mkdir(stubborn);
  await work.round(signal);
  expect(existsSync(good)).toBe(false);
  expect(incidents).toEqual([
    { code: 'file-not-deleted', subject: join(root, 'scans'), detail: 'it is no file' },
  ]);
  expect(left()).toBe(1);
  await work.round(signal);
  await work.round(signal);
  expect(incidents).toHaveLength(1);
  await rm(stubborn, { recursive: true });
  await rename(`${stubborn}.aside`, stubborn);
  await kit.clock.advance(11 * 60_000);
  await work.round(signal);
  await work.round(signal);
  expect(existsSync(stubborn)).toBe(false);
  expect(resolved).toContain(`file-not-deleted ${join(root, 'scans')}`);
  expect(JSON.stringify(kit.logger.lines)).not.toMatch(/stubborn|scans/);
});
