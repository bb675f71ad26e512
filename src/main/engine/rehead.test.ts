import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testImage, UploadRig } from '../../../test/support/upload-rig.ts';
import { findInstance } from '../../../test/support/queue-kit.ts';
import { testArchive } from '../../../test/support/sealing.ts';
import { createDatasetDigest } from './dicom/dataset-digest.ts';
import { recoveryRecipient } from './keys/recovery-key.ts';
import type { UploadJob } from './queue/queue-types.ts';
import { rehead, Reheads, type ReheadDeps } from './rehead.ts';
import { addRecipients } from './seal/add-recipients.ts';
import { openWhole } from './seal/envelope-reader.ts';
import { generateEphemeralKey } from './seal/recipients.ts';

const { recovery, byRecovery } = testArchive('rehead');
// More than one piece of a reading.
const image = testImage('1', '1', 2_500_000);
let rig: UploadRig;
let objectName: string;
let job: UploadJob;

beforeEach(async () => {
  rig = await UploadRig.open();
  rig.sealers.setRecipients([rig.keys.kekRecipient(1)], null);
  objectName = await rig.receive(image);
  const [claimed] = rig.queue.claim('cloud', 1, rig.clock.nowMs());
  if (claimed === undefined) throw new Error('nothing to send');
  job = claimed;
});
afterEach(() => rig.dispose());

function deps(changes: Partial<ReheadDeps> = {}): ReheadDeps {
  const keys = { kek: (id: Buffer) => rig.keys.kekById(id), agreements: [] };
  return {
    spool: rig.spool,
    queue: rig.queue,
    openers: rig.openers,
    newDatasetDigest: createDatasetDigest,
    addRecoveryRecipient: (head) =>
      addRecipients(head, keys, [recoveryRecipient(recovery)], generateEphemeralKey),
    recoveryFingerprint: () => recovery.fingerprint,
    ...changes,
  };
}

/** The spool, but what is read of `spoolId` comes as `change` makes it; undefined ends the reading. */
function readingOtherwise(
  spoolId: string,
  change: (chunk: Buffer, isFirst: boolean) => Buffer | undefined,
): ReheadDeps['spool'] {
  return {
    create: () => rig.spool.create(),
    remove: (id) => rig.spool.remove(id),
    async *read(id, start) {
      let isFirst = true;
      for await (const chunk of rig.spool.read(id, start)) {
        const changed = id === spoolId ? change(chunk, isFirst) : chunk;
        if (changed === undefined) return;
        yield changed;
        isFirst = false;
      }
    },
  };
}

async function spoolIds(): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of rig.spool.list()) ids.push(id);
  return ids;
}

async function spooled(id: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of rig.spool.read(id)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('giving a spooled object the recovery recipient', () => {
  it('leaves one file, which the recovery key opens', async () => {
    const now = await rehead(job, deps());
    expect(now?.recoveryFingerprint).toBe(recovery.fingerprint);
    expect(await spoolIds()).toEqual([now?.spoolId]);
    expect(findInstance(rig.queue, objectName)).toMatchObject({
      spoolId: now?.spoolId,
      sizeBytes: now?.sizeBytes,
      recoveryFingerprint: recovery.fingerprint,
    });
    expect(openWhole(byRecovery, await spooled(now?.spoolId ?? '')).equals(image.file)).toBe(true);
  });

  async function keepsTheOldOne(spool: ReheadDeps['spool'], code: string): Promise<void> {
    await expect(rehead(job, deps({ spool }))).rejects.toMatchObject({ code });
    expect(await spoolIds()).toEqual([job.spoolId]);
    expect(findInstance(rig.queue, objectName)).toMatchObject({
      spoolId: job.spoolId,
      sizeBytes: job.sizeBytes,
      recoveryFingerprint: null,
    });
    expect(openWhole(rig.openers, await spooled(job.spoolId)).equals(image.file)).toBe(true);
  }

  it('keeps the old copy when its reading ended early', async () => {
    const short = readingOtherwise(job.spoolId, (chunk, isFirst) => (isFirst ? chunk : undefined));
    await keepsTheOldOne(short, 'object-truncated');
  });

  it('keeps the old copy when its reading gave more than was recorded', async () => {
    const longer = readingOtherwise(job.spoolId, (chunk, isFirst) =>
      isFirst ? chunk : Buffer.concat([chunk, Buffer.alloc(1)]),
    );
    await keepsTheOldOne(longer, 'object-tampered');
  });

  it('keeps the old copy when one bit was read wrongly', async () => {
    const flipped = readingOtherwise(job.spoolId, (chunk, isFirst) => {
      const copy = Buffer.from(chunk);
      if (!isFirst) copy.writeUInt8(copy.readUInt8(1000) ^ 1, 1000);
      return copy;
    });
    await keepsTheOldOne(flipped, 'object-tampered');
  });

  it('keeps the old copy when the new one does not read back as it was written', async () => {
    const old = job.spoolId;
    const spool: ReheadDeps['spool'] = {
      create: () => rig.spool.create(),
      remove: (id) => rig.spool.remove(id),
      async *read(id, start) {
        for await (const chunk of rig.spool.read(id, start)) {
          const copy = Buffer.from(chunk);
          if (id !== old) copy.writeUInt8(copy.readUInt8(copy.length - 700) ^ 1, copy.length - 700);
          yield copy;
        }
      },
    };
    await keepsTheOldOne(spool, 'object-tampered');
  });
});

describe('two destinations that want the same object', () => {
  it('get one new copy, whichever comes first', async () => {
    const reheads = new Reheads(deps());
    const other = { ...job, destination: 'second' };
    const [one, two] = await Promise.all([reheads.rehead(job), reheads.rehead(other)]);
    const later = await reheads.rehead({ ...job, destination: 'third' });
    expect(one?.spoolId).not.toBe(job.spoolId);
    expect(two).toEqual({ ...one, destination: 'second' });
    expect(later).toEqual({ ...one, destination: 'third' });
    expect(await spoolIds()).toEqual([one?.spoolId]);
  });

  it('try again each for itself when the first could not', async () => {
    let reads = 0;
    const spool: ReheadDeps['spool'] = {
      create: () => rig.spool.create(),
      remove: (id) => rig.spool.remove(id),
      read: (id, start) => {
        reads += 1;
        return rig.spool.read(reads === 1 ? 'ff'.repeat(16) : id, start);
      },
    };
    const reheads = new Reheads(deps({ spool }));
    const [one, two] = await Promise.allSettled([reheads.rehead(job), reheads.rehead(job)]);
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'object-missing' } });
    expect(two).toMatchObject({ status: 'fulfilled', value: { recoveryFingerprint: recovery.fingerprint } });
  });
});
