import { wordlist } from '@scure/bip39/wordlists/english.js';
import { describe, expect, it } from 'vitest';
import { reportFor } from '../../../shared/errors.ts';
import * as typed from './words.ts';

const kit = wordlist.slice(100, 124);
const shareA = wordlist.slice(200, 225);
const shareB = wordlist.slice(300, 325);
const none = typed.emptyKit('words');
const noShares = typed.emptyKit('shares');
const at = (word: number, sheet = 0) => ({ sheet, word });
const words = (one: typed.TypedKit, sheet = 0) => one.sheets[sheet]?.words;
const numbered = (list: readonly string[]) => list.map((word, index) => `${index + 1}. ${word}`).join('\n');

describe('the 24 fields', () => {
  it('take a typed word in lower case', () => {
    expect(words(typed.putWords(none, at(3), 'Orbit'))?.[2]).toBe('orbit');
  });

  it('take a whole kit pasted into any field', () => {
    expect(words(typed.putWords(none, at(12), kit.join(' ')))).toEqual(kit);
  });

  it('take a kit copied with numbers, dots and line ends', () => {
    const filled = typed.putWords(none, at(1), numbered(kit));
    expect(words(filled)).toEqual(kit);
    expect(typed.tokensOf(filled)).toEqual(kit);
  });

  it('let a few pasted words flow on from where they were put, and no further than the last', () => {
    expect(words(typed.putWords(none, at(23), 'lemon orbit canvas'))?.slice(21)).toEqual([
      '',
      'lemon',
      'orbit',
    ]);
  });

  it('can be emptied', () => {
    const full = typed.putWords(none, at(1), kit.join(' '));
    expect(words(typed.putWords(full, at(1), ''))?.[0]).toBe('');
  });

  it('know which are missing and which were changed', () => {
    const full = typed.putWords(none, at(1), kit.join(' '));
    const gaps = typed.putWords(typed.putWords(full, at(5), ''), at(24), '');
    expect(typed.missingPlaces(gaps)).toEqual([at(5), at(24)]);
    expect(typed.changedPlaces(full, gaps)).toEqual([at(5), at(24)]);
  });

  it('tell words that are in no kit, with a near one of the list', () => {
    const wrong = typed.putWords(none, at(7), 'stome abandn xqzt');
    expect(typed.misspeltPlaces(wrong)).toEqual([
      { ...at(7), perhaps: 'stone' },
      { ...at(8), perhaps: 'abandon' },
      { ...at(9), perhaps: undefined },
    ]);
  });
});

describe('the fields of two shares', () => {
  const both = `Share 1-4e672b5f\n${numbered(shareA)}\n\n3-4e672b5f\n${shareB.join(' ')}`;

  it('are filled by both shares pasted at once, marks and all', () => {
    const filled = typed.putWords(noShares, at(9, 1), both.replace('Share ', ''));
    expect(filled.sheets).toEqual([
      { mark: '1-4e672b5f', words: shareA },
      { mark: '3-4e672b5f', words: shareB },
    ]);
    expect(typed.tokensOf(filled)).toEqual(['1-4e672b5f', ...shareA, '3-4e672b5f', ...shareB]);
  });

  it('take one share where it was pasted, with or without its mark', () => {
    const second = typed.putWords(noShares, at(4, 1), shareB.join('\n'));
    expect(words(second, 0)?.every((word) => word === '')).toBe(true);
    expect(words(second, 1)).toEqual(shareB);
    const first = typed.putMark(second, 0, `2-4e672b5f ${shareA.join(' ')}`);
    expect(first.sheets[0]).toEqual({ mark: '2-4e672b5f', words: shareA });
    expect(words(first, 1)).toEqual(shareB);
  });

  it('open by themselves when a share is pasted where words are asked for', () => {
    const filled = typed.putWords(none, at(1), `2-4e672b5f ${shareA.join(' ')}`);
    expect(filled.held).toBe('shares');
    expect(filled.sheets[0]).toEqual({ mark: '2-4e672b5f', words: shareA });
  });

  it('leave out a mark that was not typed', () => {
    expect(typed.tokensOf(typed.putWords(noShares, at(1), shareA.join(' '))).slice(0, 2)).toEqual(
      shareA.slice(0, 2),
    );
  });
});

describe('the engine’s words about misspelt words', () => {
  it('name places and near words', () => {
    const report = reportFor(
      'recovery-words-misspelt',
      "word 7, 'abandn' (perhaps 'abandon'); word 19, 'xqzt'; and 2 more",
    );
    expect(typed.misspeltIn(report)).toEqual([
      { ...at(7), perhaps: 'abandon' },
      { ...at(19), perhaps: undefined },
    ]);
  });

  it('name the share', () => {
    const report = reportFor('recovery-words-misspelt', "share 2, word 25, 'abandn' (perhaps 'abandon')");
    expect(typed.misspeltIn(report)).toEqual([{ ...at(25, 1), perhaps: 'abandon' }]);
  });

  it('name no place when the words as a whole are wrong', () => {
    expect(typed.misspeltIn(reportFor('recovery-words-checksum'))).toEqual([]);
    expect(typed.misspeltIn(reportFor('recovery-words-count', 'there are 23'))).toEqual([]);
  });
});
