/** The 24 recovery words: BIP-39 with the English list, 256 bits of entropy and 8 of checksum. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';

export const recoveryWordCount = 24;
export const entropyBytes = 32;
/** The longest word has 8 letters; what is longer is cut in messages. */
const longestShownWord = 16;
/** Misspelt words named in one message. */
const mostNamed = 3;

export function wordsFromEntropy(entropy: Secret): readonly string[] {
  if (entropy.sizeBytes !== entropyBytes) throw new RangeError('the entropy has 32 bytes');
  return entropyToMnemonic(entropy.reveal(), wordlist).split(' ');
}

/**
 * The 32 bytes that the words stand for. Case and surrounding space do not matter.
 * Throws recovery-words-count, recovery-words-misspelt (the word, its place and the nearest word of the list; never
 * another of the words) or recovery-words-checksum.
 */
export function entropyFromWords(typed: readonly string[]): Secret {
  const words = typed
    .map((word) => word.normalize('NFKD').trim().toLowerCase())
    .filter((word) => word !== '');
  if (words.length !== recoveryWordCount) {
    throw new EdgeSyncError('recovery-words-count', `there are ${words.length}`);
  }
  checkSpelling(words);
  try {
    const entropy = mnemonicToEntropy(words.join(' '), wordlist);
    const secret = Secret.from(entropy);
    entropy.fill(0);
    return secret;
  } catch {
    // Not kept as the cause: a library's message may hold the words.
    throw new EdgeSyncError('recovery-words-checksum');
  }
}

const known: ReadonlySet<string> = new Set(wordlist);

/** `words`: in small letters. Throws recovery-words-misspelt, which names words, places and the nearest words. */
export function checkSpelling(words: readonly string[]): void {
  const misspelt = words.flatMap((word, index) => (known.has(word) ? [] : [describe(word, index + 1)]));
  if (misspelt.length === 0) return;
  const more = misspelt.length > mostNamed ? `; and ${misspelt.length - mostNamed} more` : '';
  throw new EdgeSyncError('recovery-words-misspelt', `${misspelt.slice(0, mostNamed).join('; ')}${more}`);
}

function describe(word: string, place: number): string {
  const nearest = nearestWord(word);
  const shown = printable(word);
  return `word ${place}, '${shown}'${nearest === undefined ? '' : ` (perhaps '${nearest}')`}`;
}

function printable(word: string): string {
  const plain = word.replaceAll(/[^\p{L}\p{N}\p{P}]/gu, '?');
  return plain.length > longestShownWord ? `${plain.slice(0, longestShownWord)}…` : plain;
}

/** The list's words differ in their first four letters, so a shared start weighs more than a shared length. */
export function nearestWord(word: string): string | undefined {
  if (word.length > 2 * longestShownWord) return undefined;
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of wordlist) {
    const distance = editDistance(word, candidate);
    const closer = best === undefined || distance < best.distance;
    const tiedButSameStart =
      best?.distance === distance && sharedStart(word, candidate) > sharedStart(word, best.word);
    if (closer || tiedButSameStart) best = { word: candidate, distance };
  }
  return best !== undefined && best.distance <= 2 ? best.word : undefined;
}

function sharedStart(a: string, b: string): number {
  let count = 0;
  while (count < a.length && a[count] === b[count]) count += 1;
  return count;
}

/** Insertions, deletions, replacements and swapped neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
