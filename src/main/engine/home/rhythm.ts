/**
 * When each device usually begins its day, learned from what it sent before, and which of them is late today.
 *
 * A device is expected on a weekday when it sent on at least three quarters of the days of that weekday on which anybody
 * sent anything, over eight weeks and at least three such days. "Usually by" is the latest of its first images on those
 * days, without the one latest when there are five or more, rounded up to a quarter of an hour; it is told half an hour
 * after that. Days on which nobody sent are taken for closed ones: they teach nothing. When today no expected device has
 * sent, that is told once and softly, because nobody here knows whether the practice is open.
 */
import type { LateDevice } from '../../../shared/contract-home.ts';
import { slotMs } from '../queue/home-counts.ts';
import { atWallMinute, dayAfter, dayStartMs, localDay, wallMinute, weekday } from './local-days.ts';

export const weeksLearned = 8;
const fewestDays = 3;
const shareOfDays = 0.75;
const graceMinutes = 30;
/** From so many days on, the latest of them is taken for an exception. */
const daysForOutlier = 5;
const slotMinutes = slotMs / 60_000;

export interface RhythmFacts {
  readonly slots: readonly { readonly slot: number; readonly aeTitle: string }[];
  /** Titles that nobody wants to hear of. */
  readonly silenced: ReadonlySet<string>;
  readonly lastReceivedAtMs: (aeTitle: string) => number | null;
  readonly nowMs: number;
}

export type Lateness =
  | { readonly tag: 'devices'; readonly late: readonly LateDevice[] }
  /** None of those that are expected by now has sent: a closed day, or nothing gets through. */
  | { readonly tag: 'nobody'; readonly expected: number; readonly usuallyBy: number };

/** Before which nothing is learned. */
export function learnedFromMs(nowMs: number): number {
  return dayStartMs(dayAfter(localDay(nowMs), -7 * weeksLearned));
}

export function lateness({ slots, silenced, lastReceivedAtMs, nowMs }: RhythmFacts): Lateness {
  const today = localDay(nowMs);
  const firsts = firstsByDay(slots);
  const sentToday = firsts.get(today) ?? new Map<string, number>();
  const open = openDays(today, firsts);
  const titles = new Set(open.flatMap((day) => [...(firsts.get(day)?.keys() ?? [])]));
  const due = [...titles].flatMap((aeTitle) => {
    const usuallyBy = usualMinute(
      open.map((day) => firsts.get(day)?.get(aeTitle)),
      open.length,
    );
    return usuallyBy !== undefined && nowMs >= atWallMinute(today, usuallyBy + graceMinutes)
      ? [{ aeTitle, usuallyBy }]
      : [];
  });
  const missing = due.filter(({ aeTitle }) => !sentToday.has(aeTitle));
  if (sentToday.size === 0 && due.length > 1) {
    return {
      tag: 'nobody',
      expected: due.length,
      usuallyBy: Math.max(...due.map(({ usuallyBy }) => usuallyBy)),
    };
  }
  return {
    tag: 'devices',
    late: missing
      .filter(({ aeTitle }) => !silenced.has(aeTitle))
      .sort((a, b) => a.aeTitle.localeCompare(b.aeTitle))
      .map(({ aeTitle, usuallyBy }) => {
        const last = lastReceivedAtMs(aeTitle);
        return {
          aeTitle,
          usuallyBy,
          lastReceivedAt: last === null ? null : new Date(last).toISOString(),
        };
      }),
  };
}

/** The wall-clock minute at which each title's first image of a day had surely come: the end of its slot. */
function firstsByDay(slots: RhythmFacts['slots']): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const days = new Map<string, Map<string, number>>();
  for (const { slot, aeTitle } of slots) {
    const atMs = slot * slotMs;
    const day = localDay(atMs);
    const firsts = days.get(day) ?? new Map<string, number>();
    days.set(day, firsts);
    const minute = wallMinute(atMs) + slotMinutes;
    firsts.set(aeTitle, Math.min(firsts.get(aeTitle) ?? Infinity, minute));
  }
  return days;
}

/** Days of today's weekday on which anybody sent. */
function openDays(today: string, firsts: ReadonlyMap<string, unknown>): string[] {
  const wanted = weekday(today);
  return Array.from({ length: weeksLearned }, (_, week) => dayAfter(today, -7 * (week + 1))).filter(
    (day) => firsts.has(day) && weekday(day) === wanted,
  );
}

function usualMinute(firsts: readonly (number | undefined)[], days: number): number | undefined {
  const known = firsts.filter((one) => one !== undefined).sort((a, b) => a - b);
  if (known.length < fewestDays || known.length < shareOfDays * days) return undefined;
  return known.at(known.length >= daysForOutlier ? -2 : -1);
}
