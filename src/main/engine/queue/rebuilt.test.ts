import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { RebuiltEntry } from './rebuilt.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => kit.dispose());

function entry(name: string, study = 'study-1', wishes: Partial<RebuiltEntry> = {}): RebuiltEntry {
  const { objectName, sizeBytes, details } = newInstance(name, study);
  return {
    objectName,
    sizeBytes,
    details,
    objectSha256: hex(`ciphertext ${name}`, 32),
    presence: 'present',
    atMs: 1_700_000_000_000,
    ...wishes,
  };
}

describe('rows rebuilt from the cloud', () => {
  it('count as received and verified, without a local copy, and stand in their studies', () => {
    const counts = kit.queue.rebuilt.add('cloud', [entry('a'), entry('b'), entry('c', 'study-2')]);
    expect(counts).toEqual({ added: 3, known: 0, found: 0, missing: 0 });
    expect(kit.queue.status()).toMatchObject({
      received: 3,
      verified: 3,
      pending: 0,
      studies: 2,
      spoolBytes: 0,
    });
    expect(
      kit.queue
        .studies(10)
        .map(({ instances, verified }) => [instances, verified])
        .sort(),
    ).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(kit.queue.studies(1)[0]?.details.patientName).toBe('Doe^Jane');
    const row = kit.instance(entry('a').objectName);
    expect(row).toMatchObject({ spoolId: null, state: 'verified', details: entry('a').details });
    expect(row?.deliveries).toMatchObject([{ state: 'verified', objectSha256: entry('a').objectSha256 }]);
    expect(kit.queue.checkConsistency()).toEqual([]);
  });

  it('are added once, however often the cloud is read', () => {
    kit.queue.rebuilt.add('cloud', [entry('a'), entry('b')]);
    expect(kit.queue.rebuilt.add('cloud', [entry('a'), entry('b'), entry('b')])).toMatchObject({
      added: 0,
      known: 3,
    });
    expect(kit.queue.status()).toMatchObject({ received: 2, verified: 2, studies: 1 });
  });

  it('make a resend of the same image a duplicate', async () => {
    kit.queue.rebuilt.add('cloud', [entry('a')]);
    expect(await kit.queue.recordReceived(newInstance('a'))).toEqual({ tag: 'duplicate' });
    expect(kit.queue.nextDueAtMs('cloud')).toBeUndefined();
  });

  it('leave alone what this PC received itself', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    expect(kit.queue.rebuilt.add('cloud', [entry('a')])).toMatchObject({ added: 0, known: 1 });
    expect(kit.queue.status()).toMatchObject({ received: 1, pending: 1, verified: 0 });
    expect(kit.queue.checkConsistency()).toEqual([]);
  });

  it('are not called safe when the object is not in the cloud, and a resend takes their place', async () => {
    const counts = kit.queue.rebuilt.add('cloud', [entry('a', 'study-1', { presence: 'missing' })]);
    expect(counts).toMatchObject({ added: 1, missing: 1 });
    expect(kit.queue.status()).toMatchObject({
      parked: 1,
      verified: 0,
      failures: [{ code: 'object-missing' }],
    });
    expect(kit.queue.checkConsistency()).toEqual([]);
    expect(await kit.queue.recordReceived(newInstance('a'))).toMatchObject({ tag: 'replaced' });
    await kit.verifyAll();
    expect(kit.queue.status()).toMatchObject({ parked: 0, verified: 1 });
  });

  it('are verified at a second required destination only when its own manifests name them', () => {
    kit.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
    ]);
    kit.queue.rebuilt.add('cloud', [entry('a'), entry('b')]);
    expect(kit.queue.status()).toMatchObject({
      parked: 2,
      verified: 0,
      failures: [{ destination: 'nas', code: 'not-on-this-pc', count: 2 }],
    });
    expect(kit.queue.rebuilt.add('nas', [entry('a')])).toEqual({ added: 0, known: 0, found: 1, missing: 0 });
    expect(kit.queue.status()).toMatchObject({ parked: 1, verified: 1 });
    expect(kit.queue.checkConsistency()).toEqual([]);
  });

  it('are not called good again by a listing when a look has found them bad', async () => {
    kit.queue.rebuilt.add('cloud', [entry('a')]);
    const [copy] = kit.queue.verification.oldest('cloud', 1);
    expect(await kit.queue.verification.markBad(copy!, 'damaged')).toBe(true);
    expect(kit.queue.rebuilt.add('cloud', [entry('a')])).toMatchObject({ known: 1, found: 0 });
    expect(kit.queue.status()).toMatchObject({ parked: 1, verified: 0 });
  });

  it('are looked at by the scrub before what this PC has uploaded itself, at the copy that the list names', async () => {
    await kit.queue.recordReceived(newInstance('own'));
    await kit.verifyAll();
    kit.queue.rebuilt.add('cloud', [entry('a', 'study-1', { repair: 2 })]);
    expect(
      kit.queue.verification.oldest('cloud', 5).map(({ objectName, repair }) => [objectName, repair]),
    ).toEqual([
      [entry('a').objectName, 2],
      [entry('own').objectName, 0],
    ]);
  });

  it('do not begin or continue a chain of manifests: this installation has its own', async () => {
    kit.queue.rebuilt.add('cloud', [entry('a')]);
    expect(kit.queue.manifestHead('cloud')).toBeUndefined();
    expect(kit.queue.manifestBacklog('cloud').count).toBe(0);
    await kit.queue.recordReceived(newInstance('b'));
    const [job] = kit.claimAll();
    await kit.queue.markUploaded(job!.instanceId, 'cloud', {
      etag: '"1"',
      objectSha256: hex('x', 32),
      sizeBytes: 1000,
    });
    expect(kit.queue.takeManifestBatch('cloud', 10)).toMatchObject({ sequence: 1, previousSha256: null });
  });

  it('mark two images under one UID as a conflict, on both', () => {
    const other = { ...entry('a'), objectName: hex('another object', 32) };
    kit.queue.rebuilt.add('cloud', [entry('a'), other]);
    expect(kit.instance(entry('a').objectName)?.flags).toEqual(['uid-conflict']);
    expect(kit.instance(other.objectName)?.flags).toEqual(['uid-conflict']);
  });

  it('hold ten thousand images in small transactions, with all counters right', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => index);
    const at = (from: number): RebuiltEntry[] =>
      names.slice(from, from + 500).map((index) => entry(`n${index}`, `study-${Math.floor(index / 400)}`));
    for (let from = 0; from < names.length; from += 500) kit.queue.rebuilt.add('cloud', at(from));
    expect(kit.queue.status()).toMatchObject({ received: 10_000, verified: 10_000, studies: 25 });
    expect(kit.queue.rebuilt.add('cloud', at(5000))).toMatchObject({ added: 0, known: 500 });
    expect(kit.queue.checkConsistency()).toEqual([]);
  }, 120_000);
});

describe('what is known of backups', () => {
  it('remembers the newest one stored, and since when one is owed', async () => {
    const { backups } = kit.queue;
    expect(backups.get('cloud')).toMatchObject({
      number: 0,
      contentSha256: undefined,
      owedSinceMs: undefined,
    });
    await backups.owed('cloud');
    const since = kit.clock.nowMs();
    await kit.clock.advance(5000);
    await backups.owed('cloud');
    expect(backups.get('cloud')).toMatchObject({ number: 0, owedSinceMs: since });
    await backups.written('cloud', 3, hex('content', 32));
    expect(kit.reopen().backups.get('cloud')).toMatchObject({
      number: 3,
      contentSha256: hex('content', 32),
      owedSinceMs: undefined,
    });
  });
});
