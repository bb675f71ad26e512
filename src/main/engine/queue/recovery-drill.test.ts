import Database from 'better-sqlite3';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';

const kitNow = hex('the kit in force', 32);
const kitBefore = hex('a kit that was replaced', 32);
let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});
afterEach(() => kit.dispose());

const candidates = (wishes: Partial<{ destination: string; maxSizeBytes: number; limit: number }> = {}) =>
  kit.queue.recoveryDrills.candidates({
    destination: 'cloud',
    fingerprint: kitNow,
    maxSizeBytes: 1_000_000,
    limit: 10,
    ...wishes,
  });

async function received(name: string, recoveryFingerprint: string | null): Promise<void> {
  await kit.queue.recordReceived(newInstance(name, 'study-1', { recoveryFingerprint }));
}

describe('what the recovery drill may try', () => {
  it('are verified images that were sealed to this very kit, the newest first', async () => {
    await received('sealed to nobody', null);
    await received('sealed before', kitBefore);
    await received('older', kitNow);
    await received('newer', kitNow);
    await kit.verifyAll();
    await received('still on its way', kitNow);
    expect(candidates().map(({ objectName }) => objectName)).toEqual([
      hex('object newer', 32),
      hex('object older', 32),
    ]);
    expect(candidates()[0]).toMatchObject({
      details: { datasetSha256: hex('dataset newer', 32) },
      sealed: { sizeBytes: 1000, objectSha256: hex('ciphertext any', 32) },
    });
  });

  it('are bounded in number and size, and only of the destination that was asked for', async () => {
    for (const name of ['a', 'b', 'c']) await received(name, kitNow);
    await kit.verifyAll();
    expect(candidates({ limit: 2 })).toHaveLength(2);
    expect(candidates({ maxSizeBytes: 999 })).toEqual([]);
    expect(candidates({ destination: 'other' })).toEqual([]);
  });

  it('are none in an empty archive', () => {
    expect(candidates()).toEqual([]);
  });
});

describe('the newest proof of the words', () => {
  const proof = { fingerprint: kitNow, atMs: 1_800_000_000_000, provenBy: 'cloud-object' } as const;

  it('is kept over a restart, the last one alone', async () => {
    expect(kit.queue.recoveryDrills.proof()).toBeUndefined();
    await kit.queue.recoveryDrills.keepProof({ ...proof, provenBy: 'test-object' });
    await kit.queue.recoveryDrills.keepProof(proof);
    expect(kit.reopen().recoveryDrills.proof()).toEqual(proof);
  });

  it.each(['', 'null', '[]', '{"fingerprint":1}', '{"fingerprint":"a","atMs":1,"provenBy":"magic"}'])(
    'is none when it is not what was written: %s',
    async (text) => {
      await kit.queue.recoveryDrills.keepProof(proof);
      const db = new Database(path.join(kit.dir, 'queue.db'));
      db.prepare(`UPDATE meta SET value = ? WHERE key = 'recovery-proof'`).run(text);
      db.close();
      expect(kit.queue.recoveryDrills.proof()).toBeUndefined();
    },
  );
});
