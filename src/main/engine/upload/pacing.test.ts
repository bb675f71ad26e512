import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import type { KeptPause } from '../queue/upload-pause.ts';
import { Pacing, tomorrowMs, type PacingDeps } from './pacing.ts';

const minute = 60_000;
const hour = 60 * minute;
/** A Monday, local time. */
const monday = (hours: number, minutes = 0): number => new Date(2026, 0, 5, hours, minutes).getTime();

class Kept {
  pause: KeptPause | undefined;
  get(): KeptPause | undefined {
    return this.pause;
  }
  set(pause: KeptPause): Promise<void> {
    this.pause = pause;
    return Promise.resolve();
  }
  clear(): Promise<void> {
    this.pause = undefined;
    return Promise.resolve();
  }
}

function pacing(clock: FakeClock, wishes: Partial<PacingDeps> = {}) {
  const changes: string[] = [];
  const store = new Kept();
  const made: Pacing = new Pacing({
    store,
    windows: [],
    onMetered: 'go-on',
    onChange: () => changes.push(made.hold()?.tag ?? 'none'),
    clock,
    logger: new FakeLogger(),
    ...wishes,
  });
  return { pacing: made, changes, store };
}

describe('a pause of the uploads', () => {
  it('ends by itself, says so, and is forgotten', async () => {
    const clock = new FakeClock();
    const { pacing: one, changes, store } = pacing(clock);
    const untilMs = clock.nowMs() + 30 * minute;
    await one.pause(untilMs);
    expect(one.hold()).toEqual({ tag: 'paused', untilMs });
    await clock.advance(30 * minute - 1);
    expect(one.hold()?.tag).toBe('paused');
    await clock.advance(1);
    expect(one.hold()).toBeUndefined();
    expect(changes).toEqual(['paused', 'none']);
    expect(store.pause).toBeUndefined();
    expect(clock.waitingCount).toBe(0);
  });

  it('ends at once when told to', async () => {
    const clock = new FakeClock();
    const { pacing: one, changes } = pacing(clock);
    await one.pause(clock.nowMs() + hour);
    await one.resume();
    expect(one.hold()).toBeUndefined();
    expect(changes).toEqual(['paused', 'none']);
  });

  it('is replaced by a later one, be it shorter', async () => {
    const clock = new FakeClock();
    const { pacing: one } = pacing(clock);
    await one.pause(clock.nowMs() + hour);
    await one.pause(clock.nowMs() + minute);
    await clock.advance(minute);
    expect(one.hold()).toBeUndefined();
  });

  it('goes on over a restart and ends when it would have', async () => {
    const kit = new QueueKit();
    try {
      const first = pacing(kit.clock, { store: kit.queue.uploadPause }).pacing;
      const untilMs = kit.clock.nowMs() + hour;
      await first.pause(untilMs);
      first.close();
      await kit.clock.advance(20 * minute);
      const second = pacing(kit.clock, { store: kit.reopen().uploadPause }).pacing;
      expect(second.hold()).toEqual({ tag: 'paused', untilMs });
      await kit.clock.advance(40 * minute);
      expect(second.hold()).toBeUndefined();
      expect(kit.queue.uploadPause.get()).toBeUndefined();
    } finally {
      kit.dispose();
    }
  });

  it('that was over while nothing ran is not taken up', () => {
    const clock = new FakeClock();
    const store = new Kept();
    store.pause = { setAtMs: clock.nowMs() - 2 * hour, untilMs: clock.nowMs() - hour };
    expect(pacing(clock, { store }).pacing.hold()).toBeUndefined();
  });

  it('is told to end at the moment that was asked for, although two clocks never tick together', async () => {
    const clock = new FakeClock();
    const { pacing: one } = pacing(clock);
    const untilMs = clock.nowMs() + hour;
    await one.pause(untilMs, 'cloud');
    for (const stepMs of [-1, 2]) {
      clock.jump(stepMs);
      expect(one.hold('cloud')).toEqual({ tag: 'paused', untilMs });
      expect(one.ownPauseUntilMs('cloud')).toBe(untilMs);
    }
  });

  it('gets no longer when the clock is set back', async () => {
    const clock = new FakeClock();
    const { pacing: one } = pacing(clock);
    await one.pause(clock.nowMs() + hour);
    clock.jump(-365 * 24 * hour);
    expect(one.hold()).toEqual({ tag: 'paused', untilMs: clock.nowMs() + hour });
    await clock.advance(hour);
    expect(one.hold()).toBeUndefined();
  });

  it('gets no longer than was asked for when the clock was set back before a restart', async () => {
    const clock = new FakeClock();
    const store = new Kept();
    store.pause = { setAtMs: clock.nowMs() + 24 * hour, untilMs: clock.nowMs() + 25 * hour };
    const { pacing: one } = pacing(clock, { store });
    await clock.advance(hour);
    expect(one.hold()).toBeUndefined();
  });

  it('ends within a minute when the clock is set beyond it', async () => {
    const clock = new FakeClock();
    const { pacing: one, changes } = pacing(clock);
    await one.pause(clock.nowMs() + 10 * hour);
    clock.jump(365 * 24 * hour);
    await clock.advance(minute);
    expect(one.hold()).toBeUndefined();
    expect(changes.at(-1)).toBe('none');
  });
});

