import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { AdaptiveWidth } from './pacing-width.ts';

const fast = 1e9;

describe('how many objects are sent at once', () => {
  it('is all that is configured until something is too much', () => {
    expect(new AdaptiveWidth(8, new FakeClock()).now).toBe(8);
  });

  it('halves when the cloud asks to go slower, down to one', async () => {
    const clock = new FakeClock();
    const width = new AdaptiveWidth(8, clock);
    const seen: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await clock.advance(1000);
      width.failed('cloud-throttled', clock.monotonicMs());
      seen.push(width.now);
    }
    expect(seen).toEqual([4, 2, 1, 1, 1]);
  });

  it('counts failures of requests that were under way together once', async () => {
    const clock = new FakeClock();
    const width = new AdaptiveWidth(8, clock);
    const beganMs = clock.monotonicMs();
    await clock.advance(1000);
    for (let one = 0; one < 8; one += 1) width.failed('cloud-server-error', beganMs);
    expect(width.now).toBe(4);
  });

  it('grows by one for as many successes as it is wide, never beyond what is configured', async () => {
    const clock = new FakeClock();
    const width = new AdaptiveWidth(4, clock);
    await clock.advance(1000);
    width.failed('cloud-unreachable', clock.monotonicMs());
    width.failed('cloud-unreachable', clock.monotonicMs());
    expect(width.now).toBe(1);
    const seen: number[] = [];
    for (let one = 0; one < 12; one += 1) {
      width.succeeded(clock.monotonicMs());
      seen.push(width.now);
    }
    expect(seen).toEqual([2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]);
  });

  it('is not changed by what is about one object', () => {
    const clock = new FakeClock();
    const width = new AdaptiveWidth(8, clock);
    width.failed('object-tampered', clock.monotonicMs());
    width.failed('cloud-conflict', clock.monotonicMs());
    expect(width.now).toBe(8);
  });

  it('leaves two slots to small objects, and gives a large one at least one', () => {
    const of = (most: number): number => new AdaptiveWidth(most, new FakeClock()).large(fast);
    expect([of(8), of(4), of(3), of(2), of(1)]).toEqual([6, 2, 1, 1, 1]);
  });

  it('sends no more large objects at once than a slow line carries blocks in half a minute', () => {
    const width = new AdaptiveWidth(8, new FakeClock());
    // 5 Mb/s are 625,000 bytes per second: a block of 4 MiB takes 6.7 s alone, 27 s among four.
    expect(width.large(625_000)).toBe(4);
    expect(width.large(100_000)).toBe(1);
    expect(width.large(0)).toBe(1);
  });
});
