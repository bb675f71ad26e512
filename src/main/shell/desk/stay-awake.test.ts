import { expect, it } from 'vitest';
import { StayAwake } from './stay-awake.ts';

function kit() {
  const held = new Set<number>();
  let made = 0;
  const awake = new StayAwake({
    start: () => {
      held.add((made += 1));
      return made;
    },
    stop: (id) => held.delete(id),
  });
  return { awake, held };
}

it('holds one block while any association is open, and lets go after the last', () => {
  const { awake, held } = kit();
  awake.follow(0);
  expect(held.size).toBe(0);
  for (const open of [1, 3, 2]) {
    awake.follow(open);
    expect([...held]).toEqual([1]);
  }
  awake.follow(0);
  awake.follow(0);
  expect(held.size).toBe(0);
  awake.follow(1);
  expect([...held]).toEqual([2]);
  awake.release();
  expect(held.size).toBe(0);
});
