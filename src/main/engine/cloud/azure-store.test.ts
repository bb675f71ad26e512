/** What is Azure's own and so not in the contract: the clock, the deadline, what is where in memory. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { startAzurite, type Azurite } from '../../../../test/support/azurite.ts';
import { startFaultProxy, type FaultProxy } from '../../../../test/support/fault-proxy.ts';
import { Secret } from '../system/secret.ts';
import { SystemClock } from '../system/clock.ts';
import { AzureStore } from './azure-store.ts';
import { blockId } from './azure-blocks.ts';
import { BufferPool } from './buffer-pool.ts';

describe('the Azure store', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let container: string;

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
  });
  afterAll(async () => {
    await proxy.stop();
    await azurite.stop();
  });

  const open = (connection: string, clock: FakeClock | SystemClock): AzureStore =>
    new AzureStore({ connectionString: Secret.fromText(connection), container, prefix: '', clock });

  it('names the clock of this PC, not the key, when a refused signature comes with another time', async () => {
    const wrong = azurite.connectionString().replace(azurite.accountKey, randomBytes(64).toString('base64'));
    const store = open(wrong, new FakeClock(Date.now() + 3 * 60 * 60_000));
    await expect(store.check()).rejects.toMatchObject({
      code: 'cloud-clock-skew',
      detail: 'it is 3 hours ahead',
    });
    await store.close();
  });

  it('names the clock even while the credential still works', async () => {
    const store = open(azurite.connectionString(), new FakeClock(Date.now() - 10 * 60_000));
    await expect(store.check()).rejects.toMatchObject({ code: 'cloud-clock-skew' });
    await store.close();
  });

  it('gives up on a service that takes a request and never answers', async () => {
    const clock = new FakeClock();
    const store = open(azurite.connectionString(proxy.port), clock);
    let arrived: () => void = () => undefined;
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    proxy.setFault(() => {
      arrived();
      return { tag: 'silence' };
    });
    const outcome = expect(store.stat('objects/aa/x.cms')).rejects.toMatchObject({
      code: 'cloud-unreachable',
    });
    await hasArrived;
    await clock.advance(60_000);
    await outcome;
    expect(clock.waitingCount).toBe(0);
    proxy.clear();
    await store.close();
  });

  it('sends one request for a small object, and its answer is the proof', async () => {
    const store = open(azurite.connectionString(proxy.port), new SystemClock());
    const before = proxy.requests.length;
    const bytes = randomBytes(500_000);
    await store.putIfAbsent('objects/aa/small.cms', {
      sizeBytes: bytes.length,
      async *read() {
        await Promise.resolve();
        yield bytes;
      },
    });
    expect(proxy.requests.slice(before).map((request) => request.method)).toEqual(['PUT']);
    await store.close();
  });

  it('leaves no error text and no request that shows the key', async () => {
    const wrongKey = randomBytes(64).toString('base64');
    const store = open(
      azurite.connectionString(proxy.port).replace(azurite.accountKey, wrongKey),
      new SystemClock(),
    );
    const error: unknown = await store.check().catch((reason: unknown) => reason);
    expect(JSON.stringify([String(error), (error as Error).stack, proxy.requests])).not.toContain(wrongKey);
    await store.close();
  });
});

describe('block ids', () => {
  it('depend on place and content and have one length', () => {
    const bytes = randomBytes(100);
    expect(blockId(3, bytes)).toBe(blockId(3, Buffer.from(bytes)));
    expect(blockId(4, bytes)).not.toBe(blockId(3, bytes));
    expect(blockId(3, randomBytes(100))).not.toBe(blockId(3, bytes));
    expect(blockId(49_999, bytes)).toHaveLength(blockId(0, bytes).length);
  });
});

describe('the buffer pool', () => {
  it('lends no more than it may, in the order of asking, and forgets who gave up', async () => {
    const pool = new BufferPool(10, 2, 1);
    const never = new AbortController().signal;
    const [first, second] = [await pool.take(never), await pool.take(never)];
    const gaveUp = new AbortController();
    const third = pool.take(gaveUp.signal);
    const fourth = pool.take(never);
    gaveUp.abort();
    await expect(third).rejects.toMatchObject({ code: 'cancelled' });
    pool.give(first);
    expect(await fourth).toBe(first);
    pool.give(second);
    pool.give(first);
    expect(pool.lent).toBe(0);
  });
});
