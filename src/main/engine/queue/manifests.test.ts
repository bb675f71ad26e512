import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => kit.dispose());

/** As a disk does that returns other bytes than were written. */
function spoilDetails(objectName: string): void {
  const db = new Database(path.join(kit.dir, 'queue.db'));
  try {
    const changed = db
      .prepare(`UPDATE instance SET details = ? WHERE object_name = ?`)
      .run(Buffer.from('not what was sealed'), Buffer.from(objectName, 'hex')).changes;
    expect(changed).toBe(1);
  } finally {
    db.close();
  }
}

async function uploadAll(): Promise<void> {
  for (const job of kit.claimAll()) await kit.queue.markUploaded(job.instanceId, 'cloud', proof());
}

describe('a list of entries one of whose rows cannot be opened', () => {
  it('is written without that row, which is parked and told of', async () => {
    for (const name of ['a', 'b', 'c']) await kit.queue.recordReceived(newInstance(name));
    await uploadAll();
    spoilDetails(newInstance('b').objectName);

    const batch = kit.queue.takeManifestBatch('cloud', 500);
    expect(batch?.instances.map((one) => one.objectName).sort()).toEqual(
      [newInstance('a').objectName, newInstance('c').objectName].sort(),
    );
    expect(batch?.sequence).toBe(1);
    await kit.queue.markVerified(batch!, hex('manifest 1', 32));
    const status = kit.queue.status();
    expect(status).toMatchObject({ verified: 2, parked: 1, pending: 0 });
    expect(status.incidents).toMatchObject([{ code: 'object-tampered', count: 1 }]);
    expect(kit.queue.checkConsistency()).toEqual([]);
  });

  it('is not written at all when no other row is left, and the next one gets its number', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    await uploadAll();
    spoilDetails(newInstance('a').objectName);
    expect(kit.queue.takeManifestBatch('cloud', 500)).toBeUndefined();
    expect(kit.queue.manifestBacklog('cloud')).toEqual({ count: 0, oldestAtMs: undefined });

    await kit.queue.recordReceived(newInstance('b'));
    await uploadAll();
    expect(kit.queue.takeManifestBatch('cloud', 500)).toMatchObject({
      sequence: 1,
      instances: [{ objectName: newInstance('b').objectName }],
    });
  });

  it('goes on when the row was damaged after the list had been numbered', async () => {
    for (const name of ['a', 'b']) await kit.queue.recordReceived(newInstance(name));
    await uploadAll();
    expect(kit.queue.takeManifestBatch('cloud', 500)?.instances).toHaveLength(2);
    spoilDetails(newInstance('a').objectName);
    kit.reopen();
    expect(kit.queue.takeManifestBatch('cloud', 500)).toMatchObject({
      sequence: 1,
      instances: [{ objectName: newInstance('b').objectName }],
    });
  });
});
