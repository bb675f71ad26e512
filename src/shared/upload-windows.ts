/** Times of day in which uploads may run: the settings' schema, and the arithmetic on local time. */
import { z } from 'zod';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const timeOfDay = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

export const uploadWindowSchema = z
  .strictObject({
    days: z
      .array(z.enum(weekdays))
      .min(1, 'a window has at least one day')
      .default([...weekdays])
      .describe('Days on which it begins'),
    from: z.string().regex(timeOfDay, 'a time is HH:MM, 00:00 to 24:00').describe('Local time, HH:MM'),
    to: z
      .string()
      .regex(timeOfDay, 'a time is HH:MM, 00:00 to 24:00')
      .describe('Local time, HH:MM; earlier than `from`: on the next day'),
  })
  .refine(
    ({ from, to }) => from !== to,
    'a window begins and ends at different times; a whole day is 00:00 to 24:00',
  )
  .refine(({ from }) => from !== '24:00', 'a window begins at 23:59 at the latest');

export const uploadWindowsSchema = z.array(uploadWindowSchema).max(50, 'there are at most 50 windows');

export type UploadWindow = z.output<typeof uploadWindowSchema>;

/** Half-open, epoch milliseconds. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What waits longer than this has missed a week of windows: it is too old whatever they say. */
export const longestWindowWaitMs = 8 * 24 * 3_600_000;
/** A window that crosses midnight began on the day before; a week on there is the next of each. */
const daysAhead = 8;

/**
 * Whether uploads may run at `nowMs`, and when that changes.
 * @returns open, until when (undefined: always open), or closed until when; never closed without an end.
 */
export function windowAt(
  windows: readonly UploadWindow[],
  nowMs: number,
): { readonly tag: 'open' } | { readonly tag: 'closed'; readonly untilMs: number } {
  if (windows.length === 0) return { tag: 'open' };
  const spans = spansBetween(windows, nowMs, daysAhead);
  if (spans.some(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs)) return { tag: 'open' };
  const next = Math.min(...spans.filter(({ fromMs }) => fromMs > nowMs).map(({ fromMs }) => fromMs));
  // Only where a clock change swallows the one window of a week: looked at again an hour later.
  return { tag: 'closed', untilMs: Number.isFinite(next) ? next : nowMs + 3_600_000 };
}

/** Milliseconds until the window that is open at `nowMs` closes; undefined when there is no such end. */
export function closesInMs(windows: readonly UploadWindow[], nowMs: number): number | undefined {
  const ends = spansBetween(windows, nowMs, 1)
    .filter(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs)
    .map(({ toMs }) => toMs);
  return ends.length === 0 ? undefined : Math.max(...ends) - nowMs;
}

/**
 * How long uploads were allowed between two times: what waits ages by this alone, but never beyond a week.
 * @returns milliseconds; the plain difference without windows, and when it is over `longestWindowWaitMs`.
 */
export function openMsBetween(windows: readonly UploadWindow[], fromMs: number, toMs: number): number {
  const wholeMs = toMs - fromMs;
  if (windows.length === 0 || wholeMs <= 0 || wholeMs > longestWindowWaitMs) return wholeMs;
  const spans = spansBetween(windows, fromMs, Math.ceil(wholeMs / 86_400_000) + 1);
  let openMs = 0;
  let doneMs = fromMs;
  for (const span of spans.sort((a, b) => a.fromMs - b.fromMs)) {
    const begin = Math.max(span.fromMs, doneMs);
    const end = Math.min(span.toMs, toMs);
    if (end <= begin) continue;
    openMs += end - begin;
    doneMs = end;
  }
  return openMs;
}

/** Every window that begins between the day before `fromMs` and so many days after it. */
function spansBetween(windows: readonly UploadWindow[], fromMs: number, days: number): Span[] {
  const first = new Date(fromMs);
  const spans: Span[] = [];
  for (let offset = -1; offset <= days; offset += 1) {
    const day = new Date(first.getFullYear(), first.getMonth(), first.getDate() + offset);
    const name = weekdays[day.getDay()] ?? 'sun';
    for (const { days: on, from, to } of windows) {
      if (!on.includes(name)) continue;
      // Texts of one form: compared as such.
      const isNextDay = to <= from;
      spans.push({ fromMs: localTime(day, from, 0), toMs: localTime(day, to, isNextDay ? 1 : 0) });
    }
  }
  return spans;
}

/** Made from the calendar, not by adding hours: days of 23 and 25 hours come out right. */
function localTime(day: Date, time: string, addDays: number): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + addDays, hours, minutes).getTime();
}
