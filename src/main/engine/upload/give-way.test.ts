import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { GiveWay, receivingMs } from './give-way.ts';

const all = Number.POSITIVE_INFINITY;

function newGiveWay(load: number) {
  const clock = new FakeClock();
  const state = { load };
  const giveWay = new GiveWay({ clock, load: () => state.load });
  return { clock, state, giveWay };
}

describe('uploads beside a device that sends', () => {
  it('have one turn for every eight images while this PC has no time left, and every turn when no more come', async () => {
    const { clock, giveWay } = newGiveWay(0.9);
    const turns = giveWay.newTurns();
    expect(turns.left()).toBe(all);
    for (let round = 0; round < 3; round += 1) {
      turns.take();
      for (let image = 0; image < 7; image += 1) giveWay.received();
      expect(turns.left()).toBe(0);
      giveWay.received();
      expect(turns.left()).toBe(1);
    }
    turns.take();
    await clock.advance(receivingMs);
    expect(turns.left()).toBe(0);
    await clock.advance(1);
    expect(turns.left()).toBe(all);
  });

  it('are not held back on a PC with time to spare', () => {
    const { state, giveWay } = newGiveWay(0.4);
    const turns = giveWay.newTurns();
    giveWay.received();
    expect(turns.left()).toBe(all);
    state.load = 0.5;
    expect(turns.left()).toBe(0);
  });

  it('stay held back while a busy PC keeps the sender waiting, until there is time to spare or no more images', async () => {
    const { clock, state, giveWay } = newGiveWay(0.5);
    const turns = giveWay.newTurns();
    giveWay.received();
    expect(turns.left()).toBe(0);
    state.load = 0.25;
    expect(turns.left()).toBe(0);
    state.load = 0.24;
    expect(turns.left()).toBe(all);
    state.load = 0.4;
    expect(turns.left()).toBe(all);
    state.load = 0.6;
    expect(turns.left()).toBe(0);
    await clock.advance(receivingMs + 1);
    expect(turns.left()).toBe(all);
    state.load = 0.4;
    giveWay.received();
    expect(turns.left()).toBe(all);
  });

  it('have turns of their own for each destination', () => {
    const { giveWay } = newGiveWay(1);
    const [one, other] = [giveWay.newTurns(), giveWay.newTurns()];
    for (let image = 0; image < 8; image += 1) giveWay.received();
    one.take();
    expect([one.left(), other.left()]).toEqual([0, 1]);
  });

  it('do not mind a clock that is set', () => {
    const { clock, giveWay } = newGiveWay(1);
    const turns = giveWay.newTurns();
    giveWay.received();
    clock.jump(24 * 3_600_000);
    expect(turns.left()).toBe(0);
  });
});
