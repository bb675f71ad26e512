/** The typed recovery words. Pure: what pasting, typing and the engine's answers do to the 24 fields. */
import type { ShownReport } from '../../state/engine-context.ts';

export const wordCount = 24;
/** The contract's limit for one word; longer text is cut here rather than refused. */
const longestWord = 32;

export const noWords: readonly string[] = Array.from({ length: wordCount }, () => '');

/**
 * Puts text into the field at `index`. More than one word (a paste, or words parted by spaces) flows on into the next
 * fields; numbers and dots, as in a printed list, are left out. A whole kit pasted anywhere starts at field 1.
 */
export function putWords(fields: readonly string[], index: number, text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
  if (words.length <= 1 && !/\p{L}\P{L}+\p{L}/u.test(text)) {
    return replaced(fields, index, (words[0] ?? '').slice(0, longestWord));
  }
  const start = words.length >= wordCount ? 0 : index;
  return fields.map((field, place) => {
    const word = words[place - start];
    return place < start || word === undefined ? field : word.slice(0, longestWord);
  });
}

/** How many fields `text` fills from where it was put; the caret goes behind them. */
export function filledBy(text: string): number {
  return text.split(/[^\p{L}]+/u).filter((word) => word !== '').length;
}

/** 1-based places of empty fields. */
export function missingPlaces(fields: readonly string[]): readonly number[] {
  return fields.flatMap((field, index) => (field === '' ? [index + 1] : []));
}

export interface Misspelt {
  /** 1-based. */
  readonly place: number;
  /** The nearest word of the list, when there is a near one. */
  readonly perhaps: string | undefined;
}

/** The words an engine report names, as `word 7, 'abandn' (perhaps 'abandon')`; none when it is about all of them. */
export function misspeltIn(report: ShownReport): readonly Misspelt[] {
  if (report.code !== 'recovery-words-misspelt') return [];
  const named = report.message.matchAll(/\bword (\d{1,2})\b(?:, '[^']*')?(?: \(perhaps '([a-z]{1,16})'\))?/g);
  return [...named]
    .map((match): Misspelt => ({ place: Number(match[1]), perhaps: match[2] }))
    .filter(({ place }) => place >= 1 && place <= wordCount);
}

function replaced(fields: readonly string[], index: number, word: string): readonly string[] {
  return fields.map((field, place) => (place === index ? word : field));
}
