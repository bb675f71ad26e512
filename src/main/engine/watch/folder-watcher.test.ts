import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { makeDicomFile, type TestFile } from '../../../../test/support/dicom-files.ts';
import { makeIntakeRig, type IntakeRig } from '../../../../test/support/intake-rig.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { IncidentReport } from '../model.ts';
import { SystemClock } from '../system/clock.ts';
import { DrivePlaces } from './drive-access.ts';
import { FolderWatcher, type WatchTiming } from './folder-watcher.ts';
import { removeImported } from './imported-file.ts';

/** Small enough for tests, in the proportions of the real ones. */
const timing: WatchTiming = {
  settleMs: 150,
  patienceMs: 300,
  rescanMs: 250,
  retryMs: 100,
  gatherMs: 20,
  deadlineMs: 5000,
};

let rig: IntakeRig;
let kit: QueueKit;
let root: string;
let folder: string;
let free: number;
let incidents: IncidentReport[];
let resolved: [ErrorCode, string][];
let watchers: FolderWatcher[];

beforeEach(async () => {
  free = 1e12;
  rig = await makeIntakeRig({ freeBytes: () => Promise.resolve(free), refuseBelowBytes: 0 });
  kit = new QueueKit();
  root = await mkdtemp(join(tmpdir(), 'edge-sync-watch-'));
  folder = join(root, 'scans');
  await mkdir(folder);
  incidents = [];
  resolved = [];
  watchers = [];
});

afterEach(async () => {
  for (const watcher of watchers) await watcher.close();
  await rig.dispose();
  kit.dispose();
  await rm(root, { recursive: true, force: true });
});

function start(afterImport: 'keep' | 'delete' = 'keep', changes: Partial<WatchTiming> = {}): FolderWatcher {
  const watcher = new FolderWatcher({
    folder: { path: folder, afterImport },
    memory: kit.queue.watched.folder(folder, afterImport),
    places: new DrivePlaces(),
    intake: rig.intake,
    clock: new SystemClock(),
    logger: rig.logger,
    reportIncident: (incident) => incidents.push(incident),
    resolveIncident: (code, subject) => resolved.push([code, subject]),
    timing: { ...timing, ...changes },
  });
  watchers.push(watcher);
  watcher.start();
  return watcher;
}

async function put(name: string, file: TestFile | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, file instanceof Uint8Array ? file : file.bytes);
  return path;
}

/** Waits until it holds; the test's own time limit is the only one. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(10);
}

/** What needs attention: file name and cause. */
function attention(): Record<string, string> {
  const { files } = kit.queue.watched.attention(100);
  return Object.fromEntries(files.map(({ path, code }) => [path.slice(folder.length + 1), code]));
}

function attentionCount(): number {
  return kit.queue.watched.attention(0).total;
}

function hashes(): readonly string[] {
  return rig.queue.rows.map((row) => row.details.datasetSha256);
}

/** Enough searches that anything that would happen again has happened. */
async function severalSearches(): Promise<void> {
  await sleep(3 * timing.rescanMs);
}

describe('a watched folder', () => {
  test('has what lies in it imported, then what comes later, at any depth', async () => {
    const first = makeDicomFile({ seed: 'first' });
    const later = makeDicomFile({ seed: 'later' });
    const deep = makeDicomFile({ seed: 'deep' });
    await put('2026/january/first.dcm', first);
    start();
    await until(() => hashes().includes(first.datasetSha256));
    await put('later', later);
    await until(() => hashes().includes(later.datasetSha256));
    await put('new/folder/deep', deep);
    await until(() => hashes().includes(deep.datasetSha256));
    await severalSearches();
    expect(rig.queue.rows).toHaveLength(3);
    expect(incidents).toEqual([]);
  });

  test('has a change noticed at once, without waiting for the next search', async () => {
    start('keep', { rescanMs: 3_600_000 });
    await until(() => watchers[0]?.reachable === 'yes');
    // The notices need a moment to be set up; a file that comes before that is found by the next search.
    await sleep(300);
    const file = makeDicomFile();
    await put('a', file);
    await until(() => hashes().includes(file.datasetSha256));
    expect(rig.queue.rows).toHaveLength(1);
  });

  test('has a file imported only when it no longer grows', async () => {
    const file = makeDicomFile({ pixelBytes: 5000 });
    start('keep', { patienceMs: 5000 });
    const path = await put('growing', file.bytes.subarray(0, 1000));
    for (let at = 1000; at < file.bytes.length; at += 500) {
      await sleep(40);
      await appendFile(path, file.bytes.subarray(at, at + 500));
    }
    await until(() => rig.queue.rows.length > 0);
    expect(hashes()).toEqual([file.datasetSha256]);
    expect(incidents).toEqual([]);
  });

  test('has a file that pauses halfway imported whole once it goes on, with nothing told', async () => {
    const file = makeDicomFile({ pixelBytes: 5000 });
    start('keep', { patienceMs: 3000 });
    const path = await put('paused', file.bytes.subarray(0, 2000));
    await sleep(4 * timing.settleMs);
    await appendFile(path, file.bytes.subarray(2000));
    await until(() => rig.queue.rows.length > 0);
    expect(hashes()).toEqual([file.datasetSha256]);
    expect(incidents).toEqual([]);
  });

  test('has a changed file imported again, and a renamed one not twice', async () => {
    const old = makeDicomFile({ seed: 'old' });
    const edited = makeDicomFile({ seed: 'edited' });
    const path = await put('a', old);
    start();
    await until(() => rig.queue.rows.length === 1);
    await writeFile(path, edited.bytes);
    await until(() => rig.queue.rows.length === 2);
    await rename(path, join(folder, 'b'));
    await severalSearches();
    expect(hashes()).toEqual([old.datasetSha256, edited.datasetSha256]);
  });
});

