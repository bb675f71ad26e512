import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';

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

/** As a failing disk or a fault of ours would. */
function damage(sql: string): void {
  const db = new Database(path.join(kit.dir, 'queue.db'));
  expect(db.prepare(sql).run().changes).toBeGreaterThan(0);
  db.close();
}

function uid(job: { readonly details: { readonly sopInstanceUid: string } }): string {
  return job.details.sopInstanceUid.replace('1.2.3.', '');
}

describe('claiming', () => {
  it('gives each instance to one claim only', async () => {
    await receive(['a', 's'], ['b', 's'], ['c', 's']);
    const first = kit.queue.claim('cloud', 2, kit.clock.nowMs());
    const second = kit.queue.claim('cloud', 2, kit.clock.nowMs());
    expect([...first, ...second].map(uid).sort()).toEqual(['a', 'b', 'c']);
    expect(kit.claimAll()).toEqual([]);
  });

  it('sets aside an image whose details do not open, and holds up no other', async () => {
    await receive(['a', 's'], ['damaged', 's'], ['b', 's']);
    damage(`UPDATE instance SET details = zeroblob(64) WHERE id = 2`);
    expect(kit.claimAll().map(uid).sort()).toEqual(['a', 'b']);
    await kit.clock.advance(0);
    expect(kit.queue.status()).toMatchObject({
      pending: 2,
      parked: 1,
      failures: [{ code: 'object-tampered', state: 'parked', count: 1 }],
      incidents: [{ code: 'object-tampered', count: 1 }],
    });
    expect(kit.claimAll()).toEqual([]);
    // Not held either: mended by a resend, it goes at once.
    await kit.queue.recordReceived(newInstance('damaged', 's', { spoolId: hex('resent', 16) }));
    expect(kit.claimAll().map(uid)).toEqual(['damaged']);
  });

  it('finds a fresh image behind any number that cannot be sent', async () => {
    const names = Array.from({ length: 41 }, (_, index) => (index === 20 ? 'fresh' : `n${index}`));
    await receive(...names.map((name) => [name, 's'] as const));
    damage('UPDATE instance SET spool_id = NULL WHERE id <> 21');
    expect(kit.queue.claim('cloud', 1, kit.clock.nowMs()).map(uid)).toEqual(['fresh']);
    expect(kit.claimAll()).toEqual([]);
    await kit.clock.advance(0);
    expect(kit.queue.status()).toMatchObject({
      pending: 1,
      parked: 40,
      failures: [{ code: 'not-on-this-pc', count: 40 }],
    });
  });

  it('sends the newest study first, and lets the oldest have one slot in four', async () => {
    await receive(
      ['old1', 'old'],
      ['old2', 'old'],
      ['mid', 'mid'],
      ['new1', 'new'],
      ['new2', 'new'],
      ['new3', 'new'],
    );
    expect(kit.queue.claim('cloud', 5, kit.clock.nowMs()).map(uid)).toEqual([
      'new1',
      'new2',
      'new3',
      'old2',
      'mid',
    ]);
  });

  it('lets what failed have its slot once it is due, not before', async () => {
    await receive(['a', 'one'], ['b', 'two'], ['c', 'three'], ['d', 'four']);
    const [job] = kit.queue.claim('cloud', 1, kit.clock.nowMs());
    const dueAtMs = kit.clock.nowMs() + 60_000;
    await kit.queue.markFailed(job!.instanceId, 'cloud', 'cloud-unreachable', 'timeout', dueAtMs);
    expect(kit.queue.claim('cloud', 2, dueAtMs - 1).map(uid)).toEqual(['c', 'b']);
    expect(kit.queue.nextDueAtMs('cloud')).toBe(0);
    expect(kit.queue.claim('cloud', 2, dueAtMs).map(uid).sort()).toEqual(['a', 'd']);
  });

  it('knows when the next one is due', async () => {
    expect(kit.queue.nextDueAtMs('cloud')).toBeUndefined();
    await receive(['a', 'one']);
    expect(kit.queue.nextDueAtMs('cloud')).toBe(0);
    const [job] = kit.claimAll();
    expect(kit.queue.nextDueAtMs('cloud')).toBeUndefined();
    await kit.queue.markFailed(job!.instanceId, 'cloud', 'cloud-unreachable', undefined, 12_345.6);
    expect(kit.queue.nextDueAtMs('cloud')).toBe(12_346);
    expect(kit.queue.nextDueAtMs('unknown')).toBeUndefined();
  });

  it('is given back without using an attempt', async () => {
    await receive(['a', 'one']);
    const [job] = kit.claimAll();
    kit.queue.release(job!.instanceId, 'cloud');
    expect(kit.claimAll()).toMatchObject([{ attempts: 0 }]);
  });

  it('does not outlive the process: after a crash everything is queued again', async () => {
    await receive(['a', 'one'], ['b', 'one']);
    expect(kit.claimAll()).toHaveLength(2);
    kit.reopen();
    expect(kit.queue.status().pending).toBe(2);
    expect(kit.claimAll()).toHaveLength(2);
  });

  it('shows an instance under way as uploading, and its study too', async () => {
    await receive(['a', 'one']);
    kit.claimAll();
    expect([...kit.queue.instances({ tag: 'all' })][0]?.deliveries[0]?.state).toBe('uploading');
    expect(kit.queue.studies(1)[0]?.uploading).toBe(true);
  });
});

