import { describe, expect, it } from 'vitest';
import { SystemRandom } from '../system/random.ts';
import { Secret } from '../system/secret.ts';
import { checkPasscode, newPasscode } from './passcode.ts';

const judge = (text: string) => () => checkPasscode(Secret.fromText(text));

describe('a passcode that is made', () => {
  it('has three groups of four letters that nobody mistakes, all of them in use', () => {
    const random = new SystemRandom();
    const made = Array.from({ length: 300 }, () => newPasscode(random).revealText());
    for (const passcode of made)
      expect(passcode).toMatch(/^([2-9a-hjkmnp-tv-z]{4}-){2}[2-9a-hjkmnp-tv-z]{4}$/);
    expect(new Set(made).size).toBe(300);
    expect(new Set(made.join('').replaceAll('-', '')).size).toBe(30);
  });

  it('passes the judgement of typed ones', () => {
    const random = new SystemRandom();
    for (let round = 0; round < 100; round += 1)
      expect(judge(newPasscode(random).revealText())).not.toThrow();
  });
});

describe('a passcode that somebody typed', () => {
  it.each([
    ['short', 'at least 12'],
    ['elevenchars', 'at least 12'],
    ['aaaaaaaaaaaaaaaa', 'repeats'],
    ['abababababababab', 'repeats'],
    ['rotkopf1rotkopf1', 'repeats'],
    ['password12345678', 'everybody'],
    ['qwertyuiop123456', 'everybody'],
    ['98765432101234567', 'everybody'],
    [' three unlikely otters', 'space'],
    ['x'.repeat(201), 'at most'],
  ])('is refused when it is guessed easily: %s', (text, why) => {
    expect(judge(text)).toThrow(expect.objectContaining({ code: 'share-passcode-weak' }));
    expect(judge(text)).toThrow(why);
  });

  it.each(['three unlikely otters', 'Grüner Tee um 17:42', 'κανένα καρότο σήμερα', 'k7mp-3xqt-9wvz'])(
    'is taken: %s',
    (text) => {
      expect(judge(text)).not.toThrow();
    },
  );

  it('is not shown by the refusal', () => {
    let told = '';
    try {
      checkPasscode(Secret.fromText('hunter2'));
    } catch (error) {
      told = `${String(error)} ${JSON.stringify(error)}`;
    }
    expect(told).toContain('at least 12');
    expect(told).not.toContain('hunter2');
  });
});
