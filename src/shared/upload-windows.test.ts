import { describe, expect, it } from 'vitest';
import { openMsBetween, uploadWindowsSchema, windowAt, type UploadWindow } from './upload-windows.ts';

/** 2026-01-05 is a Monday. */
const at = (day: number, hours: number, minutes = 0): number =>
  new Date(2026, 0, day, hours, minutes).getTime();
const hour = 3_600_000;
const windows = (...some: unknown[]): UploadWindow[] => uploadWindowsSchema.parse(some);

const nights = windows({ from: '20:00', to: '06:00' });
const weekend = windows({ days: ['sat', 'sun'], from: '00:00', to: '24:00' });

describe('times of day for uploads', () => {
  it('are always without any', () => {
    expect(windowAt([], at(5, 12))).toEqual({ tag: 'open' });
    expect(openMsBetween([], at(5, 0), at(6, 0))).toBe(24 * hour);
  });

  it('may go over midnight', () => {
    expect(windowAt(nights, at(5, 19, 59))).toEqual({ tag: 'closed', untilMs: at(5, 20) });
    expect(windowAt(nights, at(5, 20))).toEqual({ tag: 'open' });
    expect(windowAt(nights, at(6, 5, 59))).toEqual({ tag: 'open' });
    expect(windowAt(nights, at(6, 6))).toEqual({ tag: 'closed', untilMs: at(6, 20) });
  });

  it('may be on some days alone, and tell the next of them', () => {
    expect(windowAt(weekend, at(5, 9))).toEqual({ tag: 'closed', untilMs: at(10, 0) });
    expect(windowAt(weekend, at(11, 23, 59))).toEqual({ tag: 'open' });
    expect(windowAt(weekend, at(12, 0))).toEqual({ tag: 'closed', untilMs: at(17, 0) });
  });

  it('a night that begins on Friday ends on Saturday', () => {
    const friday = windows({ days: ['fri'], from: '22:00', to: '04:00' });
    expect(windowAt(friday, at(10, 3)).tag).toBe('open');
    expect(windowAt(friday, at(10, 22)).tag).toBe('closed');
  });

  it('count only the time in which uploads were allowed', () => {
    expect(openMsBetween(nights, at(5, 9), at(5, 19))).toBe(0);
    expect(openMsBetween(nights, at(5, 9), at(5, 21))).toBe(hour);
    expect(openMsBetween(nights, at(5, 9), at(7, 9))).toBe(20 * hour);
    expect(openMsBetween(nights, at(5, 23), at(6, 1))).toBe(2 * hour);
  });

  it('that overlap count once', () => {
    const two = windows({ from: '10:00', to: '14:00' }, { from: '12:00', to: '16:00' });
    expect(openMsBetween(two, at(5, 0), at(6, 0))).toBe(6 * hour);
  });

  it('excuse nothing that waits longer than a week of them', () => {
    expect(openMsBetween(weekend, at(5, 0), at(14, 0))).toBe(9 * 24 * hour);
  });

  it.each([
    [{ from: '8:00', to: '10:00' }, /HH:MM/],
    [{ from: '08:00', to: '25:00' }, /HH:MM/],
    [{ from: '08:00', to: '08:00' }, /different times/],
    [{ from: '24:00', to: '08:00' }, /23:59/],
    [{ days: [], from: '08:00', to: '09:00' }, /at least one day/],
  ])('are refused when they mean nothing: %j', (window, message) => {
    expect(() => windows(window)).toThrow(message);
  });
});
