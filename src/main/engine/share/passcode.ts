/** Passcodes of links: made here, or typed by somebody and judged. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';
import { Secret } from '../system/secret.ts';

/** Without letters and digits that are mistaken for each other on paper or by phone (i l o u 0 1). */
const alphabet = '23456789abcdefghjkmnpqrstvwxyz';
const groups = 3;
const groupLetters = 4;

const leastLetters = 12;
const mostLetters = 200;
/** With well-known parts and runs counted as one letter each. */
const leastUnguessed = 9;
/** Fewer different letters than this is a pattern. */
const leastDifferent = 6;
/** What so many choose that guessing begins with it; parts of longer ones too. */
const commonParts = [
  'password',
  'passwort',
  'contrasena',
  'contraseña',
  'qwerty',
  'qwertz',
  'asdfgh',
  'letmein',
  'welcome',
  'bienvenid',
  'edgesync',
  'edge-sync',
  'iloveyou',
  'abc123',
];
const runs = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
/** Letters of a run that count as one. */
const runLetters = 4;

/** Three groups of four: 58 bits, which scrypt turns into centuries even for somebody who has the link. */
export function newPasscode(random: Random): Secret {
  const letters: string[] = [];
  // The largest multiple of the alphabet below 256: what lies above would favour its first letters.
  const fair = 256 - (256 % alphabet.length);
  while (letters.length < groups * groupLetters) {
    for (const byte of random.bytes(32)) {
      if (byte < fair && letters.length < groups * groupLetters)
        letters.push(alphabet[byte % alphabet.length] ?? '');
    }
  }
  const text = letters.join('');
  return Secret.fromText(
    [0, 1, 2].map((group) => text.slice(group * groupLetters, (group + 1) * groupLetters)).join('-'),
  );
}

/** Throws share-passcode-weak, which says why and shows nothing of it. */
export function checkPasscode(passcode: Secret): void {
  const typed = passcode.revealText().normalize('NFKC');
  const letters = Array.from(typed);
  if (letters.length > mostLetters) throw weak(`at most ${mostLetters} characters`);
  if (typed.trim() !== typed) throw weak('it begins or ends with a space');
  if (letters.length < leastLetters) throw weak(`at least ${leastLetters} characters`);
  const lower = typed.toLowerCase();
  if (new Set(lower).size < leastDifferent) throw weak('it repeats itself');
  if (withoutPatterns(lower) < leastUnguessed)
    throw weak('it is made of words and runs that everybody tries first');
  if (/^(.+?)\1+$/u.test(lower)) throw weak('it repeats itself');
}

/** How many letters are left when each well-known part and run counts as one. */
function withoutPatterns(lower: string): number {
  let rest = lower;
  for (const part of commonParts) rest = rest.replaceAll(part, '*');
  let left = 0;
  for (let at = 0; at < rest.length; left += 1) at += Math.max(1, runAt(rest, at));
  return left;
}

/** The length of a run (abcd, 4321, qwer) that begins here; 0 for none. */
function runAt(text: string, at: number): number {
  for (const run of runs) {
    for (const line of [run, Array.from(run).reverse().join('')]) {
      let length = 0;
      const from = line.indexOf(text[at] ?? '');
      while (from >= 0 && length < line.length - from && line[from + length] === text[at + length])
        length += 1;
      if (length >= runLetters) return length;
    }
  }
  return 0;
}

function weak(why: string): EdgeSyncError {
  return new EdgeSyncError('share-passcode-weak', why);
}
