/**
 * Faults that are about time and credentials: the wait that a cloud asks for is kept, a credential that expires in the
 * middle of an upload costs nothing that was sent, and a cloud that is down is not hammered.
 */
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { needs } from '../support/tools.ts';
import { eachBlob } from '../support/whole-way.ts';

const miB = 1024 * 1024;
const hourMs = 3_600_000;

needs('openssl')('a cloud that asks for time, or for another credential', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let container: string;
  let live: LiveEngine;

  beforeEach(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
  });
  afterEach(async () => {
    await live.dispose();
    await proxy.stop();
    await azurite.stop();
  });

  async function open(secret: string): Promise<void> {
    live = await LiveEngine.open({ destination: { kind: 'azure', container }, secret });
    await live.start();
  }

  async function expectAllThere(images: number, meanwhile: () => void = () => undefined): Promise<void> {
    const { counts } = await live.statusWhere(({ headline }) => headline === 'all-safe', meanwhile);
    expect(counts).toMatchObject({ received: images, verified: images, parked: 0, failed: 0 });
    const inCloud = await live.inCloud(eachBlob(azurite, 'objects/', container));
    expect([...inCloud].sort()).toEqual([...live.acknowledged].sort());
  }

  /** Requests for images so far; backups and probes have waits of their own. */
  function asked(): number {
    return proxy.requests.filter(({ url }) => url.includes('/objects/')).length;
  }

  /** What the loop of the uploads does at once is done by then; a request that comes later is not missed, only not seen. */
  function settled(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 300));
  }

  it.each([
    ['429 with seconds', 429, (): Record<string, string> => ({ 'retry-after': '600' })],
    ['503 with seconds', 503, (): Record<string, string> => ({ 'retry-after': '600' })],
    [
      '503 with a date',
      503,
      (): Record<string, string> => ({ 'retry-after': new Date(Date.now() + 601_000).toUTCString() }),
    ],
    [
      "503 with the service's own milliseconds",
      503,
      (): Record<string, string> => ({ 'x-ms-retry-after-ms': '600000' }),
    ],
  ])(
    '%s: nothing is asked before that time, and everything goes on after it',
    async (_name, status, headers) => {
      await open(azurite.connectionString(proxy.port));
      expect(await live.send(2000)).toBe(1);
      await live.statusWhere(({ headline }) => headline === 'all-safe');
      proxy.setFault(() => ({ tag: 'status', status, headers: { 'x-ms-request-id': 'r', ...headers() } }));
      expect(await live.send(3000)).toBe(1);
      await live.statusWhere(({ failures }) => failures.some(({ code }) => code === 'cloud-throttled'));
      await settled();
      proxy.clear();
      const before = asked();
      live.clock.skip(590_000);
      await settled();
      expect(asked()).toBe(before);
      // The server's time, and at most a second of our own on top.
      live.clock.skip(12_000);
      live.clock.setRight();
      await expectAllThere(2);
    },
  );

  it('a cloud that is down is asked by one request at a time, at most some times a minute, however much waits', async () => {
    await open(azurite.connectionString(proxy.port));
    expect(await live.send(2000)).toBe(1);
    await live.statusWhere(({ headline }) => headline === 'all-safe');
    proxy.setFault(() => ({ tag: 'status', status: 500, headers: { 'x-ms-request-id': 'r' } }));
    expect(await live.send(...Array.from({ length: 9 }, (_, index) => 1000 + index))).toBe(9);
    await live.statusWhere(({ failures }) => failures.some(({ code }) => code === 'cloud-server-error'));
    await settled();
    const before = asked();
    const steps = 120;
    for (let step = 0; step < steps; step += 1) {
      live.clock.skip(30_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // An hour: one request at a time, each after a wait drawn below a minute once it has grown that far.
    expect(asked() - before).toBeLessThanOrEqual(2 * steps);
    expect(asked() - before).toBeGreaterThan(10);
    expect((await live.status()).headline).toBe('attention');
    proxy.clear();
    live.clock.setRight();
    // A request that was under way may still fail, and its wait is a real one: somebody who is back tries again.
    await expectAllThere(10, () => live.wake());
  });

  it('a shared access signature that expires in the middle of a large upload is told, and a new one goes on with what is there', async () => {
    const client = azurite.container(container);
    const sas = async (id: string, endsInMs: number): Promise<string> => {
      await client.setAccessPolicy(undefined, [
        {
          id,
          accessPolicy: {
            startsOn: new Date(Date.now() - hourMs),
            expiresOn: new Date(Date.now() + endsInMs),
            permissions: ContainerSASPermissions.parse('racwl').toString(),
          },
        },
      ]);
      const credential = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
      const query = generateBlobSASQueryParameters({ containerName: container, identifier: id }, credential);
      const endpoint = `http://127.0.0.1:${proxy.port}/${azurite.accountName}`;
      return `BlobEndpoint=${endpoint};SharedAccessSignature=${query.toString()}`;
    };
    await open(await sas('first', hourMs));
    expect(await live.send(2000)).toBe(1);
    await live.statusWhere(({ headline }) => headline === 'all-safe');

    const isBlock = (url: string): boolean => /[?&]comp=block(&|$)/.test(url);
    const stored = (): readonly string[] =>
      proxy.answers
        .filter(({ request, status }) => status === 201 && isBlock(request.url))
        .map(({ request }) => new URL(request.url, 'http://x').searchParams.get('blockid') ?? '');
    // Blocks go several at once: the policy ends when two are stored, and the others wait for that.
    const twoAreStored = async (): Promise<void> => {
      while (stored().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    // The service itself refuses from the third block on: its policy has ended by then.
    const expired = Promise.withResolvers<void>();
    let blocks = 0;
    proxy.setFault(({ url }) => {
      if (!isBlock(url)) return { tag: 'none' };
      blocks += 1;
      if (blocks <= 2) return { tag: 'none' };
      if (blocks === 3) {
        void twoAreStored()
          .then(() => sas('first', -60_000))
          .then(() => expired.resolve());
      }
      return { tag: 'reset-request-after', bytes: Number.MAX_SAFE_INTEGER, when: expired.promise };
    });
    expect(await live.send(23 * miB)).toBe(1);
    await expired.promise;
    proxy.clear();
    const told = await live.statusWhere(
      ({ failures }) => failures.some(({ code }) => code === 'cloud-auth'),
      () => live.wake(),
    );
    expect(told).toMatchObject({ safe: false, headline: 'attention', counts: { verified: 1 } });
    expect(told.destinations[0]).toMatchObject({ state: 'refused' });
    const before = stored();
    expect(before.length).toBeGreaterThanOrEqual(2);

    // No wake: that the credential came is enough.
    await live.service.secrets.store('cloud', await sas('second', hourMs), 'command-line');
    await expectAllThere(2);
    const all = stored();
    expect(new Set(all).size, 'no block was stored twice').toBe(all.length);
    expect(all).toHaveLength(6);
  });
});
