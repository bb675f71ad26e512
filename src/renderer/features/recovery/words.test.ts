import { describe, expect, it } from 'vitest';
import { reportFor } from '../../../shared/errors.ts';
import { filledBy, misspeltIn, missingPlaces, noWords, putWords, wordCount } from './words.ts';

const kit = Array.from({ length: wordCount }, (_, index) => `word${'abcdefghijklmnopqrstuvwx'[index] ?? ''}`);

describe('the 24 fields', () => {
  it('take a typed word in lower case', () => {
    expect(putWords(noWords, 2, 'Orbit')[2]).toBe('orbit');
  });

  it('take a whole kit pasted into any field', () => {
    expect(putWords(noWords, 11, kit.join(' '))).toEqual(kit);
  });

  it('take a kit copied with numbers, dots and line ends', () => {
    const printed = kit.map((word, index) => `${index + 1}. ${word}`).join('\n');
    expect(putWords(noWords, 0, printed)).toEqual(kit);
    expect(filledBy(printed)).toBe(wordCount);
  });

  it('let a few pasted words flow on from where they were put, and no further than the last', () => {
    const fields = putWords(noWords, 22, 'lemon orbit canvas');
    expect(fields.slice(21)).toEqual(['', 'lemon', 'orbit']);
  });

  it('can be emptied', () => {
    expect(putWords(kit, 0, '')[0]).toBe('');
  });

  it('know which are missing', () => {
    expect(missingPlaces(putWords(putWords(kit, 4, ''), 23, ''))).toEqual([5, 24]);
  });
});

describe('the engine’s words about misspelt words', () => {
  it('name places and near words', () => {
    const report = reportFor(
      'recovery-words-misspelt',
      "word 7, 'abandn' (perhaps 'abandon'); word 19, 'xqzt'; and 2 more",
    );
    expect(misspeltIn(report)).toEqual([
      { place: 7, perhaps: 'abandon' },
      { place: 19, perhaps: undefined },
    ]);
  });

  it('name no place when the words as a whole are wrong', () => {
    expect(misspeltIn(reportFor('recovery-words-checksum'))).toEqual([]);
    expect(misspeltIn(reportFor('recovery-words-count', 'there are 23'))).toEqual([]);
  });
});
