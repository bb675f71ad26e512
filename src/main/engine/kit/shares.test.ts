import { wordlist } from '@scure/bip39/wordlists/english.js';
import { combine } from 'shamir-secret-sharing';
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { deriveRecoveryKey } from '../keys/recovery-key.ts';
import { entropyFromWords, wordsFromEntropy } from '../keys/recovery-words.ts';
import { Secret } from '../system/secret.ts';
import { isOneShare, sharesFromWords, wordsOrShares, type RecoveryShare } from './shares.ts';

const words = wordsFromEntropy(Secret.from(new FakeRandom('shares').bytes(32)));
const otherWords = wordsFromEntropy(Secret.from(new FakeRandom('another kit').bytes(32)));
let shares: readonly RecoveryShare[];
let otherShares: readonly RecoveryShare[];

beforeAll(async () => {
  shares = await sharesFromWords(words);
  otherShares = await sharesFromWords(otherWords);
});

const typed = (...some: readonly (RecoveryShare | undefined)[]): string[] =>
  some.flatMap((share) => (share === undefined ? [] : [share.mark, ...share.words]));
const unmarked = (...some: readonly (RecoveryShare | undefined)[]): string[] =>
  some.flatMap((share) => share?.words ?? []);

async function refusal(tokens: readonly string[]): Promise<EdgeSyncError> {
  const error: unknown = await wordsOrShares(tokens).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof EdgeSyncError) return error;
  throw new Error('it was accepted');
}