describe('times of day and metered networks', () => {
  it('hold uploads outside the windows, and tell when that changes', async () => {
    const clock = new FakeClock(monday(19));
    const windows = [{ days: ['mon' as const], from: '20:00', to: '22:00' }];
    const { pacing: one, changes } = pacing(clock, { windows });
    expect(one.hold()).toEqual({ tag: 'window', untilMs: monday(20) });
    await clock.advance(hour);
    expect(changes).toEqual(['none']);
    await clock.advance(2 * hour);
    expect(changes).toEqual(['none', 'window']);
  });

  it('keep holding when a pause ends outside of them', async () => {
    const clock = new FakeClock(monday(9));
    const windows = [{ days: ['mon' as const], from: '20:00', to: '22:00' }];
    const { pacing: one } = pacing(clock, { windows });
    await one.pause(clock.nowMs() + hour);
    await clock.advance(hour);
    expect(one.hold()?.tag).toBe('window');
  });

  it('a metered network holds only where the settings say so', () => {
    const clock = new FakeClock();
    const { pacing: careful } = pacing(clock, { onMetered: 'pause' });
    const { pacing: careless } = pacing(clock);
    for (const one of [careful, careless]) one.network({ metered: true });
    expect(careful.hold()).toEqual({ tag: 'metered' });
    expect(careless.hold()).toBeUndefined();
    careful.network({ metered: false });
    expect(careful.hold()).toBeUndefined();
  });
});

describe('tomorrow', () => {
  it('is six in the morning, and never within the hour', () => {
    const six = (day: number): number => new Date(2026, 0, day, 6).getTime();
    expect(tomorrowMs(monday(16))).toBe(six(6));
    expect(tomorrowMs(monday(0, 30))).toBe(six(5));
    expect(tomorrowMs(monday(5, 30))).toBe(six(6));
  });
});

describe('a pause of one destination', () => {
  const destinations = ['cloud', 'nas'];

  it('holds that one alone, survives a restart, and ends by itself', async () => {
    const kit = new QueueKit();
    const wishes = { store: kit.queue.uploadPause, destinations };
    const { pacing: one } = pacing(kit.clock, wishes);
    const untilMs = kit.clock.nowMs() + hour;
    await one.pause(untilMs, 'nas');
    expect(one.hold()).toBeUndefined();
    expect(one.hold('cloud')).toBeUndefined();
    expect(one.hold('nas')).toEqual({ tag: 'paused', untilMs });
    expect(one.ownPauseUntilMs('nas')).toBe(untilMs);
    one.close();
    const told: string[] = [];
    const store = kit.reopen().uploadPause;
    const next: Pacing = pacing(kit.clock, {
      store,
      destinations,
      onChange: () => told.push(next.hold('nas')?.tag ?? 'none'),
    }).pacing;
    expect(next.hold('nas')?.tag).toBe('paused');
    await kit.clock.advance(hour);
    expect(next.hold('nas')).toBeUndefined();
    expect(told).toEqual(['none']);
    next.close();
    kit.queue.close();
    kit.queue = kit.open();
    expect(kit.queue.uploadPause.get('nas')).toBeUndefined();
    kit.dispose();
  });

  it('goes on when a shorter pause of all is over, and ends by its own name or with all', async () => {
    const kit = new QueueKit();
    const { pacing: one } = pacing(kit.clock, { store: kit.queue.uploadPause, destinations });
    const nowMs = kit.clock.nowMs();
    await one.pause(nowMs + 10 * minute);
    await one.pause(nowMs + hour, 'nas');
    expect(one.hold('cloud')).toEqual({ tag: 'paused', untilMs: nowMs + 10 * minute });
    expect(one.hold('nas')).toEqual({ tag: 'paused', untilMs: nowMs + hour });
    await kit.clock.advance(10 * minute);
    expect(one.hold('cloud')).toBeUndefined();
    expect(one.hold('nas')?.tag).toBe('paused');
    await one.resume('nas');
    expect(one.hold('nas')).toBeUndefined();
    await one.pause(nowMs + 2 * hour, 'cloud');
    await one.pause(nowMs + 2 * hour);
    await one.resume('cloud');
    expect(one.hold('cloud')?.tag).toBe('paused');
    await one.pause(nowMs + 2 * hour, 'cloud');
    await one.resume();
    expect([undefined, ...destinations].map((place) => one.hold(place))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(kit.queue.uploadPause.get('cloud')).toBeUndefined();
    expect(kit.clock.waitingCount).toBe(0);
    one.close();
    kit.dispose();
  });
});
