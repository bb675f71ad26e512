import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { NewInstance } from './queue-types.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => {
  expect(kit.queue.checkConsistency()).toEqual([]);
  kit.dispose();
});

async function record(name: string, study = 'one', wishes: Partial<NewInstance> = {}): Promise<number> {
  const { details: _, ...rest } = wishes;
  const outcome = await kit.queue.recordReceived(newInstance(name, study, { flush: 'pending', ...rest }));
  if (outcome.tag === 'duplicate') throw new Error('a duplicate has no row of its own');
  return outcome.instanceId;
}

describe('a row whose file is still being flushed', () => {
  it('is known as such after a crash, until it was confirmed', async () => {
    const [a, b] = [await record('a'), await record('b')];
    expect(kit.queue.unsynced().map((row) => row.instanceId)).toEqual([a, b]);
    kit.queue.confirmDurable(a);
    await record('c');
    expect(kit.queue.unsynced().map((row) => row.instanceId)).toEqual([b, 3]);
  });

  it('is confirmed by a commit of its own when no other image comes', async () => {
    kit.queue.confirmDurable(await record('a'));
    expect(kit.queue.unsynced()).toHaveLength(1);
    await kit.clock.advance(1000);
    kit.queue.flush();
    expect(kit.queue.unsynced()).toEqual([]);
  });

  it('is confirmed when the database is closed', async () => {
    kit.queue.confirmDurable(await record('a'));
    expect(kit.reopen().unsynced()).toEqual([]);
  });

  it('is not among them when its file was durable before', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    expect(kit.queue.unsynced()).toEqual([]);
  });
});

describe('withdrawing', () => {
  it('leaves no trace of the row, its deliveries, its files and its study', async () => {
    await kit.queue.recordReceived(newInstance('kept', 'other'));
    const before = kit.queue.status();
    const id = await record('a', 'one', { deleteAfterVerify: '/share/a.dcm' });
    expect(await kit.queue.withdraw(id, newInstance('a').spoolId)).toBe('withdrawn');
    expect(kit.queue.status()).toEqual({ ...before, newestPendingAtMs: before.newestPendingAtMs });
    expect(kit.queue.studies(10)).toHaveLength(1);
    expect(kit.queue.deletableFiles(10)).toEqual([]);
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(1);
  });

  it('lets the same image come again, into a study of the same name', async () => {
    await kit.queue.withdraw(await record('a'), newInstance('a').spoolId);
    expect(await kit.queue.recordReceived(newInstance('a', 'one'))).toMatchObject({ tag: 'recorded' });
    expect(kit.queue.status()).toMatchObject({ received: 1, studies: 1 });
  });

  it('keeps an older row whose lost copy it was to replace, and asks for the image again', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const [row] = kit.queue.spoolRows(undefined, 1);
    await kit.queue.markLost(row!, 'object-missing');
    const id = await record('a');
    expect(kit.queue.status()).toMatchObject({ pending: 1, parked: 0 });
    expect(await kit.queue.withdraw(id, newInstance('a').spoolId)).toBe('kept');
    expect(kit.queue.status()).toMatchObject({ received: 1, parked: 1 });
  });

  it('keeps a row that the cloud has proven meanwhile, without a local copy', async () => {
    const id = await record('a');
    kit.queue.claim('cloud', 1, kit.clock.nowMs());
    await kit.queue.markUploaded(id, 'cloud', proof());
    expect(await kit.queue.withdraw(id, newInstance('a').spoolId)).toBe('kept');
    expect(kit.queue.status()).toMatchObject({ received: 1, parked: 0, spoolBytes: 0 });
  });

  it('touches nothing when another copy took its place', async () => {
    const id = await record('a');
    await kit.queue.setSpool(id, newInstance('b').spoolId, 1000, null);
    expect(await kit.queue.withdraw(id, newInstance('a').spoolId)).toBe('moved-on');
    expect(kit.queue.status()).toMatchObject({ received: 1, pending: 1, spoolBytes: 1000 });
  });

  it('drops what an upload under way still reports about it', async () => {
    const id = await record('a');
    kit.queue.claim('cloud', 1, kit.clock.nowMs());
    await kit.queue.withdraw(id, newInstance('a').spoolId);
    await kit.queue.markUploaded(id, 'cloud', proof());
    expect(kit.queue.status()).toMatchObject({ received: 0 });
  });
});
