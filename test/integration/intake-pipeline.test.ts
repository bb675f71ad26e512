/** Intake, import and watched folders on the real spool, sealer and queue. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { DiskGuard } from '../../src/main/engine/intake/disk-guard.ts';
import type { IntakeOutcome } from '../../src/main/engine/intake/intake-port.ts';
import { IntakeStage } from '../../src/main/engine/intake/intake-stage.ts';
import type { IncidentReport, SpoolId } from '../../src/main/engine/model.ts';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { DrivePlaces } from '../../src/main/engine/watch/drive-access.ts';
import { FolderWatcher } from '../../src/main/engine/watch/folder-watcher.ts';
import { importPaths } from '../../src/main/engine/watch/import-paths.ts';
import { removeImported } from '../../src/main/engine/watch/imported-file.ts';
import { FakeColumnSealer } from '../fakes/fake-column-sealer.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { testArchive } from '../support/sealing.ts';
import { needs } from '../support/tools.ts';

const archive = testArchive('intake-pipeline');
const columns = new FakeColumnSealer();
const clock = new SystemClock();

let dir: string;
let dataDir: string;
let logger: FakeLogger;
let incidents: IncidentReport[];
let spool: FileSpool;
let queue: Queue;
let disk: DiskGuard;
let intake: IntakeStage;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-pipeline-'));
  dataDir = join(dir, 'data');
  await mkdir(dataDir);
  logger = new FakeLogger();
  incidents = [];
  const random = new SystemRandom();
  spool = await FileSpool.open({ dir: join(dataDir, 'spool'), random, clock, logger });
  queue = Queue.open({
    dir: dataDir,
    sealer: columns,
    clock,
    random,
    logger,
    spoolHolds: (id, sizeBytes) => spool.holds(id, sizeBytes),
  });
  queue.setDestinations([{ name: 'cloud', required: true }]);
  disk = await DiskGuard.open({ freeBytes: () => spool.freeBytes(), refuseBelowBytes: 0, clock, logger });
  intake = new IntakeStage({
    sealers: () => archive.sealers,
    spool,
    queue,
    objectName: (uid, syntax, hash) =>
      columns.lookup('object-name', `${uid}\n${syntax}\n${hash}`).toString('hex'),
    disk,
    logger,
  });
});

afterEach(async () => {
  disk.close();
  queue.close();
  await spool.close();
  await rm(dir, { recursive: true, force: true });
});

async function send(file: TestFile): Promise<IntakeOutcome> {
  const stream = intake.begin({
    ...file,
    origin: { tag: 'association', callingAeTitle: 'CT-1', remoteAddress: '127.0.0.1' },
  });
  await stream.write(file.dataset);
  return stream.finish();
}

/** Opened with the recovery key, as somebody with nothing but the words would. */
async function open(id: SpoolId): Promise<Buffer> {
  const opener = archive.byRecovery.create();
  const parts: Buffer[] = [];
  for await (const chunk of spool.read(id)) parts.push(...opener.push(chunk));
  opener.end();
  return Buffer.concat(parts);
}

async function spooled(): Promise<SpoolId[]> {
  const ids: SpoolId[] = [];
  for await (const { id } of spool.list()) ids.push(id);
  return ids.sort();
}

function rows() {
  return [...queue.instances({ tag: 'all' })];
}

function everythingWritten(): string {
  const files = globSync('**', { cwd: dataDir }).filter((name) => statSync(join(dataDir, name)).isFile());
  return [
    ...files,
    ...files.map((name) => readFileSync(join(dataDir, name), 'latin1')),
    JSON.stringify(logger.lines),
  ].join('\n');
}

describe('an instance', () => {
  test('is in the spool and in the queue once stored, and opens with the recovery key bit for bit', async () => {
    const files = Array.from({ length: 40 }, (_, index) =>
      makeDicomFile({ sopInstanceUid: testUid(`i${index}`), pixelBytes: 1000 * index }),
    );
    const outcomes = await Promise.all(files.map(send));
    expect(outcomes.every((outcome) => outcome.tag === 'stored')).toBe(true);
    const held = rows();
    expect(held.map((row) => row.spoolId).sort()).toEqual(await spooled());
    for (const file of files) {
      const row = held.find((one) => one.details.sopInstanceUid === file.sopInstanceUid)!;
      expect(row.recoveryFingerprint).toBe(archive.recovery.fingerprint);
      expect((await open(row.spoolId!)).equals(file.bytes)).toBe(true);
    }
  });

  test('sent again is a duplicate; sent again after its copy was lost, it takes its place', async () => {
    const file = makeDicomFile();
    await send(file);
    expect(await send(file)).toMatchObject({ tag: 'duplicate' });
    const [first] = rows();
    await spool.remove(first!.spoolId!);
    expect(await send(file)).toMatchObject({ tag: 'stored' });
    const [second, ...others] = rows();
    expect(others).toEqual([]);
    expect(second?.spoolId).not.toBe(first?.spoolId);
    expect((await open(second!.spoolId!)).equals(file.bytes)).toBe(true);
    expect(await spooled()).toEqual([second?.spoolId]);
  });

  test('under a UID that another content has is kept beside it, flagged and told', async () => {
    const sopInstanceUid = testUid('twice');
    await send(makeDicomFile({ sopInstanceUid }));
    expect(await send(makeDicomFile({ sopInstanceUid, seed: 'other' }))).toMatchObject({
      tag: 'stored',
      flags: ['uid-conflict'],
    });
    expect(rows()).toHaveLength(2);
    expect(queue.status().incidents).toMatchObject([{ code: 'uid-conflict', count: 1 }]);
  });

  test('leaves no value of its own anywhere in clear', async () => {
    const file = makeDicomFile({
      patientName: 'Canarybird^Theodora',
      patientId: 'CANARY-4711-ID',
      studyDescription: 'CANARY STUDY TEXT',
      accessionNumber: 'CANARY-ACCESSION',
      sopInstanceUid: '1.2.826.0.1.77777777.1',
      studyInstanceUid: '1.2.826.0.1.77777777.2',
      seriesInstanceUid: '1.2.826.0.1.77777777.3',
    });
    await send(file);
    await send({ ...file, sopInstanceUid: '1.2.826.0.1.77777777.4' });
    const written = everythingWritten();
    expect(written.length).toBeGreaterThan(file.bytes.length);
    for (const canary of ['Canarybird', 'Theodora', 'CANARY', '77777777']) {
      expect(written.includes(canary), canary).toBe(false);
    }
  });
});

