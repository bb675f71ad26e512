/**
 * The PC's clock is set an hour or a year wrong, both ways, while images wait and while they go, and set right again: the
 * queue goes on, nothing is green that is not proven, nothing waits for a year, nothing ends before its time.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { faultyAzure, type CloudPlace, type FaultyCloud } from '../support/faulty-clouds.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { needs } from '../support/tools.ts';

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

const jumps = [
  ['an hour ahead', hourMs],
  ['an hour back', -hourMs],
  ['a year ahead', yearMs],
  ['a year back', -yearMs],
] as const;

needs('openssl')('a clock that jumps', () => {
  let cloud: FaultyCloud;
  let place: CloudPlace;
  let live: LiveEngine;

  beforeAll(async () => {
    cloud = await faultyAzure();
  });
  afterAll(() => cloud.stop());
  beforeEach(async () => {
    place = await cloud.place();
    live = await LiveEngine.open(place);
    await live.start();
    expect(await live.send(2000)).toBe(1);
    await live.statusWhere(({ headline }) => headline === 'all-safe');
  });
  afterEach(async () => {
    cloud.proxy.clear();
    await live.dispose();
  });

  async function expectAllThere(images: number): Promise<void> {
    const { counts } = await live.statusWhere(({ counts: { verified } }) => verified === images);
    expect(counts).toMatchObject({ received: images, verified: images, parked: 0, failed: 0 });
    const inCloud = await live.inCloud(place.objects());
    expect([...inCloud].sort()).toEqual([...live.acknowledged].sort());
  }

  it.each(jumps)(
    '%s: what comes in goes on, and it is all safe again when the clock is right',
    async (_name, ms) => {
      live.clock.jump(ms);
      // The proof of before is not within a day of now, or lies in the future: green would be a guess.
      const at = await live.status();
      expect(at.safe && Math.abs(ms) > 24 * hourMs).toBe(false);
      expect(await live.send(3000, 5_000_000)).toBe(2);
      await expectAllThere(3);
      live.clock.jump(-ms);
      expect(await live.send(4000)).toBe(1);
      await expectAllThere(4);
      // Nobody wakes it: an hour of its own time is enough for whatever waits.
      await live.statusWhere(
        ({ headline }) => headline === 'all-safe',
        () => {
          live.clock.skip(60_000);
          live.clock.setRight();
        },
      );
    },
  );

  it.each(jumps)(
    '%s, while images wait for a cloud that is down: they are told, not hammered for, and go on',
    async (_name, ms) => {
      cloud.proxy.setFault(() => ({ tag: 'status', status: 500, headers: { 'x-ms-request-id': 'r' } }));
      expect(await live.send(3000, 4000, 5000, 6000)).toBe(4);
      await live.statusWhere(({ failures }) => failures.some(({ code }) => code === 'cloud-server-error'));
      live.clock.jump(ms);
      const before = cloud.proxy.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      // What is due by the new clock is tried once, and what fails waits anew.
      expect(cloud.proxy.requests.length - before).toBeLessThan(40);
      expect(await live.status()).toMatchObject({ safe: false, headline: 'attention' });
      cloud.proxy.clear();
      // By its own time alone: the sweep of every ten minutes at the latest, whatever the wall says.
      await live.statusWhere(
        ({ counts }) => counts.verified === 5,
        () => live.clock.skip(30_000),
      );
      live.clock.setRight();
      await expectAllThere(5);
    },
  );

  it.each(jumps)('%s, during a pause: it ends by the time that was asked for', async (_name, ms) => {
    await live.service.uploads.pause({ tag: 'for', minutes: 30 }, 'command-line');
    live.clock.jump(ms);
    expect(await live.send(3000)).toBe(1);
    live.clock.skip(31 * 60_000);
    await live.statusWhere(({ counts }) => counts.verified === 2);
    live.clock.setRight();
    await expectAllThere(2);
  });

  it('a restart with the clock a year off keeps everything, and the right time makes it safe again', async () => {
    cloud.proxy.setFault(() => ({ tag: 'status', status: 500, headers: { 'x-ms-request-id': 'r' } }));
    expect(await live.send(3000)).toBe(1);
    await live.stop();
    live.clock.jump(yearMs);
    await live.openAgain();
    await live.start();
    cloud.proxy.clear();
    const told = await live.statusWhere(({ destinations }) => destinations[0]?.error !== null);
    expect(told).toMatchObject({ safe: false, headline: 'attention' });
    expect(told.destinations[0]?.error).toMatchObject({ code: 'cloud-clock-skew' });
    live.clock.jump(-yearMs);
    await live.statusWhere(
      ({ headline }) => headline === 'all-safe',
      () => {
        live.clock.skip(60_000);
        live.clock.setRight();
      },
    );
    await expectAllThere(2);
  });
});
