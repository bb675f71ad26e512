/** A real intake on a temp folder: real spool, real sealer, and a queue that keeps its rows in memory. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskGuard } from '../../src/main/engine/intake/disk-guard.ts';
import { IntakeStage } from '../../src/main/engine/intake/intake-stage.ts';
import type { SpoolId } from '../../src/main/engine/model.ts';
import type { IntakeQueue } from '../../src/main/engine/queue/queue-port.ts';
import type { NewInstance, RecordOutcome } from '../../src/main/engine/queue/queue-types.ts';
import { EnvelopeReader } from '../../src/main/engine/seal/envelope-reader.ts';
import { EnvelopeWriters } from '../../src/main/engine/seal/envelope-writer.ts';
import type { SealerFactory } from '../../src/main/engine/seal/seal-port.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import type { Spool } from '../../src/main/engine/spool/spool-port.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';

/** Records what it is told; the same object name again is a duplicate. `answer` may decide otherwise. */
export class MemoryQueue implements IntakeQueue {
  readonly rows: NewInstance[] = [];
  answer: ((instance: NewInstance) => RecordOutcome) | undefined;

  recordReceived(instance: NewInstance): Promise<RecordOutcome> {
    return Promise.resolve().then(() => {
      const outcome = this.answer?.(instance) ?? this.#usual(instance);
      if (outcome.tag !== 'duplicate') this.rows.push(instance);
      return outcome;
    });
  }

  namesSpool(spoolId: SpoolId): boolean {
    return this.rows.some((row) => row.spoolId === spoolId);
  }

  #usual(instance: NewInstance): RecordOutcome {
    if (this.rows.some((row) => row.objectName === instance.objectName)) return { tag: 'duplicate' };
    const { sopInstanceUid } = instance.details;
    const uidConflict = this.rows.some((row) => row.details.sopInstanceUid === sopInstanceUid);
    return { tag: 'recorded', uidConflict };
  }
}

export interface IntakeRig {
  readonly intake: IntakeStage;
  readonly disk: DiskGuard;
  readonly queue: MemoryQueue;
  readonly spool: FileSpool;
  readonly spoolDir: string;
  readonly logger: FakeLogger;
  /** The plaintext of a spooled object: the Part 10 file. */
  readonly open: (id: SpoolId) => Promise<Buffer>;
  /** Ids of all files in the spool that a row could name. */
  readonly spooled: () => Promise<readonly SpoolId[]>;
  readonly dispose: () => Promise<void>;
}

export interface IntakeRigOptions {
  /** Free bytes the disk is said to have; default: the real figure. */
  readonly freeBytes?: () => Promise<number>;
  readonly refuseBelowBytes?: number;
  readonly sealers?: (real: SealerFactory) => SealerFactory;
  /** Sealed bytes are counted and go nowhere: for objects larger than a test should put on a disk. */
  readonly nullSpool?: true;
}

export async function makeIntakeRig(options: IntakeRigOptions = {}): Promise<IntakeRig> {
  const spoolDir = await mkdtemp(join(tmpdir(), 'edge-sync-intake-'));
  const logger = new FakeLogger();
  const clock = new SystemClock();
  const random = new SystemRandom();
  const spool = await FileSpool.open({ dir: spoolDir, random, clock, logger });
  const kek = Secret.from(random.bytes(32));
  const keyId = Buffer.from('test-epoch-1');
  const real = new EnvelopeWriters(random, [{ tag: 'kek', keyId, kek }], 'ab'.repeat(32));
  const queue = new MemoryQueue();
  const disk = await DiskGuard.open({
    freeBytes: options.freeBytes ?? (() => spool.freeBytes()),
    refuseBelowBytes: options.refuseBelowBytes ?? 0,
    clock,
    logger,
  });
  const intake = new IntakeStage({
    sealers: () => options.sealers?.(real) ?? real,
    spool: options.nullSpool === true ? nullSpool(random) : spool,
    queue,
    objectName: (uid, syntax, hash) =>
      createHash('sha256').update(`${uid}\n${syntax}\n${hash}`).digest('hex'),
    disk,
    logger,
  });
  return {
    intake,
    disk,
    queue,
    spool,
    spoolDir,
    logger,
    open: async (id) => {
      const reader = new EnvelopeReader({
        kek: (asked) => (asked.equals(keyId) ? kek : undefined),
        agreements: [],
      });
      const parts: Buffer[] = [];
      for await (const chunk of spool.read(id)) parts.push(...reader.push(chunk));
      reader.end();
      return Buffer.concat(parts);
    },
    spooled: async () => {
      const ids: SpoolId[] = [];
      for await (const { id } of spool.list()) ids.push(id);
      return ids;
    },
    dispose: async () => {
      disk.close();
      await spool.close();
      await rm(spoolDir, { recursive: true, force: true });
    },
  };
}

function nullSpool(random: SystemRandom): Pick<Spool, 'create' | 'remove'> {
  return {
    remove: () => Promise.resolve(),
    create: () => {
      let sizeBytes = 0;
      return {
        id: random.bytes(16).toString('hex'),
        // A turn of the event loop for each, as a disk would take.
        write: (buffers) => {
          for (const buffer of buffers) sizeBytes += buffer.length;
          return new Promise((resolve) => setImmediate(resolve));
        },
        commit: () => Promise.resolve({ sizeBytes }),
        discard: () => Promise.resolve(),
      };
    },
  };
}
