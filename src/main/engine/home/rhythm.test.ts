import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { slotMs } from '../queue/home-counts.ts';
import { dayAfter, dayRange, localDay, wallMinute } from './local-days.ts';
import { lateness, learnedFromMs, type Lateness } from './rhythm.ts';

const zone = process.env['TZ'];
beforeEach(() => {
  process.env['TZ'] = 'Europe/Berlin';
});
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** Wall-clock time of a day in 2026, as the PC in Berlin has it. */
const at = (day: string, time: string): number => new Date(`2026-${day}T${time}:00`).getTime();

class Past {
  readonly #slots: { slot: number; aeTitle: string }[] = [];
  readonly silenced = new Set<string>();

  sent(aeTitle: string, atMs: number): this {
    this.#slots.push({ slot: Math.floor(atMs / slotMs), aeTitle });
    return this;
  }

  /** At a wall-clock time on the same weekday in each of the `weeks` before. */
  weekly(aeTitle: string, today: string, time: string, weeks = 8): this {
    for (let week = 1; week <= weeks; week += 1) {
      const day = dayAfter(`2026-${today}`, -7 * week);
      this.sent(aeTitle, new Date(`${day}T${time}:00`).getTime());
    }
    return this;
  }

  now(nowMs: number): Lateness {
    const from = Math.floor(learnedFromMs(nowMs) / slotMs);
    return lateness({
      slots: this.#slots.filter(({ slot }) => slot >= from && slot * slotMs <= nowMs),
      silenced: this.silenced,
      lastReceivedAtMs: (title) =>
        Math.max(...this.#slots.filter((one) => one.aeTitle === title).map(({ slot }) => slot * slotMs)),
      nowMs,
    });
  }
}

const late = (found: Lateness): readonly string[] =>
  found.tag === 'devices' ? found.late.map(({ aeTitle }) => aeTitle) : ['nobody'];

describe('a device that is later than usual', () => {
  it('is told half an hour after it usually sends, and not before, and no more once it has sent', () => {
    // Mondays: XRAY at 9:40, that is by 9:45.
    const past = new Past().weekly('XRAY', '03-16', '09:40').weekly('SONO', '03-16', '08:00');
    past.sent('SONO', at('03-16', '08:00'));
    expect(late(past.now(at('03-16', '10:14')))).toEqual([]);
    const found = past.now(at('03-16', '10:15'));
    expect(found).toMatchObject({ tag: 'devices', late: [{ aeTitle: 'XRAY', usuallyBy: 585 }] });
    past.sent('XRAY', at('03-16', '10:20'));
    expect(late(past.now(at('03-16', '10:40')))).toEqual([]);
  });

  it('is measured by the wall clock in the week in which the clocks go forward', () => {
    // 2026-03-29 is the change; learned in winter time, asked for on the Monday after.
    const past = new Past().weekly('XRAY', '03-30', '09:40').weekly('SONO', '03-30', '08:00');
    past.sent('SONO', at('03-30', '08:00'));
    expect(late(past.now(at('03-30', '10:14')))).toEqual([]);
    expect(late(past.now(at('03-30', '10:15')))).toEqual(['XRAY']);
  });

  it('is measured by the wall clock in the week in which they go back, and on that Sunday itself', () => {
    const monday = new Past().weekly('XRAY', '10-26', '09:40').sent('SONO', at('10-26', '08:00'));
    expect(late(monday.now(at('10-26', '10:14')))).toEqual([]);
    expect(late(monday.now(at('10-26', '10:15')))).toEqual(['XRAY']);
    const sunday = new Past().weekly('XRAY', '10-25', '09:40').sent('SONO', at('10-25', '08:00'));
    expect(late(sunday.now(at('10-25', '10:14')))).toEqual([]);
    expect(late(sunday.now(at('10-25', '10:15')))).toEqual(['XRAY']);
  });

  it('is not expected on a weekday on which it does not work', () => {
    const past = new Past().weekly('XRAY', '03-16', '09:40').weekly('SONO', '03-17', '08:00');
    past.sent('SONO', at('03-17', '08:00'));
    expect(late(past.now(at('03-17', '15:00')))).toEqual([]);
  });

  it('is not expected after two days that were like it, nor when it sends on half of them', () => {
    const few = new Past().weekly('XRAY', '03-16', '09:40', 2).sent('SONO', at('03-16', '08:00'));
    expect(late(few.now(at('03-16', '15:00')))).toEqual([]);
    const now_and_then = new Past().weekly('XRAY', '03-16', '09:40', 4).weekly('SONO', '03-16', '08:00');
    now_and_then.sent('SONO', at('03-16', '08:00'));
    expect(late(now_and_then.now(at('03-16', '15:00')))).toEqual([]);
  });

  it('is as late as the latest of its days but one, so that one slow morning teaches nothing', () => {
    const past = new Past().weekly('XRAY', '03-16', '09:40', 7).weekly('SONO', '03-16', '08:00');
    past.sent('XRAY', at('01-19', '16:00')).sent('SONO', at('03-16', '08:00'));
    expect(late(past.now(at('03-16', '10:15')))).toEqual(['XRAY']);
  });

  it('is not made less expected by days on which the practice was closed', () => {
    // Three of eight Mondays were holidays: nobody sent.
    const past = new Past();
    for (const week of [1, 2, 4, 6, 8]) {
      const day = dayAfter('2026-03-16', -7 * week).slice(5);
      past.sent('XRAY', at(day, '09:40')).sent('SONO', at(day, '08:00'));
    }
    past.sent('SONO', at('03-16', '08:00'));
    expect(late(past.now(at('03-16', '10:15')))).toEqual(['XRAY']);
  });

  it('is left out when it was silenced', () => {
    const past = new Past().weekly('XRAY', '03-16', '09:40').sent('SONO', at('03-16', '08:00'));
    past.silenced.add('XRAY');
    expect(late(past.now(at('03-16', '15:00')))).toEqual([]);
  });
});

describe('a day on which nobody sends', () => {
  it('is told once, and blames no device: it may be a holiday', () => {
    const past = new Past().weekly('XRAY', '03-16', '09:40').weekly('SONO', '03-16', '08:00');
    expect(past.now(at('03-16', '15:00'))).toEqual({ tag: 'nobody', expected: 2, usuallyBy: 585 });
  });

  it('is nothing where nobody usually sends', () => {
    const past = new Past().weekly('XRAY', '03-16', '09:40').weekly('SONO', '03-16', '08:00');
    expect(past.now(at('03-15', '15:00'))).toEqual({ tag: 'devices', late: [] });
  });
});

describe('days of the calendar', () => {
  it('have 23, 24 and 25 hours', () => {
    const hours = (day: string): number => {
      const { fromMs, toMs } = dayRange(day);
      return (toMs - fromMs) / 3_600_000;
    };
    expect([hours('2026-03-28'), hours('2026-03-29'), hours('2026-10-25')]).toEqual([24, 23, 25]);
  });

  it('follow each other over months, years and changes of the clock', () => {
    expect(dayAfter('2026-12-31', 1)).toBe('2027-01-01');
    expect(dayAfter('2026-03-29', 1)).toBe('2026-03-30');
    expect(dayAfter('2026-03-30', -1)).toBe('2026-03-29');
    expect(localDay(at('03-29', '00:00'))).toBe('2026-03-29');
    expect(wallMinute(at('03-29', '10:00'))).toBe(600);
  });
});