describe('a file that cannot be imported', () => {
  test('is listed, stays where it is, and leaves the list when it is repaired, replaced or removed', async () => {
    const file = makeDicomFile();
    const letter = await put('letter.txt', Buffer.from('this is no image, it is a letter'));
    const cut = await put('sub/cut', file.bytes.subarray(0, -20));
    const other = await put('other.txt', Buffer.from('neither is this'));
    start();
    await until(() => attentionCount() === 3);
    await severalSearches();
    expect(attention()).toEqual({
      'sub/cut': 'dicom-truncated',
      'letter.txt': 'not-dicom',
      'other.txt': 'not-dicom',
    });
    expect(existsSync(cut) && existsSync(letter)).toBe(true);
    expect(incidents).toEqual([]);
    await writeFile(cut, file.bytes);
    await until(() => attentionCount() === 2);
    expect(hashes()).toEqual([file.datasetSha256]);
    const better = makeDicomFile({ seed: 'better' });
    await writeFile(join(folder, 'coming'), better.bytes);
    await rename(join(folder, 'coming'), other);
    await until(() => attentionCount() === 1);
    await rm(letter);
    await until(() => attentionCount() === 0);
    expect(new Set(hashes())).toEqual(new Set([file.datasetSha256, better.datasetSha256]));
  });

  test('for want of disk space is imported when there is room again', async () => {
    await rig.dispose();
    free = 10;
    rig = await makeIntakeRig({ freeBytes: () => Promise.resolve(free), refuseBelowBytes: 100 });
    const file = makeDicomFile();
    await put('a', file);
    start();
    await sleep(5 * timing.settleMs);
    expect(rig.queue.rows).toEqual([]);
    expect(incidents).toEqual([]);
    free = 1e12;
    await rig.disk.check();
    await until(() => rig.queue.rows.length > 0);
    expect(hashes()).toEqual([file.datasetSha256]);
  });

  test('leaves neither its path nor a value in the log', async () => {
    await put('CANARY-folder/CANARY.txt', Buffer.from('CANARY content'));
    await put('CANARY-folder/cut', makeDicomFile({ patientName: 'CANARY' }).bytes.subarray(0, -20));
    start();
    await until(() => attentionCount() === 2);
    expect(JSON.stringify(rig.logger.lines)).not.toMatch(/CANARY|edge-sync-watch/);
  });
});

describe('a folder that cannot be reached', () => {
  test('is told once, and watched again when it is back', async () => {
    await rm(folder, { recursive: true });
    const watcher = start();
    await until(() => incidents.length > 0);
    await severalSearches();
    expect(incidents).toEqual([{ code: 'folder-not-reachable', subject: folder, detail: 'ENOENT' }]);
    expect(watcher.reachable).toBe('no');
    const file = makeDicomFile();
    await mkdir(folder);
    await put('a', file);
    await until(() => rig.queue.rows.length > 0);
    expect(hashes()).toEqual([file.datasetSha256]);
    expect(resolved).toEqual([['folder-not-reachable', folder]]);
    expect(watcher.reachable).toBe('yes');
  });

  test('vanishing while it is watched is noticed, and so is what comes after its return', async () => {
    await put('a', makeDicomFile({ seed: 'a' }));
    start();
    await until(() => rig.queue.rows.length === 1);
    await rename(folder, join(root, 'moved'));
    await until(() => incidents.length > 0);
    expect(incidents).toEqual([{ code: 'folder-not-reachable', subject: folder, detail: 'ENOENT' }]);
    await rename(join(root, 'moved'), folder);
    await until(() => resolved.length > 0);
    await put('b', makeDicomFile({ seed: 'b' }));
    await until(() => rig.queue.rows.length === 2);
    expect(incidents).toHaveLength(1);
  });
});

describe('afterImport', () => {
  test('"delete" hands on a ticket with which exactly that file is deleted, and deletes nothing by itself', async () => {
    const path = await put('a', makeDicomFile());
    start('delete');
    await until(() => rig.queue.rows.length > 0);
    await severalSearches();
    expect(existsSync(path)).toBe(true);
    expect(await removeImported(rig.queue.rows[0]!.deleteAfterVerify!)).toEqual({ tag: 'removed' });
    expect(existsSync(path)).toBe(false);
  });

  test('"keep" hands on none', async () => {
    await put('a', makeDicomFile());
    start('keep');
    await until(() => rig.queue.rows.length > 0);
    expect(rig.queue.rows[0]?.deleteAfterVerify).toBeUndefined();
  });
});

test('closing in the middle of an import leaves nothing half stored and nothing running', async () => {
  for (let index = 0; index < 20; index += 1) {
    await put(String(index), makeDicomFile({ seed: String(index), pixelBytes: 1_000_000 }));
  }
  const watcher = start();
  await until(() => rig.queue.rows.length > 0);
  await watcher.close();
  const stored = rig.queue.rows.length;
  await put('after', makeDicomFile({ seed: 'after' }));
  await severalSearches();
  expect(rig.queue.rows).toHaveLength(stored);
  expect(await rig.spooled()).toHaveLength(stored);
});
