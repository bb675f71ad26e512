import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { makeDicomFile, type TestFile } from '../../../../test/support/dicom-files.ts';
import { makeDicomdir } from '../../../../test/support/dicomdir.ts';
import { makeIntakeRig, type IntakeRig } from '../../../../test/support/intake-rig.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { IncidentReport } from '../model.ts';
import { SystemClock } from '../system/clock.ts';
import { DriveAccess, DrivePlaces } from './drive-access.ts';
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

/** A drive of which calls can be held back: what a hung network share does. */
class HeldDrive extends DriveAccess {
  held = false;
  #release: (() => void)[] = [];

  override run<T>(call: () => Promise<T>, late?: (value: T) => void): Promise<T> {
    return super.run(async () => {
      if (this.held) await new Promise<void>((resolve) => this.#release.push(resolve));
      return call();
    }, late);
  }

  letGo(): void {
    this.held = false;
    for (const release of this.#release.splice(0)) release();
  }
}

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

function start(
  afterImport: 'keep' | 'delete' = 'keep',
  changes: Partial<WatchTiming> = {},
  access?: DriveAccess,
): FolderWatcher {
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
    ...(access === undefined ? {} : { access }),
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

describe('a restart', () => {
  test('reads nothing again that is taken, listed or passed over', async () => {
    await put('image', makeDicomFile());
    await put('letter.txt', Buffer.from('this is no image, it is a letter'));
    await put('Thumbs.db', Buffer.from('nor is this'));
    const first = start();
    await until(() => rig.queue.rows.length === 1 && attentionCount() === 1);
    await severalSearches();
    await first.close();
    const opened: string[] = [];
    const access = new DriveAccess(new SystemClock());
    const run = access.run.bind(access);
    access.run = (call, late) => {
      opened.push(String(call));
      return run(call, late);
    };
    start('keep', {}, access);
    await until(() => watchers[1]?.reachable === 'yes');
    await severalSearches();
    expect(opened.some((call) => call.includes('stat'))).toBe(true);
    expect(opened.filter((call) => call.includes('openRegular'))).toEqual([]);
    expect(attention()).toEqual({ 'letter.txt': 'not-dicom' });
  });

  test('takes what came, changed or was replaced in the same size and time meanwhile', async () => {
    const old = makeDicomFile({ seed: 'old' });
    const path = await put('a', old);
    await utimes(path, 1000, 1000);
    const first = start();
    await until(() => rig.queue.rows.length === 1);
    await severalSearches();
    await first.close();
    const fresh = makeDicomFile({ seed: 'new' });
    const beside = await put('../beside', fresh);
    await utimes(beside, 1000, 1000);
    await rename(beside, path);
    expect(fresh.bytes.length).toBe(old.bytes.length);
    const came = makeDicomFile({ seed: 'came' });
    await put('b', came);
    start();
    await until(() => rig.queue.rows.length === 3);
    expect(hashes()).toEqual(expect.arrayContaining([fresh.datasetSha256, came.datasetSha256]));
  });

  test('takes everything again where files are to be deleted from now on', async () => {
    await put('a', makeDicomFile());
    const first = start('keep');
    await until(() => rig.queue.rows.length === 1);
    await first.close();
    rig.queue.rows.length = 0;
    start('delete');
    await until(() => rig.queue.rows.length === 1);
    expect(rig.queue.rows[0]?.deleteAfterVerify).toBeDefined();
  });
});

describe('a drive', () => {
  test('that is away takes nothing off the list; an empty folder in its place counts as away', async () => {
    await put('letter.txt', Buffer.from('this is no image, it is a letter'));
    const file = makeDicomFile();
    await put('image', file);
    start();
    await until(() => attentionCount() === 1 && rig.queue.rows.length === 1);
    await severalSearches();
    await rename(folder, join(root, 'away'));
    await until(() => incidents.length > 0);
    await severalSearches();
    await mkdir(folder);
    await severalSearches();
    expect(attention()).toEqual({ 'letter.txt': 'not-dicom' });
    expect(incidents).toHaveLength(1);
    await rm(folder, { recursive: true });
    await rename(join(root, 'away'), folder);
    await until(
      () => resolved.some(([code]) => code === 'folder-not-reachable') && watchers[0]?.reachable === 'yes',
    );
    await severalSearches();
    expect(rig.queue.rows).toHaveLength(1);
    expect(attention()).toEqual({ 'letter.txt': 'not-dicom' });
  });

  test('that was emptied and is another one now is told even when the engine was down meanwhile', async () => {
    await put('image', makeDicomFile());
    const first = start();
    await until(() => rig.queue.rows.length === 1);
    await severalSearches();
    await first.close();
    await rename(folder, join(root, 'away'));
    await mkdir(folder);
    start();
    await until(() => incidents.length > 0);
    expect(incidents).toMatchObject([{ code: 'folder-not-reachable', subject: folder }]);
    // Somebody uses the new folder: it is the one that is meant.
    await put('b', makeDicomFile({ seed: 'b' }));
    await until(() => rig.queue.rows.length === 2);
  });

  test('that stops answering is told, keeps no caller waiting, and is searched again when it answers', async () => {
    const access = new HeldDrive(new SystemClock(), undefined, 300);
    await put('a', makeDicomFile({ seed: 'a' }));
    const watcher = start('keep', {}, access);
    await until(() => rig.queue.rows.length === 1);
    access.held = true;
    await put('b', makeDicomFile({ seed: 'b' }));
    await until(() => incidents.length > 0);
    expect(incidents).toEqual([
      { code: 'folder-not-reachable', subject: folder, detail: 'its drive does not answer' },
    ]);
    expect(access.isStuck).toBe(true);
    access.letGo();
    await until(() => rig.queue.rows.length === 2);
    expect(resolved.at(-1)).toEqual(['folder-not-reachable', folder]);
    access.held = true;
    await put('c', makeDicomFile({ seed: 'c' }));
    // Although a call never returns.
    await watcher.close();
  });
});

describe('a medium', () => {
  async function medium(names: readonly string[]): Promise<void> {
    await put('DICOMDIR', makeDicomdir(names.map((name) => name.split('/'))));
  }

  test('has its images taken, what it names and lacks listed until it comes, and its viewer passed over', async () => {
    await medium(['IMG/ONE', 'IMG/TWO']);
    await put('img/one', makeDicomFile({ seed: 'one' }));
    await put('VIEWER/VIEWER.EXE', Buffer.from('MZ this is a program'));
    start();
    await until(() => attentionCount() === 1);
    await severalSearches();
    const { files } = kit.queue.watched.attention(10);
    expect(files).toMatchObject([
      { path: join(folder, 'DICOMDIR'), code: 'medium-incomplete', detail: '1 of 2' },
    ]);
    await put('img/two', makeDicomFile({ seed: 'two' }));
    await until(() => attentionCount() === 0 && rig.queue.rows.length === 2);
    await severalSearches();
    expect(attention()).toEqual({});
  });

  test('has a file listed that its directory names and that is no image', async () => {
    await medium(['IMG/ONE']);
    await put('IMG/ONE', Buffer.from('a letter where an image should be'));
    start();
    await until(() => attentionCount() > 0);
    expect(attention()).toEqual({ 'IMG/ONE': 'not-dicom' });
  });
});

describe('special files', () => {
  test('a pipe, a socket, loops of links and system folders are passed over', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const socket = createServer().listen(join(folder, 'socket'));
    await put('sub/image', makeDicomFile());
    await symlink('..', join(folder, 'sub', 'loop'));
    await put('$RECYCLE.BIN/deleted', makeDicomFile({ seed: 'deleted' }));
    await put('System Volume Information/x', Buffer.from('not an image'));
    start();
    await until(() => rig.queue.rows.length > 0);
    await severalSearches();
    socket.close();
    expect(rig.queue.rows).toHaveLength(1);
    expect(attention()).toEqual({});
  });

  test('a link that leads nowhere is listed until it leads somewhere', async () => {
    await symlink('../later', join(folder, 'link'));
    start();
    await severalSearches();
    await writeFile(join(root, 'later'), makeDicomFile().bytes);
    await until(() => rig.queue.rows.length === 1);
    expect(attention()).toEqual({});
  });

  test('a file whose end is zeros is taken only when it had time to be filled', async () => {
    const file = makeDicomFile({ pixelBytes: 200_000 });
    start('keep', { patienceMs: 2000 });
    const path = await put(
      'copy',
      Buffer.concat([file.bytes.subarray(0, 100_000), Buffer.alloc(file.bytes.length - 100_000)]),
    );
    await sleep(5 * timing.settleMs);
    expect(rig.queue.rows).toHaveLength(0);
    await writeFile(path, file.bytes);
    await until(() => rig.queue.rows.length > 0);
    expect(hashes()).toEqual([file.datasetSha256]);
    const black = makeDicomFile({
      extra: [{ group: 0x7fe0, element: 0x10, vr: 'OB', value: Buffer.alloc(100_000) }],
    });
    await put('black', black);
    await until(() => rig.queue.rows.length === 2);
    expect(hashes()).toContain(black.datasetSha256);
  });

  test('a file renamed into place is taken once', async () => {
    start();
    const file = makeDicomFile({ pixelBytes: 5000 });
    const path = await put('image.part', file.bytes.subarray(0, 3000));
    await sleep(50);
    await writeFile(path, file.bytes);
    await rename(path, join(folder, 'image.dcm'));
    await until(() => rig.queue.rows.length > 0);
    await severalSearches();
    expect(hashes()).toEqual([file.datasetSha256]);
    expect(attention()).toEqual({});
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
