import { expect, it } from 'vitest';
import { formatOf, numberOf } from './option-values.ts';

it('takes a number within its range, and the usual one when none is given', () => {
  const limit = { name: '--limit', usual: 100, most: 100_000 };
  expect(numberOf(undefined, limit)).toBe(100);
  expect(numberOf('1', limit)).toBe(1);
  expect(numberOf('100000', limit)).toBe(100_000);
  for (const wrong of ['0', '100001', '-1', '1e3', 'all', '', '0000001'])
    expect(() => numberOf(wrong, limit)).toThrow(/--limit/);
});

it('prints text unless JSON is wanted', () => {
  expect(formatOf({})).toBe('text');
  expect(formatOf({ json: false })).toBe('text');
  expect(formatOf({ json: true })).toBe('json');
});
