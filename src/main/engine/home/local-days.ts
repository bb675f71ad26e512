/** Days of the clinic's calendar, in the time zone of this PC. A day has 23, 24 or 25 hours. */

const two = (value: number): string => String(value).padStart(2, '0');

/** YYYY-MM-DD. */
export function localDay(atMs: number): string {
  const date = new Date(atMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `days` later in the calendar (earlier when negative), YYYY-MM-DD. */
export function dayAfter(day: string, days: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  // Noon: no zone changes its clocks then.
  return localDay(new Date(year, month - 1, date + days, 12).getTime());
}

export function dayStartMs(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date).getTime();
}

/** From its first moment up to and without the first one of the next day. */
export function dayRange(day: string): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: dayStartMs(day), toMs: dayStartMs(dayAfter(day, 1)) };
}

/** 0 Sunday to 6 Saturday. */
export function weekday(day: string): number {
  return new Date(dayStartMs(day) + 12 * 3_600_000).getDay();
}

/** What a clock on the wall shows, in minutes since midnight: 10:00 is 600 on every day, whatever was done to the clocks. */
export function wallMinute(atMs: number): number {
  const date = new Date(atMs);
  return date.getHours() * 60 + date.getMinutes();
}

/** The moment at which the wall clock shows that minute on that day. */
export function atWallMinute(day: string, minute: number): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date, 0, minute).getTime();
}

/** Whether it is a day of the calendar, written YYYY-MM-DD. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && dayAfter(text, 0) === text;
}
