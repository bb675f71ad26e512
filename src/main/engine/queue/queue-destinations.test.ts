import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { DestinationConfig } from './queue-types.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => {
  expect(kit.queue.checkConsistency()).toEqual([]);
  kit.dispose();
});

async function receive(...names: readonly (readonly [name: string, study: string])[]): Promise<void> {
  for (const [name, study] of names) {
    await kit.queue.recordReceived(newInstance(name, study));
    await kit.clock.advance(1000);
  }
}

function uid(job: { readonly details: { readonly sopInstanceUid: string } }): string {
  return job.details.sopInstanceUid.replace('1.2.3.', '');
}

describe('the manifest chain', () => {
  async function upload(...names: readonly string[]): Promise<void> {
    await receive(...names.map((name) => [name, 'one'] as const));
    for (const job of kit.claimAll()) {
      await kit.queue.markUploaded(job.instanceId, 'cloud', proof(uid(job)));
    }
  }

  it('numbers its lists from 1, each knowing the hash of the one before', async () => {
    await upload('a', 'b', 'c');
    expect(kit.queue.manifestBacklog('cloud').count).toBe(3);
    const first = kit.queue.takeManifestBatch('cloud', 2);
    expect(first).toMatchObject({ sequence: 1, previousSha256: null, sealed: undefined });
    expect(first?.instances.map(({ proof: { etag } }) => etag).sort()).toHaveLength(2);
    await kit.queue.markVerified(first!, hex('one', 32));
    const second = kit.queue.takeManifestBatch('cloud', 2);
    expect(second).toMatchObject({ sequence: 2, previousSha256: hex('one', 32) });
    await kit.queue.markVerified(second!, hex('two', 32));
    expect(kit.queue.takeManifestBatch('cloud', 2)).toBeUndefined();
    expect(kit.queue.status()).toMatchObject({
      verified: 3,
      pending: 0,
      lastVerifiedAtMs: kit.clock.nowMs(),
    });
  });

  it('gives the same list with the same bytes after a crash, and nothing twice', async () => {
    await upload('a', 'b');
    const before = kit.queue.takeManifestBatch('cloud', 10);
    await kit.queue.keepManifest(before!, Buffer.from('sealed list'));
    kit.reopen();
    await upload('c');
    const after = kit.queue.takeManifestBatch('cloud', 10);
    expect(after).toEqual({ ...before, sealed: Buffer.from('sealed list') });
    await kit.queue.markVerified(after!, hex('one', 32));
    await kit.queue.markVerified(after!, hex('one', 32));
    const next = kit.queue.takeManifestBatch('cloud', 10);
    expect(next?.sequence).toBe(2);
    expect(next?.instances.map((one) => uid(one))).toEqual(['c']);
  });

  it('refuses to keep bytes for a list that is not the open one', async () => {
    await upload('a');
    const batch = kit.queue.takeManifestBatch('cloud', 10);
    await kit.queue.markVerified(batch!, hex('one', 32));
    await expect(kit.queue.keepManifest(batch!, Buffer.from('x'))).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('lets go of a number when all its instances were taken out before anything was kept', async () => {
    await upload('a');
    const batch = kit.queue.takeManifestBatch('cloud', 10);
    await kit.queue.markParked(batch!.instances[0]!.instanceId, 'cloud', 'object-tampered', undefined);
    expect(kit.queue.takeManifestBatch('cloud', 10)).toBeUndefined();
    await kit.queue.retry({ tag: 'all' });
    await upload();
    expect(kit.queue.takeManifestBatch('cloud', 10)).toMatchObject({ sequence: 1 });
  });
});

describe('destinations', () => {
  it('back-fill a new one, and nothing is verified until it is there too', async () => {
    await receive(['a', 'one'], ['b', 'two']);
    await kit.verifyAll();
    expect(kit.queue.status().verified).toBe(2);
    const both: DestinationConfig[] = [
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
    ];
    kit.queue.setDestinations(both);
    expect(kit.queue.status()).toMatchObject({ verified: 0, pending: 2 });
    await kit.verifyAll('nas');
    expect(kit.queue.status()).toMatchObject({ verified: 2, pending: 0 });
  });

  it('do not hold up what is safe when they are best-effort', async () => {
    kit.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: false },
    ]);
    await receive(['a', 'one']);
    await kit.verifyAll('cloud');
    expect(kit.queue.status()).toMatchObject({ verified: 1, pending: 0 });
    expect(kit.queue.evictable(kit.clock.nowMs() + 1, 10)).toEqual([]);
    await kit.verifyAll('nas');
    expect(kit.queue.evictable(kit.clock.nowMs() + 1, 10)).toHaveLength(1);
  });

  it('count again when a best-effort one becomes required', async () => {
    kit.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: false },
    ]);
    await receive(['a', 'one']);
    await kit.verifyAll('cloud');
    kit.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
    ]);
    expect(kit.queue.status()).toMatchObject({ verified: 0, pending: 1 });
  });

  it.each([
    ['left', [{ name: 'attic', required: true }]],
    [
      'are required no longer',
      [
        { name: 'cloud', required: false },
        { name: 'attic', required: true },
      ],
    ],
  ] as const)(
    'that %s while images waited for them are an incident until they are back',
    async (_how, rest) => {
      const both = [
        { name: 'cloud', required: true },
        { name: 'attic', required: true },
      ];
      kit.queue.setDestinations(both);
      await receive(['a', 'one']);
      await kit.verifyAll('attic');
      expect(kit.queue.status()).toMatchObject({ verified: 0, incidents: [] });

      kit.queue.setDestinations(rest);

      expect(kit.queue.status()).toMatchObject({
        verified: 1,
        incidents: [{ code: 'destination-dropped', detail: 'cloud: 1 image', count: 1 }],
      });
      kit.reopen();
      kit.queue.setDestinations(rest);
      expect(kit.queue.status().incidents).toMatchObject([{ count: 1 }]);
      kit.queue.setDestinations(both);
      expect(kit.queue.status()).toMatchObject({ verified: 0, incidents: [] });
    },
  );

  it('that leave when nothing waited for them are no incident', async () => {
    await receive(['a', 'one']);
    await kit.verifyAll();
    kit.queue.setDestinations([{ name: 'attic', required: true }]);
    expect(kit.queue.status().incidents).toEqual([]);
  });

  it('keep their proofs when they leave and come back', async () => {
    await receive(['a', 'one']);
    await kit.verifyAll();
    kit.queue.setDestinations([]);
    expect(kit.queue.status()).toMatchObject({ verified: 0, pending: 1, destinations: [] });
    await receive(['b', 'one']);
    kit.queue.setDestinations([{ name: 'cloud', required: true }]);
    expect(kit.queue.status()).toMatchObject({ verified: 1, pending: 1 });
    expect(kit.claimAll().map(uid)).toEqual(['b']);
  });

  it('say of an image that has left this PC and is in no other destination of now that it cannot be copied', async () => {
    await receive(['a', 'one']);
    await kit.verifyAll();
    await kit.queue.markEvicted(kit.queue.evictable(kit.clock.nowMs() + 1, 10)[0]!);
    kit.queue.setDestinations([{ name: 'nas', required: true }]);
    expect(kit.queue.status()).toMatchObject({ parked: 1, failures: [{ code: 'not-on-this-pc', count: 1 }] });
  });

  it('that come back get what has left this PC meanwhile from another one, and fresh images are sent at once', async () => {
    const both: DestinationConfig[] = [
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
    ];
    kit.queue.setDestinations(both);
    await receive(...Array.from({ length: 40 }, (_, index) => [`n${index}`, 'one'] as const));
    const [failed] = kit.queue.claim('nas', 1, kit.clock.nowMs());
    await kit.queue.markFailed(failed!.instanceId, 'nas', 'cloud-unreachable', undefined, kit.clock.nowMs());
    kit.queue.setDestinations([{ name: 'cloud', required: true }]);
    await kit.verifyAll();
    const evictable = kit.queue.evictable(kit.clock.nowMs() + 1, 100);
    for (const object of evictable) expect(await kit.queue.markEvicted(object)).toBe(true);
    expect(evictable).toHaveLength(40);
    kit.queue.setDestinations(both);
    expect(kit.queue.status()).toMatchObject({ pending: 40, parked: 0, failures: [] });
    expect(kit.queue.backFill.facts()).toEqual([{ destination: 'nas', waiting: 40, total: 40 }]);
    expect(kit.queue.nextDueAtMs('nas')).toBeUndefined();
    await receive(['fresh', 'two']);
    expect(kit.queue.claim('nas', 4, kit.clock.nowMs()).map(uid)).toEqual(['fresh']);
  });

  it('are proven by what came last, also after the clock of this PC was ahead for a while', async () => {
    const yearMs = 365 * 24 * 3_600_000;
    kit.clock.jump(yearMs);
    await receive(['a', 'one']);
    await kit.verifyAll();
    await kit.queue.recordProbe('cloud');
    kit.clock.jump(-yearMs);
    const unknown = { lastProofAtMs: null, lastVerifiedAtMs: null };
    expect(kit.queue.status()).toMatchObject({ lastVerifiedAtMs: null, destinations: [unknown] });
    await kit.queue.recordProbe('cloud');
    const probedAtMs = kit.clock.nowMs();
    expect(kit.queue.status().destinations).toMatchObject([{ ...unknown, lastProofAtMs: probedAtMs }]);
    await kit.clock.advance(5000);
    await receive(['b', 'one']);
    await kit.verifyAll();
    expect(kit.queue.status()).toMatchObject({
      lastVerifiedAtMs: kit.clock.nowMs(),
      destinations: [{ lastProofAtMs: kit.clock.nowMs(), lastVerifiedAtMs: kit.clock.nowMs() }],
    });
    // Set back a little: a proof of just now, not one of the future.
    kit.clock.jump(-60_000);
    expect(kit.queue.status().destinations).toMatchObject([{ lastProofAtMs: kit.clock.nowMs() }]);
  });

  it('remember a probe as proof that they work', async () => {
    expect(kit.queue.status().destinations[0]?.lastProofAtMs).toBeNull();
    await kit.queue.recordProbe('cloud');
    expect(kit.queue.status().destinations[0]).toMatchObject({
      lastProofAtMs: kit.clock.nowMs(),
      lastVerifiedAtMs: null,
    });
    expect(kit.reopen().status().destinations[0]?.lastProofAtMs).toBe(kit.clock.nowMs());
    expect(kit.queue.lastProofAtMs('cloud')).toBe(kit.clock.nowMs());
    expect(kit.queue.lastProofAtMs('no such destination')).toBeNull();
  });
});

