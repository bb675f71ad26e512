/**
 * What a backlog costs: opening, recording, claiming and status with few rows and with many, as ratios of medians.
 * Both databases are filled through the queue itself.
 *
 *     npm run bench -- queue [--rows 1000000] [--base 1000]
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SealedColumns } from '../src/main/engine/keys/column-sealer.ts';
import { Queue } from '../src/main/engine/queue/queue.ts';
import type { NewInstance } from '../src/main/engine/queue/queue-types.ts';
import { SystemClock } from '../src/main/engine/system/clock.ts';
import { createLogger } from '../src/main/engine/system/logger.ts';
import { SystemRandom } from '../src/main/engine/system/random.ts';
import { Secret } from '../src/main/engine/system/secret.ts';
import { median } from './harness.ts';

/** Images per study and writes per commit while filling. */
const perStudy = 300;
const perCommit = 256;
const keyOf = (byte: number): Secret => Secret.from(Buffer.alloc(32, byte));
const sealer = new SealedColumns({ column: keyOf(5), lookup: keyOf(6), audit: keyOf(7) }, new SystemRandom());
const clock = new SystemClock();

function hex(text: string, sizeBytes: number): string {
  return createHash('sha512')
    .update(text)
    .digest('hex')
    .slice(0, 2 * sizeBytes);
}

function image(index: number, study = Math.floor(index / perStudy)): NewInstance {
  return {
    objectName: hex(`object ${index}`, 32),
    // As the spool names its files: 16 in a row share their first 12 bytes.
    spoolId: hex(`batch ${index >> 4}`, 12) + hex(`spool ${index}`, 4),
    sizeBytes: 500_000,
    source: `CT_${study % 5}`,
    flags: [],
    recoveryFingerprint: hex('certificate', 32),
    details: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `1.2.826.0.1.3680043.9.1.${index}`,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: `1.2.826.0.1.3680043.9.2.${study}`,
      seriesInstanceUid: `1.2.826.0.1.3680043.9.3.${study}`,
      instanceNumber: String(index % perStudy),
      modality: 'CT',
      patientName: `Bench^Patient^${study}`,
      patientId: `B${study}`,
      studyDate: '20260105',
      studyDescription: 'Bench',
      datasetSha256: hex(`dataset ${index}`, 32),
    },
  };
}

function openQueue(dir: string): Queue {
  return Queue.open({ dir, sealer, clock, random: new SystemRandom(), logger: createLogger('error') });
}

async function fill(dir: string, rows: number): Promise<void> {
  const queue = openQueue(dir);
  queue.setDestinations([{ name: 'cloud', required: true }]);
  for (let start = 0; start < rows; start += perCommit) {
    const group = Array.from({ length: Math.min(perCommit, rows - start) }, (_, index) =>
      image(start + index),
    );
    await Promise.all(group.map((one) => queue.recordReceived(one)));
  }
  queue.close();
}

/** One thing that is timed; `index` counts its repetitions. */
interface Task {
  readonly what: string;
  readonly count: number;
  readonly work: (side: Side, index: number) => unknown;
}

interface Side {
  readonly dir: string;
  readonly rows: number;
  readonly queue: Queue;
}

/** Fresh names on every run, beyond the filled ones. */
const first = 10_000_000 + randomBytes(3).readUIntBE(0, 3) * 100;

const tasks: readonly Task[] = [
  {
    what: 'record one',
    count: 200,
    work: ({ queue }, index) => queue.recordReceived(image(first + index, -1)),
  },
  {
    what: 'record 32 together',
    count: 40,
    work: ({ queue }, index) =>
      Promise.all(
        Array.from({ length: 32 }, (_, lane) =>
          queue.recordReceived(image(first + 1000 + index * 32 + lane, -2)),
        ),
      ),
  },
  {
    what: 'claim 8 and give back',
    count: 200,
    work: ({ queue }) => {
      for (const job of queue.claim('cloud', 8, clock.nowMs())) queue.release(job.instanceId, 'cloud');
    },
  },
  { what: 'status', count: 200, work: ({ queue }) => queue.status() },
];

/** Side by side, turn about, so that other work on the machine meets both alike; medians. */
async function compare(few: Side, many: Side, task: Task): Promise<readonly [number, number]> {
  const times: readonly [number[], number[]] = [[], []];
  for (let index = -5; index < task.count; index += 1) {
    for (const [at, side] of [few, many].entries()) {
      const start = performance.now();
      await task.work(side, index + 5);
      if (index >= 0) times[at]?.push(performance.now() - start);
    }
  }
  return [median(times[0]), median(times[1])];
}

function start(dir: string): void {
  const queue = openQueue(dir);
  queue.setDestinations([{ name: 'cloud', required: true }]);
  queue.status();
  queue.claim('cloud', 8, clock.nowMs());
  queue.close();
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rows: { type: 'string', default: '1000000' }, base: { type: 'string', default: '1000' } },
  });
  const rows = Number(values.rows);
  const base = Number(values.base);
  const root = await mkdtemp(join(tmpdir(), 'edge-sync-bench-queue-'));
  try {
    const [fewDir, manyDir] = [join(root, 'few'), join(root, 'many')];
    await fill(fewDir, base);
    const filling = performance.now();
    await fill(manyDir, rows);
    const fillSeconds = (performance.now() - filling) / 1000;
    console.error(
      `filled ${rows} rows in ${fillSeconds.toFixed(1)} s, ${Math.round(rows / fillSeconds)} rows/s`,
    );

    const starts: readonly [number[], number[]] = [[], []];
    for (let index = -1; index < 15; index += 1) {
      for (const [at, dir] of [fewDir, manyDir].entries()) {
        const begin = performance.now();
        start(dir);
        if (index >= 0) starts[at]?.push(performance.now() - begin);
      }
    }
    const costs = [{ what: 'start', few: median(starts[0]), many: median(starts[1]) }];
    const few = { dir: fewDir, rows: base, queue: openQueue(fewDir) };
    const many = { dir: manyDir, rows, queue: openQueue(manyDir) };
    for (const task of tasks) {
      const [fewMs, manyMs] = await compare(few, many, task);
      costs.push({ what: task.what, few: fewMs, many: manyMs });
    }
    few.queue.close();
    many.queue.close();
    console.log(`| cost, ms | ${base} rows | ${rows} rows | ratio |`);
    console.log('|---|---|---|---|');
    for (const cost of costs) {
      const cells = [cost.what, cost.few.toFixed(3), cost.many.toFixed(3), (cost.many / cost.few).toFixed(2)];
      console.log(`| ${cells.join(' | ')} |`);
    }
    console.log(JSON.stringify({ bench: 'queue', base, rows, fillSeconds, costs }));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
