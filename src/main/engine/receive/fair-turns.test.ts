import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FairTurns } from './fair-turns.ts';

describe('fair turns', () => {
  it('let a caller that is alone take all it likes', () => {
    const turns = new FairTurns(new FakeClock());
    for (let turn = 0; turn < 1_000; turn += 1) expect(turns.took('CT@10.0.0.1', 5)).toBeUndefined();
  });

  it('hold the greedy one back while another is busy, until that one has caught up', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    for (let turn = 0; turn < 10; turn += 1) void turns.took('GREEDY', 10);
    expect(turns.took('HONEST', 1)).toBeUndefined();
    let isWaiting = true;
    void turns.took('GREEDY', 10)?.then(() => (isWaiting = false));
    for (let turn = 0; turn < 10; turn += 1) {
      expect(turns.took('HONEST', 2)).toBeUndefined();
      await clock.advance(2);
      expect(isWaiting).toBe(true);
    }
    for (let turn = 0; turn < 20; turn += 1) {
      void turns.took('HONEST', 2);
      await clock.advance(2);
    }
    expect(isWaiting).toBe(false);
  });

  it('hold nobody back for one that has gone quiet', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    void turns.took('QUIET', 1);
    let isWaiting = true;
    void turns.took('BUSY', 100)?.then(() => (isWaiting = false));
    await clock.advance(10);
    expect(isWaiting).toBe(false);
    expect(turns.took('BUSY', 100)).toBeUndefined();
  });

  it('let the greedy one go on in any case after a while', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    const went: string[] = [];
    void turns.took('HONEST', 0);
    void turns.took('GREEDY', 1_000)?.then(() => went.push('GREEDY'));
    for (let turn = 0; turn < 30; turn += 1) {
      void turns.took('HONEST', 0);
      await clock.advance(2);
    }
    expect(went).toEqual(['GREEDY']);
  });

  it('remember no more callers than there can be busy ones', () => {
    const turns = new FairTurns(new FakeClock());
    for (let caller = 0; caller < 10_000; caller += 1) void turns.took(`AE${caller}`, 0);
    expect(turns.took('CT', 1)).toBeUndefined();
  });
});
