/**
 * The power goes, at any moment: what was answered with Success is there afterwards, bit for bit. kill -9 does not test
 * this (the system's memory survives it), so a run of the engine is traced, and disks are made as they may be found
 * after the power went at one place or another of the trace (test/support/power-loss/disk-model.ts says how harsh).
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../src/main/engine/engine.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import type { RestoreEvent } from '../../src/shared/contract.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import { fractions, fractionsAt } from '../support/fractions.ts';
import { DiskModel } from '../support/power-loss/disk-model.ts';
import { powerLossOptions } from '../support/power-loss/engine-options.ts';
import { parseTrace, tracedNames, type TracedCall } from '../support/power-loss/traced-calls.ts';
import { needs, programPath, soakCount, soakLegs, testSeed } from '../support/tools.ts';
import { datasetDigest } from '../support/whole-way.ts';

const legs = soakLegs(12, 500, 50);
/** Images of the first start and of the second. */
const imagesPerRun = [40, soakCount(90, 300)] as const;
const engineChild = resolve(import.meta.dirname, '../support/power-loss/engine-child.ts');

interface Run {
  readonly calls: readonly TracedCall[];
  readonly root: string;
  /** Dataset digests of what was sent, by SOP Instance UID. */
  readonly images: ReadonlyMap<string, string>;
  /** When Success for an instance began to leave the process. */
  readonly acknowledged: readonly { readonly sopInstanceUid: string; readonly place: number }[];
  readonly lastPlace: number;
}

/** Two starts of the engine under the tracer, four associations sending at once. */
async function tracedRun(folder: string): Promise<Run> {
  const root = join(folder, 'data');
  mkdirSync(root, { mode: 0o700 });
  const images = new Map<string, string>();
  let log = '';
  for (const [run, count] of imagesPerRun.entries()) {
    const trace = join(folder, `trace-${run}`);
    const child = spawn(
      programPath('strace'),
      [
        ...['-f', '-y', '-xx', '-s', '8388608', '-qq', '-o', trace, '-e', `trace=${tracedNames.join(',')}`],
        ...['-e', 'signal=none', process.execPath, engineChild, root],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = new Promise<number | null>((done) => child.once('close', done));
    const port = await new Promise<number>((done, failed) => {
      child.stdout.once('data', (line: Buffer) => done(Number(line.toString())));
      void ended.then((code) => failed(new Error(`the engine ended with ${String(code)}`)));
    });
    const files = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const image: TestFile = makeDicomFile({
          sopInstanceUid: testUid(`power ${run} ${index}`),
          studyInstanceUid: testUid(`power study ${run} ${index % 7}`),
          pixelBytes: index % 29 === 0 ? 700_000 : 2_000 + ((index * 977) % 30_000),
        });
        images.set(testUid(`power ${run} ${index}`), image.datasetSha256);
        const path = join(folder, `image-${run}-${index}.dcm`);
        await writeFile(path, image.bytes);
        return path;
      }),
    );
    const reports = await Promise.all(
      [0, 1, 2, 3].map((lane) =>
        sendFiles({
          paths: files.filter((_, index) => index % 4 === lane),
          peer: { host: '127.0.0.1', port, calledAe: 'EDGESYNC', callingAe: 'MODALITY' },
          clock: new SystemClock(),
        }),
      ),
    );
    expect(reports.flatMap(({ results }) => results).filter(({ tag }) => tag !== 'sent')).toEqual([]);
    // strace hands the signal on to nobody: the engine is its child.
    const engine = await readFile(`/proc/${String(child.pid)}/task/${String(child.pid)}/children`, 'utf8');
    process.kill(Number(engine.trim().split(' ')[0]), 'SIGTERM');
    expect(await ended).toBe(0);
    log += await readFile(trace, 'utf8');
  }
  const calls = parseTrace(log, root);
  const acknowledged = calls.flatMap((call) =>
    call.tag === 'send'
      ? acknowledgedIn(call.bytes).map((uid) => ({ sopInstanceUid: uid, place: call.begin }))
      : [],
  );
  return { calls, root, images, acknowledged, lastPlace: log.split('\n').length };
}

/** C-STORE-RSP (PS3.7 9.3.1.2, implicit VR LE) with Status 0000 in what was sent: Affected SOP Instance UID of each. */
function acknowledgedIn(bytes: Buffer): readonly string[] {
  const uids: string[] = [];
  const commandField = Buffer.from('00000001020000000180', 'hex');
  for (let from = bytes.indexOf(commandField); from >= 0; from = bytes.indexOf(commandField, from + 1)) {
    let isSuccess = false;
    // The elements behind it, in order, up to the instance.
    for (let at = from; at + 8 <= bytes.length;) {
      const element = bytes.readUInt16LE(at + 2);
      const value = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
      at += 8 + value.length;
      if (element === 0x0900) isSuccess = value.readUInt16LE() === 0;
      if (element !== 0x1000) continue;
      if (isSuccess) uids.push(value.toString('latin1').replace(/\0$/, ''));
      break;
    }
  }
  return uids;
}