describe('what came of an upload', () => {
  it('counts as failed while it waits for another try, as parked when it waits for a person', async () => {
    await receive(['a', 'one'], ['b', 'one']);
    const [a, b] = kit.claimAll();
    await kit.queue.markFailed(a!.instanceId, 'cloud', 'cloud-unreachable', 'x', kit.clock.nowMs() + 1);
    await kit.queue.markParked(b!.instanceId, 'cloud', 'cloud-conflict', undefined);
    expect(kit.queue.status()).toMatchObject({ received: 2, pending: 0, failed: 1, parked: 1 });
    expect(kit.queue.status().destinations).toMatchObject([
      { pending: 2, verified: 0, failed: 1, parked: 1 },
    ]);
    expect(kit.queue.studies(1)).toMatchObject([{ failed: 1, parked: 1 }]);
  });

  it('is grouped by cause, with the first and the last time', async () => {
    await receive(['a', 'one']);
    const startMs = kit.clock.nowMs();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const [job] = kit.claimAll();
      expect(job?.attempts).toBe(attempt);
      await kit.queue.markFailed(job!.instanceId, 'cloud', 'cloud-unreachable', undefined, kit.clock.nowMs());
      await kit.clock.advance(1000);
    }
    expect(kit.queue.status().failures).toEqual([
      {
        id: 'upload:cloud:failed:cloud-unreachable',
        destination: 'cloud',
        state: 'failed',
        code: 'cloud-unreachable',
        count: 1,
        firstAtMs: startMs,
        lastAtMs: startMs + 2000,
      },
    ]);
    await kit.verifyAll();
    expect(kit.queue.status().failures).toEqual([]);
  });

  it('ignores a failure told after the object was proven', async () => {
    await receive(['a', 'one']);
    const [job] = kit.claimAll();
    await kit.queue.markUploaded(job!.instanceId, 'cloud', proof());
    await kit.queue.markFailed(job!.instanceId, 'cloud', 'cloud-unreachable', undefined, 0);
    expect(kit.queue.status()).toMatchObject({ pending: 1, failed: 0 });
  });

  it('no longer counts as verified when the cloud copy is found damaged', async () => {
    await receive(['a', 'one']);
    await kit.verifyAll();
    const [row] = kit.queue.instances({ tag: 'all' });
    await kit.queue.markParked(row!.instanceId, 'cloud', 'object-tampered', undefined);
    expect(kit.queue.status()).toMatchObject({ verified: 0, parked: 1 });
    expect(kit.queue.studies(1)).toMatchObject([{ verified: 0, verifiedBytes: 0 }]);
  });

  it('keeps a re-headed copy and gives back the old one', async () => {
    await receive(['a', 'one']);
    const [job] = kit.claimAll();
    const old = await kit.queue.setSpool(job!.instanceId, hex('new', 16), 1100, 'fingerprint');
    expect(old).toBe(job!.spoolId);
    expect(kit.instance(job!.objectName)).toMatchObject({
      spoolId: hex('new', 16),
      sizeBytes: 1100,
      recoveryFingerprint: 'fingerprint',
    });
    expect(kit.queue.status().spoolBytes).toBe(1100);
    expect(kit.queue.heldCopy(job!.instanceId)).toEqual({
      spoolId: hex('new', 16),
      sizeBytes: 1100,
      recoveryFingerprint: 'fingerprint',
    });
    expect(kit.queue.heldCopy(job!.instanceId + 1)).toBeUndefined();
  });

  it('says whether a parking was written: not when a resend has taken the place of the copy', async () => {
    await receive(['a', 'one'], ['b', 'one']);
    const jobs = kit.claimAll();
    const [replaced] = jobs.filter((job) => uid(job) === 'a');
    const [other] = jobs.filter((job) => uid(job) === 'b');
    kit.missing.add(replaced!.spoolId);
    const resent = { ...newInstance('a', 'one'), spoolId: hex('resent', 16) };
    expect(await kit.queue.recordReceived(resent)).toMatchObject({ tag: 'replaced' });
    const park = (instanceId: number): Promise<boolean> =>
      kit.queue.markParked(instanceId, 'cloud', 'object-missing', undefined);
    expect(await park(replaced!.instanceId)).toBe(false);
    expect(await park(other!.instanceId)).toBe(true);
    expect(kit.queue.status()).toMatchObject({ parked: 1, pending: 1 });
  });
});

