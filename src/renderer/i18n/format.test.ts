import { describe, expect, it } from 'vitest';
import { formatFor } from './format.ts';

const nowMs = Date.UTC(2026, 0, 5, 12, 0, 0);
const before = (ms: number) => new Date(nowMs - ms).toISOString();

describe('sizes and times', () => {
  it('writes sizes in the unit that reads best', () => {
    const size = (bytes: number) => formatFor('en').size(bytes);
    expect(size(0)).toBe('0 bytes');
    expect(size(999)).toBe('999 bytes');
    expect(size(525_000)).toBe('525 kB');
    expect(size(31_400_000)).toBe('31.4 MB');
    expect(size(2_000_000_000_000)).toBe('2 TB');
  });

  it('writes how long ago in the reader’s language', () => {
    expect(formatFor('en').ago(before(5 * 60_000), nowMs)).toBe('5 minutes ago');
    expect(formatFor('es').ago(before(5 * 60_000), nowMs)).toBe('hace 5 minutos');
    expect(formatFor('en').ago(before(3 * 3_600_000), nowMs)).toBe('3 hours ago');
  });

  it('calls a time in the future now: two clocks never agree', () => {
    expect(formatFor('en').ago(before(-5_000), nowMs)).toBe('now');
  });
});
