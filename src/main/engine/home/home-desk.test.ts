import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { lastActivity } from './activity.ts';
import { dayChart } from './day-chart.ts';
import { GapWatch } from './gap-watch.ts';
import { HomeDesk } from './home-desk.ts';
import { localDay } from './local-days.ts';

let kit: QueueKit;
let desk: HomeDesk;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  desk = new HomeDesk({ queue: kit.queue, clock: kit.clock, logger: kit.logger });
});
afterEach(async () => {
  await desk.stop();
  kit.dispose();
});

const chart = () => dayChart(kit.queue.home, localDay(kit.clock.nowMs()), ['cloud'], kit.clock.nowMs());

describe('the home desk', () => {
  it('indexes what came while it did not run, and soon after what comes', async () => {
    await kit.queue.recordReceived(newInstance('1', 'a', { details: { patientName: 'Before^A' } }));
    desk.start();
    await kit.clock.advance(3000);
    expect(kit.queue.search.find('before', null, 5).studyIds.length).toBe(1);
    await kit.queue.recordReceived(newInstance('2', 'b', { details: { patientName: 'After^B' } }));
    await kit.clock.advance(3000);
    expect(kit.queue.search.find('after', null, 5).studyIds.length).toBe(1);
  });

  it('notes what waits while it changes, and writes nothing while nothing does', async () => {
    desk.start();
    await kit.clock.advance(60_000);
    expect(chart().slots.at(-1)).toMatchObject({ waiting: 0, waitingMost: 0 });
    await kit.queue.recordReceived(newInstance('1'));
    await kit.clock.advance(30_000);
    expect(chart().slots.at(-1)).toMatchObject({ images: 1, bytes: 1000, waiting: 1, waitingMost: 1 });
    await kit.verifyAll();
    await kit.clock.advance(3_600_000);
    const { slots, destinations } = chart();
    expect(slots.at(-1)).toMatchObject({ images: 0, waiting: 0, waitingMost: 0 });
    expect(slots.some(({ waitingMost }) => waitingMost === 1)).toBe(true);
    expect(destinations[0]?.images.reduce((sum, one) => sum + one, 0)).toBe(1);
    expect(kit.clock.waitingCount).toBe(0);
  });

  it('tells no waiting images of a time before it ever ran', async () => {
    await kit.queue.recordReceived(newInstance('1'));
    expect(chart().slots.every(({ waiting }) => waiting === null)).toBe(true);
  });
});

describe('a look for gaps', () => {
  it('leaves a study alone that still comes in, and looks again when it has grown', async () => {
    const watch = new GapWatch({ queue: kit.queue, clock: kit.clock });
    const receive = (number: number) =>
      kit.queue.recordReceived(
        newInstance(`${number}`, 'a', { details: { instanceNumber: String(number) } }),
      );
    for (const number of [1, 2, 4, 5]) await receive(number);
    expect(await watch.look()).toMatchObject({ gaps: [], looked: 0, notLooked: 1 });
    await kit.clock.advance(61_000);
    expect(await watch.look()).toMatchObject({
      gaps: [{ study: { initials: 'JD' }, series: [{ ranges: [{ from: 3, to: 3 }] }] }],
      looked: 1,
      notLooked: 0,
    });
    await receive(3);
    await kit.clock.advance(61_000);
    expect(await watch.look()).toMatchObject({ gaps: [], looked: 1 });
  });
});

describe('the last happenings', () => {
  it('are told newest first, without names, repetitions as one', async () => {
    await kit.queue.recordReceived(newInstance('1', 'a'));
    await kit.clock.advance(1000);
    await kit.verifyAll();
    for (let index = 0; index < 3; index += 1) {
      await kit.clock.advance(1000);
      await kit.queue.appendAudit({
        atMs: kit.clock.nowMs(),
        action: 'association-refused',
        actor: 'engine',
        subject: null,
        outcome: 'failure',
      });
    }
    const events = lastActivity(kit.queue, kit.clock.nowMs(), 10);
    expect(events.map(({ kind, times }) => [kind, times])).toEqual([
      ['refused', 3],
      ['verified', 1],
      ['received', 1],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/Doe|Jane|ID-1/);
  });
});
