/** Pauses, limits and turns of the uploads, on a real spool, queue and storage emulator. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { GiveWay } from '../../src/main/engine/upload/give-way.ts';
import type { UploadHold } from '../../src/main/engine/upload/hold.ts';
import { RateLimit } from '../../src/main/engine/upload/pacing-rate.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { startFaultProxy, type FaultProxy, type SeenRequest } from '../support/fault-proxy.ts';
import { azureStore, bytesOf, destination, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';

const miB = 1024 * 1024;
const isObjectPut = (request: SeenRequest): boolean =>
  request.method === 'PUT' && request.url.includes('/objects/');
const isBlockPut = (request: SeenRequest): boolean =>
  isObjectPut(request) && request.url.includes('comp=block&');

describe('paced uploads', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let container: string;
  let prefixes = 0;
  let prefix = '';
  let store: CloudStore;
  let rig: UploadRig;
  const toClose: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
  });
  afterEach(async () => {
    proxy.clear();
    for (const close of toClose.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await proxy.stop();
    await azurite.stop();
  });

  async function fresh(): Promise<UploadRig> {
    prefixes += 1;
    prefix = `p${prefixes}`;
    store = azureStore(azurite.connectionString(), container, prefix);
    toClose.push(() => store.close());
    rig = await UploadRig.open();
    toClose.push(() => rig.dispose());
    return rig;
  }
  const connect = (): Promise<CloudStore> =>
    Promise.resolve(azureStore(azurite.connectionString(proxy.port), container, prefix));
  const seenHere = (): SeenRequest[] => proxy.requests.filter(({ url }) => url.includes(`/${prefix}/`));

  it('a pause cuts a large object off without using an attempt, and it goes on with the blocks that are left', async () => {
    await fresh();
    const image = testImage('1', '1', 21 * miB);
    const name = await rig.receive(image);
    let hold: UploadHold | undefined;
    // The first blocks get through; of the others none is answered while it is paused.
    let answered = 0;
    proxy.setFault((request) => {
      if (!isBlockPut(request)) return { tag: 'none' };
      answered += 1;
      return answered <= 2 ? { tag: 'none' } : { tag: 'silence' };
    });
    const stage = rig.stage(connect, { hold: () => hold });
    stage.start();
    await rig.until(() => answered > 2 && stage.status.bytesPerSecond > 0);
    hold = { tag: 'paused', untilMs: rig.clock.nowMs() + 3_600_000 };
    stage.workArrived();
    await rig.until(() => stage.status.active === 0);
    expect(stage.status).toMatchObject({
      state: 'paused',
      error: { code: 'uploads-paused' },
      hold: 'paused',
    });
    expect(rig.queue.status()).toMatchObject({ pending: 1, failed: 0, failures: [] });
    const whilePaused = seenHere().length;
    // What comes in meanwhile is received, and waits.
    await rig.receive(testImage('2'));
    await rig.clock.sleep(300);
    expect(seenHere().length).toBe(whilePaused);
    expect(rig.queue.status().received).toBe(2);

    proxy.clear();
    hold = undefined;
    stage.workArrived();
    await rig.untilVerified(2);
    const blocks = seenHere().slice(whilePaused).filter(isBlockPut).length;
    // 21 MiB are six blocks of 4 MiB; those that were answered are not sent again.
    expect(blocks).toBeGreaterThan(0);
    expect(blocks).toBeLessThan(6);
    expect(openWhole(rig.openers, await bytesOf(store, cloudNames.object(name))).equals(image.file)).toBe(
      true,
    );
  });

  it('a pause lets a small object end and holds its list back', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    let hold: UploadHold | undefined;
    proxy.setFault((request) => (isObjectPut(request) ? { tag: 'delay', ms: 500 } : { tag: 'none' }));
    const stage = rig.stage(connect, { hold: () => hold });
    stage.start();
    await rig.until(() => stage.status.active === 1);
    hold = { tag: 'paused', untilMs: rig.clock.nowMs() + 3_600_000 };
    stage.workArrived();
    await rig.until(() => stage.status.active === 0);
    await rig.until(() => rig.queue.manifestBacklog(destination).count === 1);
    await rig.clock.sleep(400);
    expect(await namesIn(store, cloudNames.manifests)).toEqual([]);
    expect(rig.queue.status().verified).toBe(0);
    hold = undefined;
    stage.workArrived();
    await rig.untilVerified(1);
    expect(seenHere().filter(isObjectPut)).toHaveLength(1);
  });

  it.each(['a pause', 'a drain', 'a stop'] as const)(
    '%s in the middle leaves nothing claimed that is not being sent',
    async (what) => {
      await fresh();
      const images = 120;
      for (let number = 1; number <= images; number += 1) await rig.receive(testImage(String(number)));
      let hold: UploadHold | undefined;
      const stage = rig.stage(connect, { hold: () => hold });
      const sent = (): number => rig.queue.manifestBacklog(destination).count + rig.queue.status().verified;
      stage.start();
      await rig.until(() => sent() >= 20);
      if (what === 'a pause') {
        hold = { tag: 'paused', untilMs: rig.clock.nowMs() + 3_600_000 };
        stage.workArrived();
        await rig.until(() => stage.status.active === 0);
      } else if (what === 'a drain') await stage.drain(AbortSignal.timeout(20_000));
      else await stage.stop();

      const left = images - sent();
      expect(left).toBeGreaterThan(0);
      const free = rig.queue.claim(destination, images, rig.clock.nowMs());
      expect(free).toHaveLength(left);
    },
  );

  it('a pause ends by itself', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    const untilMs = rig.clock.nowMs() + 500;
    const hold = (): UploadHold | undefined =>
      rig.clock.nowMs() < untilMs ? { tag: 'paused', untilMs } : undefined;
    rig.stage(connect, { hold }).start();
    await rig.untilVerified(1);
    expect(rig.clock.nowMs()).toBeGreaterThanOrEqual(untilMs);
  });

  it('a device that takes all of this PC has the uploads wait for their turns, and all go when it has ended', async () => {
    await fresh();
    for (const index of ['1', '2', '3', '4', '5', '6']) await rig.receive(testImage(index));
    let load = 1;
    const giveWay = new GiveWay({ clock: rig.clock, load: () => load });
    // Nobody waits long for an image here: as if one came in each time that is asked.
    giveWay.received();
    const turns = giveWay.newTurns();
    turns.take();
    const keepsReceiving = setInterval(() => giveWay.received(), 20);
    try {
      const asked: number[] = [];
      const stage = rig.stage(connect, {
        turns: {
          left: () => {
            const left = turns.left();
            asked.push(left);
            return left;
          },
          take: () => turns.take(),
        },
      });
      stage.start();
      await rig.untilVerified(6);
      expect(new Set(asked)).toEqual(new Set([0, 1]));
      load = 0.1;
      for (const index of ['7', '8', '9']) await rig.receive(testImage(index));
      stage.workArrived();
      await rig.untilVerified(9);
      expect(asked).toContain(Number.POSITIVE_INFINITY);
    } finally {
      clearInterval(keepsReceiving);
    }
  });

  it('goes on soon after the last image, although nothing else wakes the uploads then', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    const giveWay = new GiveWay({ clock: rig.clock, load: () => 1 });
    const turns = giveWay.newTurns();
    giveWay.received();
    rig.stage(connect, { turns }).start();
    await rig.untilVerified(1);
  });

  it('a bandwidth limit holds on the way to the cloud, shared by what is sent at once', async () => {
    await fresh();
    const images = Array.from({ length: 8 }, (_, index) => testImage(String(index), '1', miB / 4));
    for (const image of images) await rig.receive(image);
    const sizeBytes = rig.queue.status().spoolBytes;
    const rate = miB;
    const startMs = rig.clock.monotonicMs();
    const limited = rig.stage(connect, { rateLimits: [new RateLimit(rate, rig.clock)] });
    limited.start();
    await rig.untilVerified(8, 60_000);
    const seconds = (rig.clock.monotonicMs() - startMs) / 1000;
    // Never faster than the limit, but for its credit; how much slower is up to this machine.
    expect(sizeBytes / rate / seconds).toBeLessThanOrEqual(1.1);
  });

  it('being woken tries at once what would have waited', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    let isDown = true;
    proxy.setFault((request) =>
      isDown && isObjectPut(request)
        ? { tag: 'status', status: 503, headers: { 'Retry-After': '600' } }
        : { tag: 'none' },
    );
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => rig.queue.status().failed === 1);
    isDown = false;
    // By itself it would come back in ten minutes.
    expect(rig.queue.nextDueAtMs(destination)).toBeGreaterThan(rig.clock.nowMs() + 300_000);
    stage.wake();
    await rig.untilVerified(1);
  });

  it('a small image finds a slot while a large one fills the line, even with a single slot', async () => {
    await fresh();
    await rig.receiveLarge('1', 40 * miB);
    proxy.setFault((request) => (isBlockPut(request) ? { tag: 'silence' } : { tag: 'none' }));
    const stage = rig.stage(connect, { concurrency: 1 });
    stage.start();
    await rig.until(() => seenHere().some(isBlockPut));
    await rig.receive(testImage('2', '2'));
    await rig.untilVerified(1);
    expect(rig.queue.status()).toMatchObject({ verified: 1, pending: 1, failed: 0 });
    expect(stage.status.active).toBe(1);
  });

  it('sends fewer at once when the cloud asks to go slower, and as many as before when it is well again', async () => {
    await fresh();
    const stage = rig.stage(connect, { concurrency: 8 });
    stage.start();
    for (let index = 0; index < 12; index += 1) await rig.receive(testImage(`a${index}`));
    await rig.untilVerified(12);
    expect(stage.status.width).toBe(8);
    let busy = true;
    proxy.setFault((request) =>
      busy && isObjectPut(request) ? { tag: 'status', status: 503 } : { tag: 'none' },
    );
    for (let index = 0; index < 40; index += 1) await rig.receive(testImage(`b${index}`));
    await rig.until(() => stage.status.state === 'retrying' && stage.status.active === 0);
    busy = false;
    stage.wake();
    const widths: number[] = [];
    await rig.until(() => {
      // While it is held to be down one at a time finds out: that is not meant here.
      if (stage.status.state === 'ok') widths.push(stage.status.width);
      return rig.queue.status().verified === 52;
    }, 40_000);
    expect(Math.min(...widths)).toBeLessThan(8);
    for (let index = 0; index < 40; index += 1) await rig.receive(testImage(`c${index}`));
    await rig.untilVerified(92);
    expect(stage.status.width).toBe(8);
  });
});
