import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ImportEvent } from '../../../shared/contract.ts';
import { importEventSchema } from '../../../shared/contract.ts';
import { makeDicomFile, testUid } from '../../../../test/support/dicom-files.ts';
import { makeDicomdir } from '../../../../test/support/dicomdir.ts';
import { makeIntakeRig, type IntakeRig } from '../../../../test/support/intake-rig.ts';
import { SystemClock } from '../system/clock.ts';
import { importPaths, type ImportSummary } from './import-paths.ts';

let rig: IntakeRig;
let dir: string;
let events: ImportEvent[];

beforeEach(async () => {
  rig = await makeIntakeRig();
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-import-'));
  events = [];
});

afterEach(async () => {
  await rig.dispose();
  await rm(dir, { recursive: true, force: true });
});

function run(paths: readonly string[], signal?: AbortSignal): Promise<ImportSummary> {
  return importPaths(paths, {
    intake: rig.intake,
    clock: new SystemClock(),
    onEvent: (event) => events.push(importEventSchema.parse(event)),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function put(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(dir, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

function problems(): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) =>
      event.tag === 'problem' ? [[event.problem.path.replace(`${dir}/`, ''), event.problem.code]] : [],
    ),
  );
}

describe('importing a folder', () => {
  test('finds every image at any depth, whatever its name, and stores it bit for bit', async () => {
    const files = ['a.dcm', 'b/IM0001', 'b/c/d/noextension', 'ä ö/Ünïcode.DCM', 'Thumbs.db'].map((name) => ({
      name,
      file: makeDicomFile({ seed: name, pixelBytes: 70_000 }),
    }));
    for (const { name, file } of files) await put(name, file.bytes);
    const summary = await run([dir]);
    expect(summary).toMatchObject({ found: 5, done: 5, stored: 5, duplicates: 0, failed: 0 });
    expect(summary.bytes).toBe(files.reduce((sum, { file }) => sum + file.bytes.length, 0));
    const hashes = rig.queue.rows.map((row) => row.details.datasetSha256).sort();
    expect(hashes).toEqual(files.map(({ file }) => file.datasetSha256).sort());
    expect(rig.queue.rows.every((row) => row.source === null)).toBe(true);
    expect(events.at(-1)).toEqual({ tag: 'progress', ...summary });
  });

  test('again stores nothing twice', async () => {
    await put('a', makeDicomFile({ seed: 'a' }).bytes);
    await put('b', makeDicomFile({ seed: 'b' }).bytes);
    await run([dir]);
    expect(await run([dir])).toMatchObject({ found: 2, stored: 0, duplicates: 2, failed: 0 });
    expect(await rig.spooled()).toHaveLength(2);
  });

  test('tells of each file that is no whole image and goes on', async () => {
    const file = makeDicomFile();
    await put('good', file.bytes);
    await put('letter.txt', Buffer.from('Dear Sir or Madam, this is no image.'));
    await put('empty', Buffer.alloc(0));
    await put('cut', makeDicomFile({ seed: 'cut' }).bytes.subarray(0, -50));
    await put('cut-in-meta', file.bytes.subarray(0, 200));
    await put('private', makeDicomFile({ sopClassUid: '1.2.840.113619.4.30' }).bytes);
    const jpip = Buffer.from(makeDicomFile({ transferSyntaxUid: '1.2.840.10008.1.2.4.91' }).bytes);
    jpip.write('.94', jpip.indexOf('1.2.840.10008.1.2.4.91') + '1.2.840.10008.1.2.4'.length);
    await put('jpip', jpip);
    expect(await run([dir])).toMatchObject({ found: 7, done: 7, stored: 1, failed: 6 });
    expect(problems()).toEqual({
      'letter.txt': 'not-dicom',
      empty: 'not-dicom',
      cut: 'dicom-truncated',
      'cut-in-meta': 'dicom-truncated',
      private: 'dicom-class-refused',
      jpip: 'dicom-syntax-refused',
    });
  });

  test('passes over DICOMDIR and what operating systems leave behind', async () => {
    await put('DICOMDIR', makeDicomFile({ sopClassUid: '1.2.840.10008.1.3.10' }).bytes);
    await put('Thumbs.db', Buffer.from('\xd0\xcf\x11\xe0 not an image'));
    await put('._IM0001', Buffer.from('\0\x05\x16\x07'));
    expect(await run([dir])).toMatchObject({ found: 3, done: 3, stored: 0, failed: 0 });
    expect(problems()).toEqual({});
  });

  test('tells which files of a medium are missing, and passes over its viewer', async () => {
    await put('DICOMDIR', makeDicomdir([['A', 'ONE'], ['A', 'TWO'], ['NOTES']]));
    await put('a/one', makeDicomFile({ seed: 'one' }).bytes);
    await put('AUTORUN/VIEWER.EXE', Buffer.from('MZ this is a program'));
    await put('NOTES', Buffer.from('named by the directory, and no image'));
    expect(await run([dir])).toMatchObject({ found: 4, stored: 1, failed: 2 });
    expect(problems()).toEqual({ 'A/TWO': 'medium-incomplete', NOTES: 'not-dicom' });
  });

  test('by the DICOMDIR alone takes the files that it names, in whatever case they are written', async () => {
    const names = Array.from({ length: 20 }, (_, index) => ['IMG', `IM${index}`]);
    const path = await put('DICOMDIR', makeDicomdir(names, 'undefined'));
    for (const [folder, name] of names) {
      await put(`${folder!.toLowerCase()}/${name!.toLowerCase()};1`, makeDicomFile({ seed: name! }).bytes);
    }
    await put('not-named', makeDicomFile({ seed: 'not named' }).bytes);
    expect(await run([path])).toMatchObject({ found: 21, done: 21, stored: 20, failed: 0 });
  });

  test('follows links, and a loop of them ends', async () => {
    const path = await put('real/a', makeDicomFile({ seed: 'a' }).bytes);
    await put('elsewhere/b', makeDicomFile({ seed: 'b' }).bytes);
    await symlink(dir, join(dir, 'real', 'loop'));
    await symlink('self', join(dir, 'self'));
    await symlink(path, join(dir, 'linked-file'));
    await symlink(join(dir, 'elsewhere'), join(dir, 'real', 'linked-folder'));
    expect(await run([join(dir, 'real')])).toMatchObject({ stored: 2, duplicates: 1 });
    expect(problems()).toEqual({ 'real/loop/self': 'file-not-readable' });
  });

  test('does not wait for the other end of a pipe', async () => {
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    await put('a', makeDicomFile().bytes);
    expect(await run([dir])).toMatchObject({ found: 1, stored: 1, failed: 0 });
    expect(await run([join(dir, 'pipe')])).toMatchObject({ found: 1, failed: 1 });
    expect(problems()).toEqual({ pipe: 'file-not-readable' });
  });

  test('hundreds of files are all found and counted', async () => {
    for (let index = 0; index < 300; index += 1) {
      await put(`${index % 7}/${index}`, makeDicomFile({ seed: String(index), pixelBytes: 64 }).bytes);
    }
    expect(await run([dir])).toMatchObject({ found: 300, done: 300, stored: 300 });
    expect(new Set(rig.queue.rows.map((row) => row.objectName)).size).toBe(300);
  });
});

describe('importing paths', () => {
  test('a path that does not exist is a problem of its own', async () => {
    const good = await put('good', makeDicomFile().bytes);
    expect(await run([join(dir, 'nowhere'), good])).toMatchObject({ found: 2, stored: 1, failed: 1 });
    expect(problems()).toEqual({ nowhere: 'file-not-readable' });
  });

  test('takes the identity of the dataset where the file meta lies', async () => {
    const file = makeDicomFile({ sopInstanceUid: testUid('in the dataset') });
    const other = makeDicomFile({ sopInstanceUid: testUid('somewhere') });
    const meta = other.bytes.subarray(0, other.bytes.length - other.dataset.length);
    await put('edited', Buffer.concat([meta, file.dataset]));
    expect(await run([dir])).toMatchObject({ stored: 1 });
    expect(rig.queue.rows[0]?.details.sopInstanceUid).toBe(testUid('in the dataset'));
  });

  test('an abort ends it with nothing half stored', async () => {
    for (let index = 0; index < 50; index += 1) {
      await put(String(index), makeDicomFile({ seed: String(index), pixelBytes: 300_000 }).bytes);
    }
    const ending = new AbortController();
    const running = run([dir], ending.signal);
    rig.queue.answer = () => {
      ending.abort();
      return { tag: 'recorded', uidConflict: false };
    };
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect((await rig.spooled()).length).toBe(rig.queue.rows.length);
    expect(rig.queue.rows.length).toBeLessThan(50);
  });

  test('puts no path, name or value into the log', async () => {
    await put('CANARYNAME/x', Buffer.from('CANARYVALUE is no image'));
    await put('CANARYNAME/y', makeDicomFile({ patientName: 'CANARYVALUE', seed: 'y' }).bytes.subarray(0, -9));
    expect(await run([dir])).toMatchObject({ failed: 2 });
    expect(JSON.stringify(rig.logger.lines)).not.toMatch(/CANARY|edge-sync-import/);
  });
});