describe('local copies', () => {
  it('go oldest first, only when verified, and only as they were seen', async () => {
    await receive(['a', 'one']);
    await kit.verifyAll();
    await kit.clock.advance(5000);
    await receive(['b', 'one']);
    await kit.verifyAll();
    await receive(['c', 'one']);
    const objects = kit.queue.evictable(kit.clock.nowMs() + 1, 10);
    expect(objects.map(({ spoolId }) => spoolId)).toEqual([
      newInstance('a').spoolId,
      newInstance('b').spoolId,
    ]);
    expect(kit.queue.evictable(objects[1]!.verifiedAtMs, 10)).toHaveLength(1);
    expect(await kit.queue.markEvicted({ ...objects[0]!, spoolId: hex('other', 16) })).toBe(false);
    expect(await kit.queue.markEvicted(objects[0]!)).toBe(true);
    expect(kit.queue.evictable(kit.clock.nowMs() + 1, 10)).toHaveLength(1);
  });

  it('that are gone are forgotten when the cloud has them, also when only the entry list is missing', async () => {
    await receive(['a', 'one'], ['b', 'one']);
    await kit.verifyAll();
    await receive(['c', 'one']);
    for (const job of kit.claimAll()) await kit.queue.markUploaded(job.instanceId, 'cloud', proof());
    for (const row of kit.queue.spoolRows(undefined, 10)) {
      expect(await kit.queue.markLost(row, 'object-missing')).toBe('forgotten');
      expect(await kit.queue.markLost(row, 'object-missing')).toBe('moved-on');
    }
    expect(kit.queue.status()).toMatchObject({ verified: 2, pending: 1, parked: 0, spoolBytes: 0 });
  });

  it('that are gone are parked even without any destination', async () => {
    kit.queue.setDestinations([]);
    await receive(['a', 'one']);
    expect(await kit.queue.markLost(kit.queue.spoolRows(undefined, 1)[0]!, 'object-missing')).toBe('parked');
    expect(kit.queue.status()).toMatchObject({ pending: 0, parked: 1 });
  });

  it('of a watched folder may be deleted only once the image is verified, one line per file', async () => {
    const path = '/scans/Doe^Jane.dcm';
    await kit.queue.recordReceived(newInstance('a', 'one', { deleteAfterVerify: path }));
    await kit.queue.recordReceived(
      newInstance('a', 'one', { spoolId: hex('x', 16), deleteAfterVerify: path }),
    );
    expect(kit.queue.deletableFiles(10)).toEqual([]);
    await kit.verifyAll();
    const files = kit.queue.deletableFiles(10);
    expect(files.map((file) => file.path)).toEqual([path]);
    await kit.queue.fileDeleted(files[0]!.id);
    expect(kit.queue.deletableFiles(10)).toEqual([]);
    const copy = newInstance('a', 'one', { spoolId: hex('y', 16), deleteAfterVerify: '/scans/copy.dcm' });
    await kit.queue.recordReceived(copy);
    expect(kit.queue.deletableFiles(10)).toMatchObject([{ path: '/scans/copy.dcm' }]);
  });
});
