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
    expect(turns.took('HONEST', 0)).toBeUndefined();
    const went: string[] = [];
    void turns.took('GREEDY', 1)?.then(() => went.push('GREEDY'));
    // 12 ms of credit and the 1 just used, less 2 of head start.
    for (const usedMs of [0, 5]) {
      expect(turns.took('HONEST', usedMs)).toBeUndefined();
      await clock.advance(2);
      expect(went).toEqual([]);
    }
    void turns.took('HONEST', 5);
    await clock.advance(2);
    expect(went).toEqual(['GREEDY']);
  });

  it('let many associations of a greedy one go on one by one', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    void turns.took('GREEDY', 100);
    void turns.took('HONEST', 0);
    const went: number[] = [];
    for (let lane = 0; lane < 10; lane += 1) void turns.took('GREEDY', 0)?.then(() => went.push(lane));
    void turns.took('HONEST', 10);
    await clock.advance(2);
    expect(went.length).toBeGreaterThan(0);
    expect(went.length).toBeLessThan(10);
  });

  it('hold nobody back for long for one that has gone quiet', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    void turns.took('QUIET', 1);
    const went: string[] = [];
    void turns.took('BUSY', 100)?.then(() => went.push('BUSY'));
    await clock.advance(30);
    expect(went).toEqual(['BUSY']);
    expect(turns.took('BUSY', 100)).toBeUndefined();
  });

  it('let connections without an association wait for callers that have one, and never the other way round', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    expect(turns.connects(50)).toBeUndefined();
    expect(turns.took('HONEST', 5)).toBeUndefined();
    const went: string[] = [];
    void turns.connects(50)?.then(() => went.push('connection'));
    await clock.advance(2);
    expect(went).toEqual([]);
    await clock.advance(40);
    expect(went).toEqual(['connection']);
  });

  it('let the greedy one go on in any case after a while', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock);
    const went: string[] = [];
    void turns.took('HONEST', 0);
    void turns.took('GREEDY', 1_000)?.then(() => went.push('GREEDY'));
    for (let turn = 0; turn < 120; turn += 1) {
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