describe('shares of the recovery words', () => {
  it('are three of 25 words of the list, marked with their number and the kit’s fingerprint', () => {
    const { fingerprint } = deriveRecoveryKey(entropyFromWords(words));
    expect(shares.map(({ mark }) => mark)).toEqual(
      [1, 2, 3].map((number) => `${number}-${fingerprint.slice(0, 8)}`),
    );
    for (const share of shares) {
      expect(share.words).toHaveLength(25);
      for (const word of share.words) expect(wordlist).toContain(word);
    }
  });

  it.each([
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 1],
  ])('give the words back, any two, in any order: %d and %d', async (a, b) => {
    expect(await wordsOrShares(typed(shares[a], shares[b]))).toEqual(words);
    expect(await wordsOrShares(unmarked(shares[a], shares[b]))).toEqual(words);
  });

  it('give them back in capitals, all three, and with one mark left out', async () => {
    expect(await wordsOrShares(typed(...shares).map((one) => one.toUpperCase()))).toEqual(words);
    const [a, b] = shares;
    expect(await wordsOrShares([...unmarked(a), ...typed(b)])).toEqual(words);
    expect(await wordsOrShares([...typed(a), ...unmarked(b)])).toEqual(words);
  });

  it('are made anew each time, and shares of two makings do not go together', async () => {
    const again = await sharesFromWords(words);
    expect(again.map((share) => share.words)).not.toEqual(shares.map((share) => share.words));
    // By their x coordinates they may even be the same place; whatever it is, it is refused.
    const error = await refusal(typed(shares[0], again[1]));
    expect(['recovery-share-mismatch', 'recovery-share-count']).toContain(error.code);
  });

  it('of different kits are told by their marks, and by what they give when one mark is missing', async () => {
    expect((await refusal(typed(shares[0], otherShares[1]))).code).toBe('recovery-share-mismatch');
    const mixed = [...typed(shares[0]), ...unmarked(otherShares[1])];
    expect(['recovery-share-mismatch', 'recovery-share-count']).toContain((await refusal(mixed)).code);
  });

  it('one alone is not enough, nor one typed twice', async () => {
    expect((await refusal(typed(shares[0]))).code).toBe('recovery-share-count');
    expect((await refusal(unmarked(shares[0]))).code).toBe('recovery-share-count');
    expect((await refusal(typed(shares[0], shares[0]))).code).toBe('recovery-share-count');
    expect((await refusal(typed(...shares, otherShares[0]))).code).toBe('recovery-share-count');
  });

  it('with a word missing or too many are told so', async () => {
    const error = await refusal(typed(shares[0], shares[1]).slice(0, -1));
    expect(error.code).toBe('recovery-share-count');
    expect((await refusal([...typed(shares[0], shares[1]), 'zoo'])).code).toBe('recovery-share-count');
  });

  it('misspelt: the message names share, word, place and the nearest word, and no other word', async () => {
    const [a, b] = [[...(shares[0]?.words ?? [])], [...(shares[1]?.words ?? [])]];
    b[6] = 'abuot';
    const error = await refusal([...a, ...b]);
    expect(error.code).toBe('recovery-words-misspelt');
    expect(error.detail).toBe("share 2, word 7, 'abuot' (perhaps 'about')");
  });

  it('with two words swapped or one exchanged are refused by the checksum, by far mostly', async () => {
    let refused = 0;
    for (let place = 0; place < 24; place += 1) {
      const changed = [...(shares[0]?.words ?? [])];
      changed[place] = wordlist[(wordlist.indexOf(changed[place] ?? '') + 1) % 2048] ?? '';
      const error = await refusal([...changed, ...unmarked(shares[1])]).catch(() => undefined);
      if (error?.code === 'recovery-share-checksum') {
        refused += 1;
        expect(error.detail).toBe('share 1');
        expect(error.cause).toBeUndefined();
      }
    }
    // 11 bits of checksum: one in 2,048 passes.
    expect(refused).toBeGreaterThan(22);
  });

  it('one tells nothing: with it alone every other key is as likely (the library combines it with a foreign one)', async () => {
    const mixed = unmarked(shares[0], otherShares[1]);
    const result = await wordsOrShares(mixed).catch((error: unknown) => error);
    expect(result).not.toEqual(words);
    expect(result).not.toEqual(otherWords);
  });

  it('leave 24 words and everything else as they are', async () => {
    expect(await wordsOrShares(words)).toBe(words);
    for (const count of [0, 1, 12, 23, 26]) {
      const some = Array.from({ length: count }, () => 'zoo');
      expect(await wordsOrShares(some)).toBe(some);
    }
  });

  it('one share is known as such, so that a terminal can ask for the other', () => {
    expect(isOneShare(typed(shares[0]))).toBe(true);
    expect(isOneShare(unmarked(shares[0]))).toBe(true);
    expect(isOneShare(words)).toBe(false);
    expect(isOneShare(typed(shares[0], shares[1]))).toBe(false);
  });

  it('follow the published scheme: GF(256) of AES, x last, a straight line for each byte', async () => {
    const bytes = shares.map((share) => shareBytes(share.words));
    expect(Buffer.from(await combine([bytes[0]!, bytes[2]!]))).toEqual(
      Buffer.from(entropyFromWords(words).reveal()),
    );
    const [a, b] = [bytes[0]!, bytes[1]!];
    const [xa, xb] = [a[32]!, b[32]!];
    // f(0) = ya * xb / (xa + xb) + yb * xa / (xa + xb), where + is XOR.
    const [ka, kb] = [multiply(xb, inverse(xa ^ xb)), multiply(xa, inverse(xa ^ xb))];
    const secret = Uint8Array.from({ length: 32 }, (_, i) => multiply(a[i]!, ka) ^ multiply(b[i]!, kb));
    expect(Buffer.from(secret)).toEqual(Buffer.from(entropyFromWords(words).reveal()));
  });
});

function shareBytes(some: readonly string[]): Uint8Array {
  const bits = some.map((word) => wordlist.indexOf(word).toString(2).padStart(11, '0')).join('');
  return Uint8Array.from({ length: 33 }, (_, i) => Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2));
}

/** Modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197 4.2). */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit += 1) {
    if ((b >> bit) & 1) product ^= a << bit;
  }
  for (let bit = 14; bit >= 8; bit -= 1) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8);
  return product;
}

function inverse(a: number): number {
  for (let b = 1; b < 256; b += 1) if (multiply(a, b) === 1) return b;
  throw new Error('zero has none');
}
