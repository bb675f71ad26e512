import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { defaultIdleMs, ProgressWatch, rateWindowBytes, rateWindowMs, type Stall } from './progress-watch.ts';

function setUp(idleMs = defaultIdleMs) {
  const clock = new FakeClock();
  const stalls: Stall[] = [];
  const watch = new ProgressWatch(clock, idleMs, (stall) => void stalls.push(stall));
  return { clock, stalls, watch };
}

describe('ProgressWatch', () => {
  it('lets a peer be silent for less than the idle time, counted from its last byte', async () => {
    const { clock, stalls, watch } = setUp();
    await clock.advance(50_000);
    watch.received();
    await clock.advance(defaultIdleMs - 1);
    expect(stalls).toEqual([]);
    await clock.advance(2);
    expect(stalls).toEqual(['idle']);
    expect(clock.waitingCount).toBe(0);
  });

  it('ends a peer that drips one byte a second into a message', async () => {
    const { clock, stalls, watch } = setUp();
    watch.within('message');
    for (let second = 0; second < 59; second += 1) {
      watch.received();
      watch.progressed(1);
      await clock.advance(1_000);
    }
    expect(stalls).toEqual([]);
    watch.received();
    await clock.advance(1_001);
    expect(stalls).toEqual(['too-slow']);
  });

  it('counts empty fragments as no progress', async () => {
    const { clock, stalls, watch } = setUp();
    watch.within('message');
    for (let second = 0; second <= 60; second += 1) {
      watch.received();
      watch.progressed(0);
      await clock.advance(1_000);
    }
    expect(stalls).toEqual(['too-slow']);
  });

  it('lets a slow sender go on at 4 KB/s, window after window', async () => {
    const { clock, stalls, watch } = setUp();
    watch.within('message');
    for (let second = 0; second < 600; second += 1) {
      watch.received();
      watch.progressed(4_200);
      await clock.advance(1_000);
    }
    expect(stalls).toEqual([]);
  });

  it('asks for the rate anew in each window: an early burst does not pay for later drips', async () => {
    const { clock, stalls, watch } = setUp();
    watch.within('message');
    watch.received();
    watch.progressed(rateWindowBytes * 10);
    for (let second = 0; second < 130; second += 1) {
      watch.received();
      watch.progressed(1);
      await clock.advance(1_000);
      if (stalls.length > 0) break;
    }
    expect(stalls).toEqual(['too-slow']);
  });

  it('does not count the time in which we hold the peer up', async () => {
    const { clock, stalls, watch } = setUp();
    watch.within('message');
    watch.received();
    await clock.advance(10_000);
    watch.hold();
    await clock.advance(3_600_000);
    watch.release();
    await clock.advance(rateWindowMs - 10_000 - 1);
    expect(stalls).toEqual([]);
    await clock.advance(10_001);
    expect(stalls).toHaveLength(1);
  });

  it('gives a paired device its longer silence, but not inside a message', async () => {
    const tenMinutes = 600_000;
    const quiet = setUp(tenMinutes);
    await quiet.clock.advance(tenMinutes - 1);
    expect(quiet.stalls).toEqual([]);
    await quiet.clock.advance(1);
    expect(quiet.stalls).toEqual(['idle']);
    const inMessage = setUp(tenMinutes);
    await inMessage.clock.advance(30_000);
    inMessage.watch.received();
    inMessage.watch.within('message');
    await inMessage.clock.advance(rateWindowMs + 1);
    expect(inMessage.stalls).toHaveLength(1);
  });

  it('forgets a message that ended in time', async () => {
    const { clock, stalls, watch } = setUp();
    for (let turn = 0; turn < 10; turn += 1) {
      watch.within('message');
      watch.received();
      await clock.advance(20_000);
      watch.received();
      watch.within('gap');
      await clock.advance(30_000);
    }
    expect(stalls).toEqual([]);
  });
});
