/** Names, ids and accession numbers as they are searched for: the same words from what is stored and from what is typed. */

/** Prefixes of a word that are indexed, in letters; the whole word is too, be it shorter or longer. */
const shortestPrefix = 3;
const longestPrefix = 8;
/** Scripts that write a word in one or two signs. */
const shortestDensePrefix = 1;
const mostWords = 12;
/** Per study: bounds the index whatever a header holds. */
const mostTokens = 64;
/** PN groups hold 64 characters each, LO and SH fewer (PS3.5 6.2); a value far beyond that is not indexed further. */
const longestValue = 256;
/** Words a question may have. */
export const mostQueryWords = 6;

/** Letters that NFKD leaves alone though people type them otherwise. */
const plain: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/**
 * Lower case, without accents and punctuation, apart at blanks and at the signs that part a Person Name (PS3.5 6.2.1).
 * "O'Brien^Zoë" is "obrien" and "zoe"; "EX-0001" is "ex0001".
 */
export function searchWords(value: string): string[] {
  return value
    .slice(0, longestValue)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .split(/[\s^=,;]+/u)
    .map(plainWord)
    .filter((word) => word !== '');
}

function plainWord(word: string): string {
  return Array.from(word)
    .map((letter) => plain[letter] ?? letter)
    .join('')
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

/** The parts of hyphenated words besides the whole: "Müller-Lüdenscheidt" is found by its second half too. */
function partsOf(value: string): string[] {
  const pieces = value.slice(0, longestValue).split(/[\p{P}\p{S}]+/u);
  return pieces.length < 2 ? [] : pieces.flatMap(searchWords);
}

/** What is indexed of a study's values; at most 64, each once. */
export function searchTokens(values: readonly string[]): string[] {
  const words = new Set(
    values.flatMap((value) => [...searchWords(value), ...partsOf(value)]).slice(0, 2 * mostWords),
  );
  // Whole words first: they must not be crowded out by prefixes.
  const tokens = new Set([...words].slice(0, mostWords));
  for (const word of [...tokens]) {
    for (const prefix of prefixesOf(word)) tokens.add(prefix);
  }
  return [...tokens].slice(0, mostTokens);
}

function prefixesOf(word: string): string[] {
  const letters = Array.from(word);
  const shortest = isDense(word) ? shortestDensePrefix : shortestPrefix;
  const made: string[] = [];
  for (let size = shortest; size <= Math.min(longestPrefix, letters.length - 1); size += 1)
    made.push(letters.slice(0, size).join(''));
  return made;
}

function isDense(word: string): boolean {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(word);
}

/** The tokens that a study must have for one typed word: the word itself, or for a long one its longest prefix. */
export function tokensOfQueryWord(word: string): { readonly whole: string; readonly prefix: string } {
  const letters = Array.from(word);
  return {
    whole: word,
    prefix: letters.length > longestPrefix ? letters.slice(0, longestPrefix).join('') : word,
  };
}

/** Whether one of the values has a word (or a part of one) that begins with each of the typed words. */
export function matchesWords(values: readonly string[], query: readonly string[]): boolean {
  const words = values.flatMap((value) => [...searchWords(value), ...partsOf(value)]);
  return query.every((typed) => words.some((word) => word.startsWith(typed)));
}
