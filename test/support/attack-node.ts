/**
 * A node to be attacked, in a process of its own whose memory and descriptors can be measured: the real receiver, intake,
 * sealer, spool and database. `node attack-node.ts FOLDER` prints `{ port }`; each line on stdin is answered by a line of
 * facts, `stop` ends it.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CommitmentService } from '../../src/main/engine/commitment/commitment-service.ts';
import { DiskGuard } from '../../src/main/engine/intake/disk-guard.ts';
import { IntakeStage } from '../../src/main/engine/intake/intake-stage.ts';
import type { IncidentReport } from '../../src/main/engine/model.ts';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import { StorageScp } from '../../src/main/engine/receive/storage-scp.ts';
import { EnvelopeWriters } from '../../src/main/engine/seal/envelope-writer.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { keepHeapSmall } from '../../src/main/engine/system/heap-growth.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeColumnSealer } from '../fakes/fake-column-sealer.ts';
import { FakeLogger, type LogLine } from '../fakes/fake-logger.ts';

export interface AttackFacts {
  /** Open file descriptors of the process. */
  readonly descriptors: number;
  readonly associations: number;
  /** Instances with a row. */
  readonly rows: number;
  /** Files in the spool with anything in them, as the next start would find them; only when stopped. */
  readonly spooled: number;
  /** Instances with the flag `header-odd`. */
  readonly odd: number;
  /** Incidents by code. */
  readonly incidents: Readonly<Record<string, number>>;
  /** Lines of level error, which an attack must not cause. */
  readonly errors: readonly string[];
  readonly logLines: number;
}

/** Counts lines and keeps the errors only, so that the log is no part of the growth. */
class CountingLogger extends FakeLogger {
  count = 0;
  override readonly lines: LogLine[] = [];

  constructor() {
    super();
    this.lines.push = (...added: LogLine[]): number => {
      this.count += added.length;
      for (const line of added) if (line.level === 'error') this.lines[this.lines.length] = line;
      return this.lines.length;
    };
  }
}

async function main(folder: string): Promise<void> {
  // As the engine's own entries do.
  keepHeapSmall();
  const clock = new SystemClock();
  const random = new SystemRandom();
  const logger = new CountingLogger();
  const shared = { clock, random, logger };
  const spoolDir = join(folder, 'spool');
  const spool = await FileSpool.open({ dir: spoolDir, ...shared });
  const queue = Queue.open({ dir: folder, sealer: new FakeColumnSealer(), ...shared });
  queue.setDestinations([{ name: 'cloud', required: true }]);
  const keyId = Buffer.from('test-epoch-1');
  const sealers = new EnvelopeWriters(
    random,
    [{ tag: 'kek', keyId, kek: Secret.from(random.bytes(32)) }],
    'ab'.repeat(32),
  );
  const disk = await DiskGuard.open({
    freeBytes: () => spool.freeBytes(),
    refuseBelowBytes: 0,
    clock,
    logger,
  });
  const intake = new IntakeStage({
    sealers: () => sealers,
    spool,
    queue,
    objectName: (uid, syntax, hash) =>
      createHash('sha256').update(`${uid}\n${syntax}\n${hash}`).digest('hex'),
    disk,
    logger,
  });
  const incidents: Record<string, number> = {};
  const reportIncident = (incident: IncidentReport): void => {
    incidents[incident.code] = (incidents[incident.code] ?? 0) + (incident.times ?? 1);
    void queue.reportIncident(incident);
  };
  const commitment = new CommitmentService({
    ...{ queue, clock, random, logger, reportIncident, aeTitle: 'EDGESYNC' },
    openConnection: () => Promise.reject(new Error('no device has an endpoint')),
  });
  await commitment.start();
  const scp = new StorageScp({
    intake,
    commitment,
    clock,
    logger,
    reportIncident,
    settings: { host: '127.0.0.1', port: 0, aeTitle: 'EDGESYNC', maxAssociations: 25 },
  });
  const { port } = await scp.start();
  say({ port });

  const facts = (spooled: number): AttackFacts => {
    const rows = [...queue.instances({ tag: 'all' })];
    return {
      descriptors: readdirSync('/proc/self/fd').length,
      associations: scp.activeAssociations,
      rows: rows.length,
      spooled,
      odd: rows.filter(({ flags }) => flags.includes('header-odd')).length,
      incidents,
      errors: logger.lines.map(({ event, cause }) => `${event} ${String(cause)}`),
      logLines: logger.count,
    };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'stop') break;
    say(facts(-1));
  }
  await scp.stop();
  await commitment.stop();
  await spool.close();
  const again = await FileSpool.open({ dir: spoolDir, ...shared });
  let spooled = 0;
  for await (const { sizeBytes } of again.list()) if (sizeBytes > 0) spooled += 1;
  await again.close();
  say(facts(spooled));
  disk.close();
  queue.close();
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '');
