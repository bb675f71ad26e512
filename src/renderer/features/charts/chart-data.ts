/** The day's figures as curves and as rows. */
import type { DayChart } from '../../../shared/contract-home.ts';

/** Seconds since 1970, then one array per curve; null draws nothing. */
export type Columns = readonly [readonly number[], ...(readonly (number | null)[])[]];

export interface Curves {
  readonly intake: Columns;
  readonly rate: Columns;
  readonly names: readonly string[];
}

export function curvesOf({ slots, slotSeconds, destinations }: DayChart): Curves {
  const times = slots.map(({ at }) => Date.parse(at) / 1000);
  return {
    intake: [times, slots.map(({ images }) => images), slots.map(({ waitingMost }) => waitingMost)],
    rate: [
      times,
      ...destinations.map(({ bytes }) => slots.map((_, index) => (bytes[index] ?? 0) / slotSeconds / 1e6)),
    ],
    names: destinations.map(({ name }) => name),
  };
}

export interface HourRow {
  readonly at: string;
  readonly images: number;
  /** The most in that hour; null when nobody noted it. */
  readonly waiting: number | null;
  /** MB per second, as `names` of the curves has them. */
  readonly rates: readonly number[];
}

/** Hours in which something was, the wall clock's hour deciding. */
export function hoursOf({ slots, slotSeconds, destinations }: DayChart): readonly HourRow[] {
  const groups = new Map<string, number[]>();
  for (const [index, { at }] of slots.entries()) {
    const date = new Date(at);
    date.setMinutes(0, 0, 0);
    const key = date.toISOString();
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups].flatMap(([at, indexes]): HourRow[] => {
    const of = (values: readonly number[]) => indexes.reduce((sum, index) => sum + (values[index] ?? 0), 0);
    const waitings = indexes.flatMap((index) => slots[index]?.waitingMost ?? []);
    const row: HourRow = {
      at,
      images: of(slots.map(({ images }) => images)),
      waiting: waitings.length === 0 ? null : Math.max(...waitings),
      rates: destinations.map(({ bytes }) => of(bytes) / (indexes.length * slotSeconds) / 1e6),
    };
    return row.images > 0 || (row.waiting ?? 0) > 0 || row.rates.some((rate) => rate > 0) ? [row] : [];
  });
}

export function isEmptyDay(chart: DayChart): boolean {
  return hoursOf(chart).length === 0;
}
