/** Numbers, sizes and times as the reader's language writes them. Formatters are costly to make: one per language. */
import { useMemo } from 'react';
import { usePreferences } from '../preferences/preferences.ts';
import type { Language } from '../preferences/preferences.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export interface Format {
  readonly language: Language;
  /** 12,345 */
  count(value: number): string;
  /** 3.2 GB; powers of ten, as the makers of disks and networks count. */
  size(bytes: number): string;
  /** "5 minutes ago"; "just now" within half a minute. A time in the future is "just now": clocks differ. */
  ago(iso: string, nowMs: number): string;
  /** The same in few letters, for rows: "5 min ago". */
  agoShort(iso: string, nowMs: number): string;
  /** 09:42 today, otherwise with the day. */
  moment(iso: string, nowMs: number): string;
  /** "3 minutes", "2 hours": rounded up to whole ones, for times still to go. */
  duration(seconds: number): string;
  /** Date in full. */
  date(ms: number): string;
  /** "1, 2 and 3" */
  list(values: readonly string[]): string;
}

const made = new Map<Language, Format>();

export function formatFor(language: Language): Format {
  const have = made.get(language);
  if (have !== undefined) return have;
  const format = makeFormat(language);
  made.set(language, format);
  return format;
}

export function useFormat(): Format {
  const [{ language }] = usePreferences();
  return useMemo(() => formatFor(language), [language]);
}

const sizeUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

function makeFormat(language: Language): Format {
  const count = new Intl.NumberFormat(language, { useGrouping: true });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const relativeShort = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
  const dayAndTime = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
    minute: '2-digit',
  });
  const fullDay = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'long' });
  const list = new Intl.ListFormat(language, { type: 'conjunction' });
  const sizes = sizeUnits.map((unit) => {
    const small = unit === 'byte' || unit === 'kilobyte';
    const options = { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short' } as const;
    return new Intl.NumberFormat(language, { ...options, maximumFractionDigits: small ? 0 : 1 });
  });

  const long = (unit: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' });
  const durations = { minute: long('minute'), hour: long('hour'), day: long('day') };

  return {
    language,
    count: (value) => count.format(value),
    size: (bytes) => {
      const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), sizes.length - 1);
      return sizes[step]?.format(bytes / 1000 ** step) ?? String(bytes);
    },
    ago: (iso, nowMs) => passed(relative, nowMs - Date.parse(iso)),
    agoShort: (iso, nowMs) => passed(relativeShort, nowMs - Date.parse(iso)),
    moment: (iso, nowMs) => {
      const then = new Date(iso);
      const now = new Date(nowMs);
      if (then.toDateString() === now.toDateString()) return time.format(then);
      return (then.getFullYear() === now.getFullYear() ? dayAndTime : fullDay).format(then);
    },
    duration: (seconds) => {
      const unit = seconds < 5400 ? 'minute' : seconds < 129_600 ? 'hour' : 'day';
      const inUnit = { minute: 60, hour: 3600, day: 86_400 }[unit];
      return durations[unit].format(Math.ceil(seconds / inUnit));
    },
    date: (ms) => date.format(ms),
    list: (values) => list.format(values),
  };
}

function passed(format: Intl.RelativeTimeFormat, passedMs: number): string {
  if (passedMs < minuteMs / 2) return format.format(0, 'second');
  if (passedMs < hourMs) return format.format(-Math.max(1, Math.round(passedMs / minuteMs)), 'minute');
  if (passedMs < dayMs) return format.format(-Math.round(passedMs / hourMs), 'hour');
  return format.format(-Math.round(passedMs / dayMs), 'day');
}