describe('another try', () => {
  async function park(...names: readonly string[]): Promise<void> {
    for (const job of kit.claimAll()) {
      if (names.includes(uid(job))) {
        await kit.queue.markParked(job.instanceId, 'cloud', 'cloud-conflict', undefined);
      } else {
        const laterMs = kit.clock.nowMs() + 900_000;
        await kit.queue.markFailed(job.instanceId, 'cloud', 'cloud-unreachable', undefined, laterMs);
      }
    }
  }

  it('can be asked for one cause, one study, one instance, one destination or all', async () => {
    await receive(['a', 'one'], ['b', 'one'], ['c', 'two']);
    const [study] = kit.queue.studies(10).filter(({ instances }) => instances === 2);
    const instanceId = [...kit.queue.instances({ tag: 'all' })][0]!.instanceId;
    const targets = [
      [{ tag: 'failure', id: 'upload:cloud:parked:cloud-conflict' }, 1],
      [{ tag: 'failure', id: 'upload:cloud:failed:cloud-unreachable' }, 2],
      [{ tag: 'failure', id: 'nothing' }, 0],
      [{ tag: 'study', studyId: study!.id }, 2],
      [{ tag: 'instance', instanceId }, 1],
      [{ tag: 'destination', destination: 'cloud' }, 3],
      [{ tag: 'all' }, 3],
    ] as const;
    for (const [target, expected] of targets) {
      await park('a');
      expect([target, await kit.queue.retry(target)]).toEqual([target, expected]);
      await kit.queue.retry({ tag: 'all' });
    }
    expect(kit.claimAll()).toMatchObject([{ attempts: 0 }, { attempts: 0 }, { attempts: 0 }]);
  });

  it('moves thousands in pieces', async () => {
    const many = Array.from({ length: 1300 }, (_, index) => newInstance(`n${index}`));
    await Promise.all(many.map((one) => kit.queue.recordReceived(one)));
    await Promise.all(
      kit.claimAll().map((job) => kit.queue.markParked(job.instanceId, 'cloud', 'cloud-refused', undefined)),
    );
    expect(await kit.queue.retry({ tag: 'all' })).toBe(1300);
    expect(kit.queue.status()).toMatchObject({ pending: 1300, parked: 0 });
  });

  it('leaves parked what has no local copy any more', async () => {
    await receive(['a', 'one']);
    const [row] = kit.queue.spoolRows(undefined, 10);
    expect(await kit.queue.markLost(row!, 'object-missing')).toBe('parked');
    expect(kit.queue.status()).toMatchObject({ parked: 1, spoolBytes: 0 });
    expect(await kit.queue.retry({ tag: 'all' })).toBe(0);
    expect(kit.claimAll()).toEqual([]);
  });
});
