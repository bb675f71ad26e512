/**
 * Instance numbers that are missing in a series. A hint only: the standard does not ask for numbers that run on (PS3.3
 * C.7.6.1: Instance Number identifies, no more), and what comes after the last number nobody can miss.
 */
import type { SeriesGap } from '../../../shared/contract-home.ts';

export interface NumberedImage {
  readonly series: string;
  readonly seriesNumber: string;
  readonly modality: string;
  readonly number: string;
}

/** Shown; more are counted. */
const mostRanges = 8;
/** Fewer say nothing about how a device numbers. */
const fewestNumbers = 3;
/** IS holds 12 characters (PS3.5 6.2), of which none beyond this numbers an image. */
const largestNumber = 9_999_999;
/** Not numbered like images. */
const companions = new Set(['SR', 'PR', 'KO', 'DOC', 'REG', 'SEG', 'RTPLAN', 'RTSTRUCT', 'RTDOSE']);

export class StudyNumbers {
  readonly #series = new Map<
    string,
    { readonly seriesNumber: string; readonly modality: string; readonly numbers: Set<number> }
  >();
  /** How many series have each number: a device may number through its whole study. */
  readonly #used = new Map<number, number>();

  add({ series, seriesNumber, modality, number }: NumberedImage): void {
    if (series === '' || companions.has(modality)) return;
    const value = /^\s*\+?(\d{1,7})\s*$/.exec(number)?.[1];
    if (value === undefined) return;
    const known = this.#series.get(series) ?? { seriesNumber, modality, numbers: new Set<number>() };
    this.#series.set(series, known);
    const asNumber = Math.min(Number(value), largestNumber);
    if (known.numbers.has(asNumber)) return;
    known.numbers.add(asNumber);
    this.#used.set(asNumber, (this.#used.get(asNumber) ?? 0) + 1);
  }

  /** Series with numbers missing between their first and their last one, in the order of arrival. */
  gaps(): SeriesGap[] {
    return [...this.#series.values()].flatMap((one) => this.#gapOf(one) ?? []);
  }

  #gapOf(one: {
    readonly seriesNumber: string;
    readonly modality: string;
    readonly numbers: ReadonlySet<number>;
  }): SeriesGap | undefined {
    const numbers = [...one.numbers].sort((a, b) => a - b);
    if (numbers.length < fewestNumbers) return undefined;
    const steps = numbers.slice(1).map((value, index) => value - (numbers[index] ?? 0));
    // 1, 3, 5: it counts by two.
    const step = steps.reduce(greatestCommonDivisor);
    const ranges: [number, number][] = [];
    let missing = 0;
    for (const [index, jump] of steps.entries()) {
      if (jump === step) continue;
      const from = (numbers[index] ?? 0) + step;
      const to = (numbers[index + 1] ?? 0) - step;
      if (jump / step > numbers.length + 1) return undefined;
      for (let number = from; number <= to; number += step) {
        // In another series of the same study.
        if ((this.#used.get(number) ?? 0) > 0) continue;
        missing += 1;
        const last = ranges.at(-1);
        if (last !== undefined && last[1] === number - step) last[1] = number;
        else ranges.push([number, number]);
      }
    }
    // Rather numbers with a meaning of their own than images that are missing.
    if (missing === 0 || missing > numbers.length) return undefined;
    return {
      modality: /^[A-Z][A-Z0-9]{1,5}$/.test(one.modality) ? one.modality : 'OT',
      // A number, or nothing: free text of a header is not shown unasked.
      seriesNumber: /^\s*(\d{1,12})\s*$/.exec(one.seriesNumber)?.[1] ?? null,
      present: numbers.length,
      missing,
      ranges: ranges.slice(0, mostRanges).map(([from, to]) => ({ from, to })),
      moreRanges: Math.max(0, ranges.length - mostRanges),
    };
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
