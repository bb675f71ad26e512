import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, QueueKit } from '../../../test/support/queue-kit.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { DiskRoom } from './disk-room.ts';
import { Housekeeping } from './housekeeping.ts';

const dayMs = 86_400_000;

let kit: QueueKit;
let freeBytes: number;
const removed: string[] = [];

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  freeBytes = 1_000_000;
  removed.length = 0;
});
afterEach(() => kit.dispose());

function diskSettings(disk: {
  readonly refuseBelowBytes: number;
  readonly warnBelowBytes: number;
}): ReturnType<typeof settingsSchema.parse>['disk'] {
  return settingsSchema.parse({ disk }).disk;
}

function use(disk = { refuseBelowBytes: 500, warnBelowBytes: 2000 }): {
  readonly room: DiskRoom;
  readonly housekeeping: Housekeeping;
} {
  const settings = diskSettings(disk);
  const room = new DiskRoom({ days: kit.queue.intakeDays, settings, clock: kit.clock });
  const housekeeping = new Housekeeping({
    queue: kit.queue,
    room,
    spool: {
      freeBytes: () => Promise.resolve(freeBytes),
      remove: (id) => {
        removed.push(id);
        return Promise.resolve();
      },
    },
    removals: { round: () => Promise.resolve() },
    sharing: { round: () => Promise.resolve() },
    intake: { retry: () => Promise.resolve() },
    proveWriting: () => Promise.resolve(),
    settings,
    clock: kit.clock,
    logger: kit.logger,
  });
  return { room, housekeeping };
}

async function receive(names: readonly string[], sizeBytes = 1000): Promise<void> {
  for (const name of names) await kit.queue.recordReceived(newInstance(name, 'study', { sizeBytes }));
}

describe('the local copy of a verified image', () => {
  it('stays for its days, and goes when every destination has had it verified for so long', async () => {
    kit.queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: false },
    ]);
    const { housekeeping } = use();
    await receive(['a', 'b']);
    await kit.verifyAll('cloud');
    await kit.clock.advance(40 * dayMs);
    await housekeeping.evictVerified();
    expect(removed).toEqual([]);
    await kit.verifyAll('nas');
    await kit.clock.advance(30 * dayMs);
    await housekeeping.evictVerified();
    expect(removed).toEqual([]);
    await kit.clock.advance(1);
    await housekeeping.evictVerified();
    expect(new Set(removed)).toEqual(new Set(['a', 'b'].map((name) => hex(`spool ${name}`, 16))));
    expect(kit.queue.status()).toMatchObject({ received: 2, verified: 2, spoolBytes: 0 });
  });

  it('stays while the clock is set back, and goes in its time once it is right again', async () => {
    const { housekeeping } = use();
    await receive(['a']);
    await kit.verifyAll();
    kit.clock.jump(-365 * dayMs);
    await housekeeping.evictVerified();
    expect(removed).toEqual([]);
    kit.clock.jump(365 * dayMs);
    await kit.clock.advance(31 * dayMs);
    await housekeeping.evictVerified();
    expect(removed).toHaveLength(1);
  });
});

describe('room on the disk', () => {
  it('is not made while there is enough: verified copies stay for their days', async () => {
    await receive(['a', 'b']);
    await kit.verifyAll();
    await use().housekeeping.makeRoom();
    expect(removed).toEqual([]);
  });

  it('is made by verified copies alone, oldest first, and no more than is needed', async () => {
    await receive(['a']);
    await kit.verifyAll();
    await kit.clock.advance(1000);
    await receive(['b', 'c']);
    await kit.verifyAll();
    await kit.clock.advance(1000);
    await receive(['waiting']);
    // Three days of intake are 3 * 4000; 1,500 short of that.
    freeBytes = 10_500;
    await use().housekeeping.makeRoom();
    expect(removed[0]).toBe(hex('spool a', 16));
    expect(removed).toHaveLength(2);
    freeBytes = 0;
    await use().housekeeping.makeRoom();
    expect(new Set(removed)).toEqual(new Set(['a', 'b', 'c'].map((name) => hex(`spool ${name}`, 16))));
    expect(kit.instance(hex('object waiting', 32))?.spoolId).not.toBeNull();
    expect(kit.queue.checkConsistency()).toEqual([]);
  });
});

describe('days left', () => {
  it('are unknown before the first image', () => {
    expect(use().room.daysLeft(1e9)).toBeNull();
    expect(use().room.facts.warnBelowBytes).toBe(2000);
  });

  it('count free space and what may be evicted, at the mean of the days with intake', async () => {
    await receive(['a'], 3000);
    await kit.verifyAll();
    await kit.clock.advance(2 * dayMs);
    await receive(['b'], 1000);
    const { room } = use();
    expect(room.facts).toMatchObject({ intakeBytesPerDay: 2000, evictableBytes: 3000, warnBelowBytes: 6000 });
    // 7,500 free and 3,000 to evict, less 500 that are kept.
    expect(room.daysLeft(7500)).toBe(5);
    expect(room.daysLeft(0)).toBe(1.25);
  });

  it('take today when it is busier than the mean already', async () => {
    await receive(['a'], 1000);
    await kit.clock.advance(dayMs);
    await receive(['b', 'c', 'd'], 3000);
    expect(use().room.facts.intakeBytesPerDay).toBe(9000);
  });
});

it('a database from before the days were counted knows them afterwards', async () => {
  await receive(['a', 'b'], 700);
  expect(kit.reopen().intakeDays.last(1)).toMatchObject([{ images: 2, bytes: 1400 }]);
});
