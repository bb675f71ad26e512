import { describe, expect, it } from 'vitest';
import { agent, destination, study } from '../../../test/support/agent-states.ts';
import { applyAgentEvent } from '../../shared/agent-state.ts';
import { hasSameItems, keepSame, keepSameState } from './keep-same.ts';

const copyOf = <Value>(value: Value): Value => structuredClone(value);

describe('what did not change', () => {
  it('is the same object, at every depth, beside what changed', () => {
    const before = { counts: { received: 1 }, devices: [{ name: 'CT' }, { name: 'US' }], spool: { free: 5 } };
    const after = { counts: { received: 2 }, devices: [{ name: 'CT' }, { name: 'DX' }], spool: { free: 5 } };
    const kept = keepSame(before, after);
    expect(kept).toEqual(after);
    expect(kept.spool).toBe(before.spool);
    expect(kept.devices[0]).toBe(before.devices[0]);
    expect(kept.devices[1]).not.toBe(before.devices[1]);
    expect(keepSame(before, copyOf(before))).toBe(before);
  });

  it.each<readonly [string, unknown, unknown]>([
    ['a key that went', { a: 1, b: undefined }, { a: 1 }],
    ['a key that came', { a: 1 }, { a: 1, b: undefined }],
    ['a key in place of another', { a: undefined }, { b: undefined }],
    ['a list that grew', [1, 2], [1, 2, 3]],
    ['a list that shrank', [1, 2], [1]],
    ['a list in place of an object', { 0: 1 }, [1]],
    ['an object in place of a list', [1], { 0: 1 }],
    ['an object in place of null', null, { a: 1 }],
    ['null in place of an object', { a: 1 }, null],
    ['a value of another kind', { a: '1' }, { a: 1 }],
  ])('is told from %s', (_what, before, after) => {
    expect(keepSame(before, after)).toStrictEqual(after);
    expect(keepSame(before, after)).not.toBe(before);
  });

  it('leaves what was heard before untouched', () => {
    const before = { counts: { received: 1 }, list: [{ a: 1 }] };
    const copy = copyOf(before);
    keepSame(before, { counts: { received: 2 }, list: [{ a: 2 }, { a: 1 }] });
    expect(before).toEqual(copy);
  });

  it('keeps the list of studies and the report over a delta that tells of nothing new', () => {
    const state = agent({ destinations: [destination({ verified: 5 })] }, [study({ id: 'a' })]);
    const next = applyAgentEvent(state, {
      tag: 'delta',
      status: copyOf(state.status),
      studies: [],
      studiesTotal: 1,
      uploadBytesPerSecond: 7,
    });
    if (next === undefined) throw new Error('a delta after a state gives a state');
    const kept = keepSameState(state, next);
    expect(kept.studies).toBe(state.studies);
    expect(kept.status).toBe(state.status);
    expect(kept.uploadBytesPerSecond).toBe(7);
  });

  it('is another list when one item is another object or stands elsewhere', () => {
    const [a, b] = [{ id: 'a' }, { id: 'b' }];
    expect(hasSameItems([a, b], [a, b])).toBe(true);
    expect(hasSameItems([a, b], [b, a])).toBe(false);
    expect(hasSameItems([a, b], [a, { ...b }])).toBe(false);
    expect(hasSameItems([a], [a, b])).toBe(false);
  });
});
