import { wordlist } from '@scure/bip39/wordlists/english.js';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { entropyFromWords, nearestWord, wordsFromEntropy } from './recovery-words.ts';

const entropy = new FakeRandom('words').bytes(32);
const words = wordsFromEntropy(Secret.from(entropy));

function refusal(typed: readonly string[]): EdgeSyncError {
  try {
    entropyFromWords(typed);
  } catch (error) {
    if (error instanceof EdgeSyncError) return error;
    throw error;
  }
  throw new Error('the words were accepted');
}

const withWord = (place: number, word: string): string[] =>
  words.map((one, i) => (i === place - 1 ? word : one));

describe('recovery words', () => {
  it('are 24 and give their entropy back', () => {
    expect(words).toHaveLength(24);
    expect(entropyFromWords(words).reveal().equals(entropy)).toBe(true);
  });

  it('are those of BIP-39: 32 zero bytes are 23 times abandon, then art', () => {
    const zero = wordsFromEntropy(Secret.from(Buffer.alloc(32)));
    expect(zero).toEqual([...Array.from({ length: 23 }, () => 'abandon'), 'art']);
  });

  it('may be typed in capitals and with spaces around', () => {
    expect(
      entropyFromWords(words.map((word) => ` ${word.toUpperCase()} `))
        .reveal()
        .equals(entropy),
    ).toBe(true);
  });

  it.each([0, 1, 12, 23, 25])('are refused when there are %d', (count) => {
    const typed = Array.from({ length: count }, (_, i) => words[i % 24] ?? '');
    expect(refusal(typed).code).toBe('recovery-words-count');
  });

  it('misspelt: the message names the word, its place and the nearest word', () => {
    const error = refusal(withWord(7, 'abuot'));
    expect(error.code).toBe('recovery-words-misspelt');
    expect(error.message).toContain("word 7, 'abuot' (perhaps 'about')");
  });

  it('misspelt: no other word is in the message', () => {
    const error = refusal(withWord(7, 'abuot'));
    for (const [index, word] of words.entries()) {
      if (index !== 6 && word !== 'about') expect(error.message).not.toMatch(new RegExp(`'${word}'`));
    }
  });

  it('misspelt in many places: three are named', () => {
    const typed = words.map((word, i) => (i < 5 ? `${word}xx` : word));
    expect(refusal(typed).detail).toMatch(/word 1, .*; word 2, .*; word 3, .*; and 2 more/);
  });

  it('control characters and long input do not reach the message', () => {
    const error = refusal(withWord(1, `ab\u001b[31m\n${'x'.repeat(300)}`));
    expect(error.message.split('').every((character) => character >= ' ')).toBe(true);
    expect(error.message.length).toBeLessThan(150);
  });

  it('swapped or exchanged for another word of the list are refused by the checksum, with no word named', () => {
    const swapped = [...words];
    [swapped[3], swapped[4]] = [words[4] ?? '', words[3] ?? ''];
    const error = refusal(swapped);
    expect(error.code).toBe('recovery-words-checksum');
    expect(error.detail).toBeUndefined();
    expect(error.cause).toBeUndefined();
  });
});

describe('the nearest word', () => {
  it.each([
    ['abuot', 'about'],
    ['abandn', 'abandon'],
    ['zooo', 'zoo'],
    ['recieve', 'receive'],
  ])('of %s', (typed, nearest) => {
    const found = nearestWord(typed);
    expect(found).toBeDefined();
    expect(wordlist).toContain(found);
    expect(found).toBe(nearest);
  });

  it('is none when nothing is near', () => {
    expect(nearestWord('xylophonist')).toBeUndefined();
  });
});