interface Found {
  /** Dataset digests of everything that the engine gives back. */
  readonly digests: ReadonlySet<string>;
  readonly problems: number;
}

/** A trail that lost its last entries with the power is shorter, never broken. */
async function auditTrailHolds(engine: Engine): Promise<void> {
  const asked = { reach: 'here', against: null } as const;
  for await (const event of engine.service.audit.verify(
    asked,
    'command-line',
    new AbortController().signal,
  )) {
    if (event.tag === 'result' && event.check.breakCount > 0)
      throw new Error(`the audit trail: ${JSON.stringify(event.check)}`);
  }
}

/** Starts the engine on a disk and lets it give back all it has. */
async function recover(disk: string): Promise<Found> {
  const engine = await Engine.open(powerLossOptions(disk));
  try {
    const to = join(disk, '..', 'restored');
    let last: (RestoreEvent & { readonly tag: 'progress' }) | undefined;
    const events = engine.service.restore(
      { to, selection: { tag: 'all' }, fromCloud: false },
      'command-line',
      new AbortController().signal,
    );
    for await (const event of events) if (event.tag === 'progress') last = event;
    const digests = new Set<string>();
    for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.dcm')) continue;
      digests.add(await datasetDigest(await readFile(join(entry.parentPath, entry.name))));
    }
    await auditTrailHolds(engine);
    return { digests, problems: (last?.missing ?? 0) + (last?.damaged ?? 0) };
  } finally {
    await engine.stop();
  }
}

/** The acknowledged images that are not there after the power went at `place`. */
async function lostAt(
  run: Run,
  model: DiskModel,
  place: number,
  fraction: () => number,
): Promise<readonly string[]> {
  // In memory where there is such a folder: nothing has to last here.
  const folder = await mkdtemp(join(await scratch(), 'edge-sync-power-'));
  try {
    const disk = join(folder, 'data');
    model.materialise(place, disk, fraction);
    const { digests, problems } = await recover(disk);
    const lost = run.acknowledged
      .filter((one) => one.place < place)
      .map(({ sopInstanceUid }) => sopInstanceUid)
      .filter((uid) => !digests.has(run.images.get(uid) ?? ''));
    // A row without its image would be one that was called received and is not.
    if (problems > 0) return [...lost, ...Array.from({ length: problems }, () => 'a row without its image')];
    return lost;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function scratch(): Promise<string> {
  const inMemory = '/dev/shm';
  return (await readdir(inMemory).catch(() => undefined)) === undefined ? tmpdir() : inMemory;
}

needs('strace')('power loss', () => {
  let folder: string;
  let run: Run;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-power-'));
    run = await tracedRun(folder);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('was traced: every image was answered with Success once', () => {
    expect(new Set(run.acknowledged.map(({ sopInstanceUid }) => sopInstanceUid))).toEqual(
      new Set(run.images.keys()),
    );
    expect(run.calls.filter(({ tag }) => tag === 'sync').length).toBeGreaterThan(50);
  });

  it.each(legs)(
    'loses no acknowledged image, at $count places from $first',
    async ({ first, count }) => {
      const seed = testSeed();
      const model = new DiskModel(run.calls, { root: run.root });
      const failures: string[] = [];
      for (let crash = first; crash < first + count; crash += 1) {
        const fraction = fractionsAt(seed, crash);
        const place = Math.floor(fraction() * run.lastPlace) + 1;
        try {
          const lost = await lostAt(run, model, place, fraction);
          if (lost.length > 0) failures.push(`place ${place}: ${lost.length} lost, ${lost[0] ?? ''}`);
        } catch (error) {
          failures.push(`place ${place}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      expect(failures, `seed ${seed}`).toEqual([]);
    },
    50 * 20_000,
  );

  it.each([
    ['the spool', (path: string) => /\/spool\/[0-9a-f]{2}\/[0-9a-f]{32}$/.test(path)],
    ['the folders of the spool', (path: string) => /\/spool\/[0-9a-f]{2}$/.test(path)],
  ])(
    // Not the log of the database: a start adopts every whole spool file that has lost its row.
    'would be noticed if %s were not flushed',
    async (_, ignoresSync) => {
      const fraction = fractions(testSeed());
      const model = new DiskModel(run.calls, { root: run.root, ignoresSync });
      let lost = 0;
      for (let crash = 0; crash < 6 && lost === 0; crash += 1) {
        const place = Math.floor((0.6 + 0.4 * fraction()) * run.lastPlace);
        lost = await lostAt(run, model, place, fraction).then(
          (uids) => uids.length,
          () => 1,
        );
      }
      expect(lost).toBeGreaterThan(0);
    },
    200_000,
  );
});
