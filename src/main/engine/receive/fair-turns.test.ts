import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FairTurns } from './fair-turns.ts';

describe('fair turns', () => {
  it('let a caller that is alone take all it likes', () => {
    const turns = new FairTurns(new FakeClock(), () => 1);
    for (let turn = 0; turn < 1_000; turn += 1) expect(turns.took('CT@10.0.0.1', 5)).toBeUndefined();
  });

  it('hold the greedy one back while another is busy, until that one has caught up', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock, () => 1);
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
    const turns = new FairTurns(clock, () => 1);
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
    const turns = new FairTurns(clock, () => 1);
    void turns.took('QUIET', 1);
    const went: string[] = [];
    void turns.took('BUSY', 100)?.then(() => went.push('BUSY'));
    await clock.advance(30);
    expect(went).toEqual(['BUSY']);
    expect(turns.took('BUSY', 100)).toBeUndefined();
  });

  it('let connections without an association wait for callers that have one, and never the other way round', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock, () => 1);
    expect(turns.connects(50)).toBeUndefined();
    expect(turns.took('HONEST', 5)).toBeUndefined();
    const went: string[] = [];
    void turns.connects(50)?.then(() => went.push('connection'));
    await clock.advance(2);
    expect(went).toEqual([]);
    await clock.advance(40);
    expect(went).toEqual(['connection']);
  });

  it.each(['bulk', 'a broken protocol'] as const)(
    'give a fifth of the node to what stands back (%s) while another has data',
    async (why) => {
      const clock = new FakeClock();
      const turns = new FairTurns(clock, () => 1);
      if (why !== 'bulk') turns.brokeProtocol('BACK');
      let isWaiting = false;
      const workMs = { back: 0, honest: 0 };
      for (let turn = 0; turn < 2_000; turn += 1) {
        void turns.took('HONEST', 1);
        workMs.honest += 1;
        if (!isWaiting) {
          workMs.back += 1;
          const wait = turns.took('BACK', 1, why === 'bulk' ? 'bulk' : 'usual');
          isWaiting = wait !== undefined;
          void wait?.then(() => (isWaiting = false));
        }
        await clock.advance(1);
      }
      expect(workMs.back / (workMs.back + workMs.honest)).toBeGreaterThan(0.1);
      expect(workMs.back / (workMs.back + workMs.honest)).toBeLessThan(0.25);
    },
  );

  it('forgive a broken protocol after ten seconds', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock, () => 1);
    turns.brokeProtocol('CT');
    void turns.took('OTHER', 0);
    expect(turns.took('CT', 1)).toBeInstanceOf(Promise);
    await clock.advance(10_000);
    // As much as the other was charged: after that one counts as one again, within the head start of two.
    void turns.took('OTHER', 5);
    expect(turns.took('CT', 1)).toBeUndefined();
  });

  it('keep connections that come to nothing waiting, but none for longer than 400 ms', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock, () => 1);
    void turns.took('HONEST', 1);
    expect(turns.connects(0.3)).toBeUndefined();
    for (let refused = 0; refused < 1_000; refused += 1) turns.cameToNothing('in-vain');
    const went: number[] = [];
    for (let caller = 0; caller < 5; caller += 1) void turns.connects(0.3)?.then(() => went.push(caller));
    for (let turn = 0; turn < 199; turn += 1) {
      void turns.took('HONEST', 0);
      await clock.advance(2);
    }
    expect(went).toEqual([]);
    for (let turn = 0; turn < 2; turn += 1) await clock.advance(2);
    expect(went).toEqual([0, 1, 2, 3, 4]);
  });

  it('hold nobody up for one that sends a byte now and then, while there is time for both', async () => {
    const clock = new FakeClock();
    let load = 0.85;
    const turns = new FairTurns(clock, () => load);
    for (let turn = 0; turn < 100; turn += 1) {
      void turns.took('DRIP', 0.1);
      expect(turns.took('HONEST', 5)).toBeUndefined();
      await clock.advance(1);
    }
    load = 0.95;
    void turns.took('DRIP', 0.1);
    expect(turns.took('HONEST', 5)).toBeInstanceOf(Promise);
  });

  it('let the greedy one go on in any case after a while', async () => {
    const clock = new FakeClock();
    const turns = new FairTurns(clock, () => 1);
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
    const turns = new FairTurns(new FakeClock(), () => 1);
    for (let caller = 0; caller < 10_000; caller += 1) void turns.took(`AE${caller}`, 0);
    expect(turns.took('CT', 1)).toBeUndefined();
  });
});
