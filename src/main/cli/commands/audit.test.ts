import { describe, expect, it } from 'vitest';
import { momentOf } from './audit.ts';

const nowMs = Date.UTC(2026, 2, 10, 12);

describe('a time of the audit trail', () => {
  it('may be a day of the calendar, taken whole at either end', () => {
    const from = new Date(2026, 2, 1).toISOString();
    const to = new Date(2026, 2, 2).toISOString();
    expect(momentOf('2026-03-01', 'since', nowMs)).toBe(from);
    expect(momentOf('2026-03-01', 'until', nowMs)).toBe(to);
  });

  it('may be a moment, of this PC or of a zone it names', () => {
    expect(momentOf('2026-03-01T14:30', 'since', nowMs)).toBe(new Date(2026, 2, 1, 14, 30).toISOString());
    expect(momentOf('2026-03-01T14:30:05Z', 'until', nowMs)).toBe('2026-03-01T14:30:05.000Z');
    expect(momentOf('2026-03-01T14:30+02:00', 'until', nowMs)).toBe('2026-03-01T12:30:00.000Z');
  });

  it.each([
    ['90m', '2026-03-10T10:30:00.000Z'],
    ['24h', '2026-03-09T12:00:00.000Z'],
    ['7d', '2026-03-03T12:00:00.000Z'],
  ])('may be %s ago', (text, moment) => {
    expect(momentOf(text, 'since', nowMs)).toBe(moment);
  });

  it.each([
    '',
    'yesterday',
    '2026-02-30',
    '2026-13-01',
    '2026-02-30T10:00',
    '2026-03-01T25:00',
    '01.03.2026',
    '7w',
    '-7d',
  ])('may not be %j', (text) => {
    expect(() => momentOf(text, 'until', nowMs)).toThrow(/--until is YYYY-MM-DD/);
  });
});
