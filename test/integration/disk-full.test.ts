/**
 * The disk is full, at each stage an image goes through: nothing that was answered with Success is lost, the status says
 * what is wrong, and everything goes on by itself when there is room again.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toEdgeSyncError } from '../../src/shared/errors.ts';
import type { SeenRequest } from '../support/fault-proxy.ts';
import { faultyAzure, type CloudPlace, type FaultyCloud } from '../support/faulty-clouds.ts';
import { LiveEngine } from '../support/live-engine.ts';
import { mayMount, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const miB = 1024 * 1024;
/** Housekeeping looks once a minute whether the disk takes writes again. */
const aMinuteMs = 61_000;

// Asked of the machine itself: mounting takes root.
describe.skipIf(!mayMount())('a full disk', () => {
  let cloud: FaultyCloud;
  let place: CloudPlace;
  let disk: SmallDisk;
  let live: LiveEngine;

  beforeAll(async () => {
    cloud = await faultyAzure();
  });
  afterAll(() => cloud.stop());
  beforeEach(async () => {
    disk = mountSmallDisk(48 * miB);
    place = await cloud.place();
    live = await LiveEngine.open({ ...place, dataDir: join(disk.dir, 'data') });
    await live.start();
    expect(await live.send(2000)).toBe(1);
    await live.statusWhere(({ headline }) => headline === 'all-safe');
  });
  afterEach(async () => {
    cloud.proxy.clear();
    disk.empty();
    await live.dispose();
    disk.remove();
  });

  it.each([
    ['in the middle of an image', 200_000, 5 * miB],
    ['before its first byte', 0, 3000],
    ['before the row of an image is written', 0, 40],
  ])('%s: it is refused, told, and over without another image', async (_name, leaveBytes, pixelBytes) => {
    disk.fill(leaveBytes);
    expect(await live.send(pixelBytes)).toBe(0);
    const full = await live.status();
    expect(full).toMatchObject({
      safe: false,
      headline: 'not-receiving',
      counts: { received: 1, verified: 1 },
    });
    expect(full.failures.map(({ code }) => code)).toContain('disk-full');
    disk.empty();
    // Nobody sends anything: a device that has given up may never come back.
    await live.statusWhere(
      ({ failures }) => failures.every(({ action }) => action === 'answer'),
      () => live.clock.skip(aMinuteMs),
    );
    live.clock.setRight();
    expect(await live.send(pixelBytes)).toBe(1);
    await expectAllThere(2);
  });

  const isObject = ({ method, url }: SeenRequest): boolean => method === 'PUT' && url.includes('/objects/');
  const isList = ({ method, url }: SeenRequest): boolean => method === 'PUT' && url.includes('/manifests/');

  it.each([
    ['when an upload is to be recorded', isObject],
    ['when the list of what is verified is to be recorded', isList],
  ])(
    '%s: the cloud is not asked over and over, and it is recorded when there is room',
    async (_name, isMoment) => {
      let seen = 0;
      cloud.proxy.setFault((request) => {
        if (isMoment(request) && (seen += 1) === 1) disk.fill();
        return { tag: 'none' };
      });
      expect(await live.send(70_000)).toBe(1);
      await live.statusWhere(() => seen > 0);
      const told = await live.statusWhere(({ failures }) =>
        failures.some(({ code }) => code === 'disk-full'),
      );
      expect(told).toMatchObject({
        safe: false,
        headline: 'attention',
        counts: { received: 2, verified: 1 },
      });
      const before = cloud.proxy.requests.length;
      await new Promise((resolve) => setTimeout(resolve, 2000));
      // A wait drawn below 1 s, then below 2 s, each time one object: never a loop that only the cloud slows down.
      expect(cloud.proxy.requests.length - before).toBeLessThan(60);
      disk.empty();
      await expectAllThere(2, () => live.clock.skip(aMinuteMs));
    },
  );

  it('when a backup is to be recorded: it is written when there is room', async () => {
    let seen = 0;
    cloud.proxy.setFault(({ method, url }) => {
      if (method === 'PUT' && url.includes('/backups/') && (seen += 1) === 1) disk.fill();
      return { tag: 'none' };
    });
    await live.statusWhere(
      () => seen > 0,
      () => live.clock.skip(6000),
    );
    disk.empty();
    live.clock.setRight();
    const outcomes = await live.service.backup.write('command-line');
    expect(JSON.stringify(outcomes)).toContain('cloud');
    expect(await live.send(3000)).toBe(1);
    await expectAllThere(2);
  });

  it('from the start on: the engine says so, and starts with everything when there is room', async () => {
    await live.stop();
    disk.fill();
    const outcome = await live.openAgain().then(
      () => 'opened' as const,
      (error: unknown) => toEdgeSyncError(error).code,
    );
    // It may open, and then receives nothing.
    if (outcome === 'opened') {
      await live.start().catch(() => undefined);
      expect(await live.send(3000)).toBe(0);
      await live.stop();
    } else {
      expect(outcome).toMatch(/^disk-full|^disk-error|^data-dir-not-writable/);
    }
    disk.empty();
    await live.openAgain();
    await live.start();
    expect(await live.send(3000)).toBe(1);
    await expectAllThere(2);
  });

  it('a read-only data folder is refused at the start by name, and is whole afterwards', async () => {
    await live.stop();
    disk.mode('ro');
    await expect(live.openAgain()).rejects.toMatchObject({ code: 'data-dir-not-writable' });
    disk.mode('rw');
    await live.openAgain();
    await live.start();
    expect(await live.send(3000)).toBe(1);
    await expectAllThere(2);
  });

  async function expectAllThere(images: number, meanwhile: () => void = () => live.wake()): Promise<void> {
    const { counts } = await live.statusWhere(
      ({ counts: { verified }, failures }) =>
        verified === images && failures.every(({ action }) => action === 'answer'),
      () => {
        meanwhile();
        live.clock.setRight();
      },
    );
    expect(counts).toMatchObject({ received: images, verified: images, parked: 0, failed: 0 });
    const inCloud = await live.inCloud(place.objects());
    expect([...inCloud].sort()).toEqual([...live.acknowledged].sort());
    await live.answerAll();
    await live.statusWhere(({ headline }) => headline === 'all-safe');
  }
});
