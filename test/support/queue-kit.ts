/** A queue on a real database in a temp folder, and small builders for what goes in. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import type {
  InstanceRow,
  NewInstance,
  UploadJob,
  UploadProof,
} from '../../src/main/engine/queue/queue-types.ts';
import type { InstanceDetails } from '../../src/main/engine/model.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeColumnSealer } from '../fakes/fake-column-sealer.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { FakeRandom } from '../fakes/fake-random.ts';

export function hex(seed: string, sizeBytes: number): string {
  return createHash('sha512')
    .update(seed)
    .digest('hex')
    .slice(0, sizeBytes * 2);
}

export interface InstanceWishes extends Partial<Omit<NewInstance, 'details'>> {
  readonly details?: Partial<InstanceDetails>;
}

/** `name` decides every identity; `study` which study it is in. */
export function newInstance(name: string, study = 'study-1', wishes: InstanceWishes = {}): NewInstance {
  const { details, ...rest } = wishes;
  return {
    objectName: hex(`object ${name}`, 32),
    spoolId: hex(`spool ${name}`, 16),
    sizeBytes: 1000,
    source: 'CT_ROOM_1',
    flags: [],
    recoveryFingerprint: null,
    ...rest,
    details: {
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `1.2.3.${name}`,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      studyInstanceUid: `1.2.9.${study}`,
      seriesInstanceUid: `1.2.8.${study}`,
      modality: 'CT',
      patientName: 'Doe^Jane',
      patientId: 'ID-1',
      datasetSha256: hex(`dataset ${name}`, 32),
      ...details,
    },
  };
}

/** By looking at all of them: for tests. */
export function findInstance(queue: Pick<Queue, 'instances'>, objectName: string): InstanceRow | undefined {
  return [...queue.instances({ tag: 'all' })].find((row) => row.objectName === objectName);
}

export function proof(name = 'any'): UploadProof {
  return { etag: `"${name}"`, objectSha256: hex(`ciphertext ${name}`, 32), sizeBytes: 1000 };
}

export class QueueKit {
  readonly dir: string;
  readonly clock = new FakeClock();
  readonly logger = new FakeLogger();
  /** Spool ids that are not there, for the duplicate check. */
  readonly missing = new Set<string>();
  queue: Queue;
  #opened = 0;

  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-queue-'));
    this.queue = this.open();
  }

  open(sealer = new FakeColumnSealer()): Queue {
    this.#opened += 1;
    return Queue.open({
      dir: this.dir,
      sealer,
      clock: this.clock,
      random: new FakeRandom(`queue ${this.#opened}`),
      logger: this.logger,
      spoolHolds: (spoolId) => !this.missing.has(spoolId),
    });
  }

  reopen(): Queue {
    this.queue.close();
    this.queue = this.open();
    return this.queue;
  }

  instance(objectName: string): InstanceRow | undefined {
    return findInstance(this.queue, objectName);
  }

  claimAll(destination = 'cloud'): UploadJob[] {
    return this.queue.claim(destination, 10_000, this.clock.nowMs());
  }

  /** Claims, uploads and verifies everything that is due. */
  async verifyAll(destination = 'cloud'): Promise<void> {
    const jobs = this.claimAll(destination);
    await Promise.all(jobs.map((job) => this.queue.markUploaded(job.instanceId, destination, proof())));
    for (;;) {
      const batch = this.queue.takeManifestBatch(destination, 1000);
      if (batch === undefined) return;
      await this.queue.markVerified(batch, hex(`manifest ${batch.sequence}`, 32));
    }
  }

  dispose(): void {
    this.queue.close();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
