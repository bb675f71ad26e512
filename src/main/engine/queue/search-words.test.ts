import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWords, searchTokens, searchWords, tokensOfQueryWord } from './search-words.ts';

describe('the words of a name or number', () => {
  it('are without accents, case, punctuation and the signs of a Person Name', () => {
    expect(searchWords("O'BRIEN^Zoë^^Dr.")).toEqual(['obrien', 'zoe', 'dr']);
    expect(searchWords('Großmann^Łukasz')).toEqual(['grossmann', 'lukasz']);
    expect(searchWords('EX-0001')).toEqual(['ex0001']);
    expect(searchWords('Yamada^Tarou=山田^太郎=やまだ^たろう')).toContain('山田');
    expect(searchWords('^^ = ,')).toEqual([]);
  });

  it('give the beginnings of three to eight letters and the whole', () => {
    expect(searchTokens(['Schwarzenberger']).sort()).toEqual(
      ['schwarzenberger', 'sch', 'schw', 'schwa', 'schwar', 'schwarz', 'schwarze'].sort(),
    );
    expect(searchTokens(['Li'])).toEqual(['li']);
  });

  it('give the halves of a hyphenated name too', () => {
    expect(searchTokens(['Müller-Lüdenscheidt'])).toEqual(
      expect.arrayContaining(['muller', 'ludenscheidt', 'lud', 'mullerludenscheidt']),
    );
  });

  it('are bounded whatever a header holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 400 }), { maxLength: 20 }), (values) => {
        expect(searchTokens(values).length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('of what was stored are found by each of their beginnings', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-zäöü]{1,14}\^[A-Za-z]{1,14}$/), fc.nat(13), (name, cut) => {
        const [word = ''] = searchWords(name);
        const letters = Array.from(word);
        const typed = letters.slice(0, Math.max(cut, 3)).join('');
        const tokens = new Set(searchTokens([name]));
        expect(tokens.has(tokensOfQueryWord(typed).prefix) || letters.length === 0).toBe(true);
        expect(matchesWords([name], [typed])).toBe(true);
      }),
    );
  });
});
