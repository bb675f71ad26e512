import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});
afterEach(() => {
  expect(kit.queue.checkConsistency()).toEqual([]);
  kit.dispose();
});

async function receive(name: string, study = 'one'): Promise<void> {
  await kit.queue.recordReceived(newInstance(name, study));
  await kit.clock.advance(1000);
}

/** Verified in the cloud, and gone from this PC. */
async function evicted(...names: readonly string[]): Promise<void> {
  for (const name of names) await receive(name, name);
  await kit.verifyAll();
  for (const object of kit.queue.evictable(kit.clock.nowMs() + 1, 100)) {
    expect(await kit.queue.markEvicted(object)).toBe(true);
  }
}

function addNas(required = true): void {
  kit.queue.setDestinations([
    { name: 'cloud', required: true },
    { name: 'nas', required },
  ]);
}

const claim = (limit = 10) => kit.queue.backFill.claim('nas', limit, kit.clock.nowMs());
const uids = (limit = 10) => claim(limit).map(({ details }) => details?.sopInstanceUid);
const waiting = () => kit.queue.backFill.facts()[0]?.waiting ?? 0;

describe('a destination that is added', () => {
  it('gets what has left this PC from one that has it, newest study first, beside what is still here', async () => {
    await evicted('old', 'newer');
    await receive('here', 'three');
    await kit.verifyAll();
    addNas();
    expect(kit.queue.status()).toMatchObject({ pending: 3, verified: 0, parked: 0, failures: [] });
    expect(kit.queue.claim('nas', 10, kit.clock.nowMs()).map((job) => job.details.sopInstanceUid)).toEqual([
      '1.2.3.here',
    ]);
    const jobs = claim();
    expect(jobs.map(({ details }) => details?.sopInstanceUid)).toEqual(['1.2.3.newer', '1.2.3.old']);
    expect(jobs[0]?.copies).toEqual([
      { destination: 'cloud', repair: 0, sizeBytes: 1000, objectSha256: proof().objectSha256 },
    ]);
    expect(claim()).toEqual([]);
    expect(kit.queue.backFill.nextDueAtMs('nas')).toBeUndefined();
  });

  it('counts what is copied, and starts counting anew when there is more later', async () => {
    await evicted('a', 'b', 'c');
    addNas();
    expect(kit.queue.backFill.facts()).toEqual([{ destination: 'nas', waiting: 3, total: 3 }]);
    const [job] = claim(1);
    await kit.queue.markUploaded(job!.instanceId, 'nas', proof());
    expect(kit.queue.backFill.facts()).toEqual([{ destination: 'nas', waiting: 2, total: 3 }]);
    for (const { instanceId } of claim()) await kit.queue.markUploaded(instanceId, 'nas', proof());
    expect(kit.queue.backFill.facts()).toEqual([]);
    await kit.verifyAll('nas');
    expect(kit.queue.status()).toMatchObject({ verified: 3, pending: 0 });
    kit.queue.setDestinations([{ name: 'nas', required: true }]);
    kit.queue.setDestinations([
      { name: 'nas', required: true },
      { name: 'third', required: true },
    ]);
    expect(kit.queue.backFill.facts()).toEqual([{ destination: 'third', waiting: 3, total: 3 }]);
  });

  it('waits after a failure, and is due again at its time', async () => {
    await evicted('a', 'b');
    addNas();
    const [first, second] = claim();
    const dueAtMs = kit.clock.nowMs() + 5000;
    await kit.queue.markFailed(first!.instanceId, 'nas', 'copy-source-unreachable', undefined, dueAtMs);
    expect(kit.queue.backFill.nextDueAtMs('nas')).toBe(dueAtMs);
    kit.queue.release(second!.instanceId, 'nas');
    expect(kit.queue.backFill.nextDueAtMs('nas')).toBe(0);
    expect(waiting()).toBe(2);
    await kit.clock.advance(5000);
    expect(claim().map(({ attempts }) => attempts)).toEqual([1, 0]);
    // Nothing of it is in the lists of new images.
    expect(kit.queue.nextDueAtMs('nas')).toBeUndefined();
    expect(kit.queue.claim('nas', 10, Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('keeps its place over a restart, whose claims are forgotten', async () => {
    await evicted('a');
    addNas();
    expect(claim()).toHaveLength(1);
    kit.reopen();
    expect(uids()).toEqual(['1.2.3.a']);
  });

  it('takes an image that is sent once more from this PC', async () => {
    await evicted('a');
    addNas();
    await kit.queue.recordReceived(newInstance('a', 'a', { spoolId: '77'.repeat(16) }));
    expect(waiting()).toBe(0);
    expect(claim()).toEqual([]);
    expect(kit.queue.claim('nas', 10, kit.clock.nowMs())).toMatchObject([{ spoolId: '77'.repeat(16) }]);
  });

  it('is told that no destination has it when the one that had has left', async () => {
    await evicted('a');
    addNas();
    kit.queue.setDestinations([{ name: 'nas', required: true }]);
    const [job] = claim();
    expect(job?.copies).toEqual([]);
    await kit.queue.markParked(job!.instanceId, 'nas', 'not-on-this-pc', undefined);
    expect(kit.queue.status()).toMatchObject({ parked: 1, failures: [{ code: 'not-on-this-pc' }] });
    expect(await kit.queue.retry({ tag: 'all' })).toBe(0);
    addNas();
    expect(kit.queue.status()).toMatchObject({ parked: 0, pending: 1 });
    expect(uids()).toEqual(['1.2.3.a']);
  });

  it('is copied to again when somebody asks for what was set aside', async () => {
    await evicted('a');
    addNas();
    const [job] = claim();
    await kit.queue.markParked(job!.instanceId, 'nas', 'copy-source-damaged', undefined);
    expect(kit.queue.status().parked).toBe(1);
    expect(await kit.queue.retry({ tag: 'all' })).toBe(1);
    expect(uids()).toEqual(['1.2.3.a']);
    expect(waiting()).toBe(1);
  });

  it('does not turn what is safe when it is best-effort', async () => {
    await evicted('a');
    addNas(false);
    expect(kit.queue.status()).toMatchObject({ verified: 1, pending: 0 });
    expect(waiting()).toBe(1);
  });
});