describe('a watched folder with afterImport "delete"', () => {
  test('has its file deleted once the image is verified, and not before', async () => {
    const folder = join(dir, 'scans');
    await mkdir(folder);
    const path = join(folder, 'CANARYNAME.dcm');
    await writeFile(path, makeDicomFile().bytes);
    const watcher = new FolderWatcher({
      folder: { path: folder, afterImport: 'delete' },
      memory: queue.watched.folder(folder, 'delete'),
      places: new DrivePlaces(),
      intake,
      clock,
      logger,
      reportIncident: (incident) => incidents.push(incident),
      resolveIncident: () => undefined,
      timing: { settleMs: 50, patienceMs: 100, rescanMs: 200, retryMs: 100, gatherMs: 10, deadlineMs: 5000 },
    });
    watcher.start();
    while (rows().length === 0) await sleep(10);
    await watcher.close();
    expect(queue.deletableFiles(10)).toEqual([]);
    expect(everythingWritten()).not.toContain('CANARYNAME');
    const [job] = queue.claim('cloud', 10, clock.nowMs());
    await queue.markUploaded(job!.instanceId, 'cloud', {
      etag: 'e',
      objectSha256: '0'.repeat(64),
      sizeBytes: 1,
    });
    await queue.markVerified(queue.takeManifestBatch('cloud', 10)!, '1'.repeat(64));
    const [file] = queue.deletableFiles(10);
    expect(existsSync(path)).toBe(true);
    expect(await removeImported(file!.path)).toEqual({ tag: 'removed' });
    await queue.fileDeleted(file!.id);
    expect(existsSync(path)).toBe(false);
    expect(queue.deletableFiles(10)).toEqual([]);
  });
});

needs('shared-dicom')('importing the public test files', () => {
  const root = resolve(import.meta.dirname, '../../../shared/data/dicom');

  test('stores every whole image bit for bit and tells of every other file, but for one beside a DICOMDIR', async () => {
    const problems = new Map<string, string>();
    const summary = await importPaths([root], {
      intake,
      clock,
      onEvent: (event) => {
        if (event.tag !== 'problem') return;
        problems.set(event.problem.path.slice(root.length + 1), event.problem.code);
      },
    });
    expect(Object.fromEntries([...problems].sort())).toEqual({
      'pydicom/MR_truncated.dcm': 'dicom-truncated',
      'pydicom/README.txt': 'not-dicom',
      // No SOP Instance UID in any of the next six.
      'pydicom/UN_sequence.dcm': 'dicom-unreadable',
      'pydicom/empty_charset_LEI.dcm': 'dicom-unreadable',
      'pydicom/meta_missing_tsyntax.dcm': 'dicom-unreadable',
      'pydicom/nested_priv_SQ.dcm': 'dicom-unreadable',
      'pydicom/no_meta.dcm': 'not-dicom',
      'pydicom/no_meta_group_length.dcm': 'dicom-unreadable',
      'pydicom/priv_SQ.dcm': 'dicom-unreadable',
      'pydicom/rtplan_truncated.dcm': 'dicom-truncated',
      'pydicom/zipMR.gz': 'not-dicom',
    });
    expect(summary).toMatchObject({ failed: 11, found: summary.done });
    expect(summary.stored + summary.duplicates + summary.failed).toBe(summary.found - 8);
    const datasets = new Map<string, Buffer>();
    for (const name of globSync('**', { cwd: root })) {
      const path = join(root, name);
      if (!statSync(path).isFile() || problems.has(name)) continue;
      const bytes = readFileSync(path);
      const head = await readPart10Head(bytes, 'whole-file');
      if (head.tag !== 'dataset') continue;
      const dataset = bytes.subarray(head.datasetOffset);
      datasets.set(createHash('sha256').update(dataset).digest('hex'), dataset);
    }
    expect(rows().length).toBe(datasets.size);
    for (const row of rows()) {
      const plain = await open(row.spoolId!);
      const dataset = datasets.get(row.details.datasetSha256)!;
      expect(plain.toString('latin1', 128, 132)).toBe('DICM');
      expect(plain.subarray(-dataset.length).equals(dataset)).toBe(true);
    }
    expect(await spooled()).toHaveLength(summary.stored);
    const again = await importPaths([root], { intake, clock, onEvent: () => undefined });
    expect(again).toMatchObject({ stored: 0, duplicates: summary.stored + summary.duplicates });
  });
});
