/** The typed recovery kit: 24 words, or two shares. Pure: what pasting, typing and the engine's answers do to the fields. */
import { wordlist } from '@scure/bip39/wordlists/english.js';
import type { ShownReport } from '../../state/engine-context.ts';

export const wordCount = 24;
export const shareWordCount = 25;
/** The contract's limit for one word; longer text is cut here rather than refused. */
const longestWord = 32;

/** words: one sheet of 24. shares: two sheets of 25, each with the mark that stands above them on paper. */
export type KitHeld = 'words' | 'shares';

export interface Sheet {
  /** Such as 2-4e672b5f; empty where it was left out, and always for the 24 words. */
  readonly mark: string;
  readonly words: readonly string[];
}

export interface TypedKit {
  readonly held: KitHeld;
  readonly sheets: readonly Sheet[];
}

/** One field. */
export interface Place {
  /** From 0. */
  readonly sheet: number;
  /** From 1, as printed. */
  readonly word: number;
}

export function emptyKit(held: KitHeld): TypedKit {
  const sheet = (words: number): Sheet => ({ mark: '', words: Array.from({ length: words }, () => '') });
  return held === 'words'
    ? { held, sheets: [sheet(wordCount)] }
    : { held, sheets: [sheet(shareWordCount), sheet(shareWordCount)] };
}

/**
 * Puts text into a field. More than one word (a paste, or words parted by spaces) flows on into the next fields of the
 * sheet; numbers and dots, as in a printed list, are left out. A whole sheet pasted anywhere in it starts at word 1,
 * two shares pasted anywhere fill both, and a share pasted where words are asked for makes it a form for shares.
 */
export function putWords(kit: TypedKit, at: Place, text: string): TypedKit {
  const groups = groupsIn(text);
  const words = groups.flatMap((group) => group.words);
  const isMarked = groups.some(({ mark }) => mark !== '');
  if (isMarked || (kit.held === 'shares' && words.length >= shareWordCount))
    return putShares(kit.held === 'shares' ? kit : emptyKit('shares'), at.sheet, groups);
  if (words.length <= 1 && !/\p{L}\P{L}+\p{L}/u.test(text)) return flow(kit, at, [words[0] ?? '']);
  const isWhole = kit.held === 'words' && words.length >= wordCount;
  return flow(kit, isWhole ? { ...at, word: 1 } : at, words);
}

export function putMark(kit: TypedKit, sheet: number, text: string): TypedKit {
  if (groupsIn(text).some(({ words }) => words.length > 1)) return putWords(kit, { sheet, word: 1 }, text);
  const mark = text.trim().toLowerCase().slice(0, longestWord);
  return withSheet(kit, sheet, (one) => ({ ...one, mark }));
}

/** Fields that another kit has filled differently, in reading order. */
export function changedPlaces(before: TypedKit, after: TypedKit): readonly Place[] {
  return placesWhere(after, (word, at) => before.sheets[at.sheet]?.words[at.word - 1] !== word);
}

export function missingPlaces(kit: TypedKit): readonly Place[] {
  return placesWhere(kit, (word) => word === '');
}

const known: ReadonlySet<string> = new Set(wordlist);

export interface Misspelt extends Place {
  /** The nearest word of the list, when there is a near one. */
  readonly perhaps: string | undefined;
}

/** Words that are in no kit: the list is public, so the page can tell before anything is sent. */
export function misspeltPlaces(kit: TypedKit): readonly Misspelt[] {
  return placesWhere(kit, (word) => word !== '' && !known.has(word)).map((at) => ({
    ...at,
    perhaps: nearWord(wordAt(kit, at)),
  }));
}

/** What the engine is given: marks where they were typed, and words. */
export function tokensOf(kit: TypedKit): string[] {
  return kit.sheets.flatMap(({ mark, words }) => (mark === '' ? [...words] : [mark, ...words]));
}

export function wordAt(kit: TypedKit, at: Place): string {
  return kit.sheets[at.sheet]?.words[at.word - 1] ?? '';
}

export function samePlace(a: Place, b: Place): boolean {
  return a.sheet === b.sheet && a.word === b.word;
}

/** The words an engine report names, as `share 2, word 7, 'abandn' (perhaps 'abandon')`; none when it is about all. */
export function misspeltIn(report: ShownReport): readonly Misspelt[] {
  if (report.code !== 'recovery-words-misspelt') return [];
  const sheet = Number(/\bshare ([12])\b/.exec(report.message)?.[1] ?? 1) - 1;
  const named = report.message.matchAll(/\bword (\d{1,2})\b(?:, '[^']*')?(?: \(perhaps '([a-z]{1,16})'\))?/g);
  return [...named]
    .map((match): Misspelt => ({ sheet, word: Number(match[1]), perhaps: match[2] }))
    .filter(({ word }) => word >= 1 && word <= shareWordCount);
}

/** One letter off; else the same first four letters, which tell a word of the list from every other (BIP-39). */
function nearWord(word: string): string | undefined {
  const start = word.slice(0, 4);
  if (start.length < 4) return undefined;
  return wordlist.find((one) => differsByOne(one, word)) ?? wordlist.find((one) => one.startsWith(start));
}

function differsByOne(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  return (
    a.slice(start + 1) === b.slice(start + 1) ||
    a.slice(start) === b.slice(start + 1) ||
    a.slice(start + 1) === b.slice(start)
  );
}

interface Group {
  readonly mark: string;
  readonly words: readonly string[];
}

/** Parted where a mark stands, and after as many words as a share has. */
function groupsIn(text: string): readonly Group[] {
  const groups: { mark: string; words: string[] }[] = [];
  for (const token of text.toLowerCase().split(/\s+/)) {
    const mark = /(?:^|[^0-9a-z])([1-3]-[0-9a-f]{8})(?![0-9a-z])/.exec(token)?.[1];
    if (mark !== undefined) {
      groups.push({ mark, words: [] });
      continue;
    }
    for (const word of token.split(/[^\p{L}]+/u)) {
      if (word === '') continue;
      const last = groups.at(-1);
      if (last === undefined || last.words.length === shareWordCount)
        groups.push({ mark: '', words: [word] });
      else last.words.push(word);
    }
  }
  return groups;
}

function putShares(kit: TypedKit, sheet: number, groups: readonly Group[]): TypedKit {
  const start = groups.length > 1 ? 0 : sheet;
  return groups.slice(0, kit.sheets.length).reduce((filled, { mark, words }, index) => {
    const target = start + index;
    const marked = withSheet(filled, target, (one) => ({ ...one, mark: mark === '' ? one.mark : mark }));
    return flow(marked, { sheet: target, word: 1 }, words);
  }, kit);
}

function flow(kit: TypedKit, at: Place, words: readonly string[]): TypedKit {
  return withSheet(kit, at.sheet, (one) => ({
    ...one,
    words: one.words.map((field, index) => words[index - (at.word - 1)]?.slice(0, longestWord) ?? field),
  }));
}

function withSheet(kit: TypedKit, sheet: number, change: (sheet: Sheet) => Sheet): TypedKit {
  return { ...kit, sheets: kit.sheets.map((one, index) => (index === sheet ? change(one) : one)) };
}

function placesWhere(kit: TypedKit, fits: (word: string, at: Place) => boolean): readonly Place[] {
  return kit.sheets.flatMap(({ words }, sheet) =>
    words.flatMap((word, index) => {
      const at = { sheet, word: index + 1 };
      return fits(word, at) ? [at] : [];
    }),
  );
}
