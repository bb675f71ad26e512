/** Gives a spooled object the current recovery recipient: a new head in front of the same ciphertext. */
import { EdgeSyncError } from '../../shared/errors.ts';
import type { UploadQueue } from './queue/queue-port.ts';
import type { UploadJob } from './queue/queue-types.ts';
import { headSize } from './seal/add-recipients.ts';
import type { Spool } from './spool/spool-port.ts';

export interface ReheadDeps {
  readonly spool: Pick<Spool, 'create' | 'read' | 'remove'>;
  readonly queue: Pick<UploadQueue, 'setSpool'>;
  /** KeyRing.addRecoveryRecipient. */
  readonly addRecoveryRecipient: (this: void, head: Buffer) => Buffer;
  readonly recoveryFingerprint: () => string | null;
}

/**
 * Writes the object anew with the recovery recipient, records it, and removes the old file. Resolves with the job as it
 * is now, undefined when its row has moved on meanwhile. Rejects with object-*, disk-*, recovery-missing.
 */
export async function rehead(job: UploadJob, deps: ReheadDeps): Promise<UploadJob | undefined> {
  const fingerprint = deps.recoveryFingerprint();
  const writer = deps.spool.create();
  try {
    let gathered: Buffer[] = [];
    let isHeadWritten = false;
    for await (const chunk of deps.spool.read(job.spoolId)) {
      if (isHeadWritten) {
        await writer.write([chunk]);
        continue;
      }
      gathered.push(chunk);
      const start = Buffer.concat(gathered);
      const size = headSize(start);
      if (size.tag === 'incomplete') {
        gathered = [start];
        continue;
      }
      isHeadWritten = true;
      const head = deps.addRecoveryRecipient(start.subarray(0, size.sizeBytes));
      await writer.write([head, start.subarray(size.sizeBytes)]);
    }
    if (!isHeadWritten) throw new EdgeSyncError('object-truncated');
    const { sizeBytes } = await writer.commit();
    const oldSpoolId = await deps.queue.setSpool(job.instanceId, writer.id, sizeBytes, fingerprint);
    if (oldSpoolId === undefined) {
      await deps.spool.remove(writer.id);
      return undefined;
    }
    await deps.spool.remove(oldSpoolId);
    return { ...job, spoolId: writer.id, sizeBytes, recoveryFingerprint: fingerprint };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
