/** Gives a spooled object the current recovery recipient: a new head in front of the same ciphertext. */
import { EdgeSyncError } from '../../shared/errors.ts';
import type { UploadQueue } from './queue/queue-port.ts';
import type { UploadJob } from './queue/queue-types.ts';
import { headSize } from './seal/add-recipients.ts';
import type { OpenerFactory } from './seal/seal-port.ts';
import type { Spool } from './spool/spool-port.ts';
import { CheckedSource, ObjectInspector } from './upload/checked-source.ts';
import type { DatasetDigestFactory } from './upload/dataset-digest.ts';

export interface ReheadDeps {
  readonly spool: Pick<Spool, 'create' | 'read' | 'remove'>;
  readonly queue: Pick<UploadQueue, 'setSpool' | 'heldCopy'>;
  readonly openers: OpenerFactory;
  readonly newDatasetDigest: DatasetDigestFactory;
  /** KeyRing.addRecoveryRecipient. */
  readonly addRecoveryRecipient: (this: void, head: Buffer) => Buffer;
  readonly recoveryFingerprint: () => string | null;
}

/** Re-heads for every destination: they share one local copy, so one instance is dealt with at a time. */
export class Reheads {
  readonly #deps: ReheadDeps;
  /** What is under way, by instance. */
  readonly #last = new Map<number, Promise<unknown>>();

  constructor(deps: ReheadDeps) {
    this.#deps = deps;
  }

  /** As `rehead`; what another destination's turn has done already is taken over. */
  async rehead(job: UploadJob): Promise<UploadJob | undefined> {
    const before = this.#last.get(job.instanceId) ?? Promise.resolve();
    const mine = before.then(
      () => this.#inTurn(job),
      () => this.#inTurn(job),
    );
    this.#last.set(job.instanceId, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(job.instanceId) === mine) this.#last.delete(job.instanceId);
    }
  }

  async #inTurn(job: UploadJob): Promise<UploadJob | undefined> {
    const held = this.#deps.queue.heldCopy(job.instanceId);
    if (held === undefined) return undefined;
    if (held.recoveryFingerprint === this.#deps.recoveryFingerprint()) return { ...job, ...held };
    return held.spoolId === job.spoolId ? rehead(job, this.#deps) : undefined;
  }
}

/**
 * Writes the object anew with the recovery recipient, reads it back, records it, and only then removes the old file.
 * Resolves with the job as it is now, undefined when its row has moved on meanwhile. Rejects with object-* (the old file
 * stays as it is), disk-*, recovery-missing.
 */
export async function rehead(job: UploadJob, deps: ReheadDeps): Promise<UploadJob | undefined> {
  const { spool, queue } = deps;
  const recoveryFingerprint = deps.recoveryFingerprint();
  const made = await writeAnew(job, deps);
  try {
    await readBack(job, made, deps);
  } catch (error) {
    await spool.remove(made.spoolId);
    throw error;
  }
  // Should this fail, it is not known which file the row names: the next start looks and tidies.
  const oldSpoolId = await queue.setSpool(job.instanceId, made.spoolId, made.sizeBytes, recoveryFingerprint);
  await spool.remove(oldSpoolId ?? made.spoolId);
  return oldSpoolId === undefined ? undefined : { ...job, ...made, recoveryFingerprint };
}

type NewFile = Pick<UploadJob, 'spoolId' | 'sizeBytes'>;

async function writeAnew(job: UploadJob, deps: ReheadDeps): Promise<NewFile> {
  const writer = deps.spool.create();
  try {
    let start: Buffer | undefined = Buffer.alloc(0);
    let readBytes = 0;
    for await (const chunk of deps.spool.read(job.spoolId)) {
      readBytes += chunk.length;
      if (readBytes > job.sizeBytes) throw new EdgeSyncError('object-tampered', 'it is longer');
      if (start === undefined) {
        await writer.write([chunk]);
        continue;
      }
      start = Buffer.concat([start, chunk]);
      const size = headSize(start);
      if (size.tag === 'incomplete') continue;
      const head = deps.addRecoveryRecipient(start.subarray(0, size.sizeBytes));
      await writer.write([head, start.subarray(size.sizeBytes)]);
      start = undefined;
    }
    if (start !== undefined || readBytes !== job.sizeBytes) throw new EdgeSyncError('object-truncated');
    const { sizeBytes } = await writer.commit();
    return { spoolId: writer.id, sizeBytes };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The old file may be the only copy there is: it goes only for one that opens and holds the same dataset. */
async function readBack(job: UploadJob, made: NewFile, deps: ReheadDeps): Promise<void> {
  const source = new CheckedSource(
    { sizeBytes: made.sizeBytes, datasetSha256: job.details.datasetSha256 },
    () => deps.spool.read(made.spoolId),
    () => new ObjectInspector(deps.openers, deps.newDatasetDigest),
  );
  const chunks = source.read(0);
  while ((await chunks.next()).done !== true) continue;
}
