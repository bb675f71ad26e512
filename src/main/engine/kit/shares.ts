/**
 * The 32 bytes behind the words as three shares, any two of which give them back (Shamir's scheme over GF(256), from
 * the library). A share is 33 bytes, its x coordinate last: 264 bits and 11 bits of checksum are 25 words of the same
 * BIP-39 list. Printed in front of them stands a mark, `2-4e672b5f`: the share's number and the first eight digits of
 * the kit's fingerprint, which tells shares of different kits apart.
 */
import { createHash } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { combine, split } from 'shamir-secret-sharing';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { deriveRecoveryKey } from '../keys/recovery-key.ts';
import {
  checkSpelling,
  entropyBytes,
  entropyFromWords,
  recoveryWordCount,
  wordsFromEntropy,
} from '../keys/recovery-words.ts';
import { Secret } from '../system/secret.ts';

export const shareCount = 3;
export const sharesNeeded = 2;
export const shareWordCount = 25;
const shareBytes = entropyBytes + 1;
const bitsPerWord = 11;
const checksumLabel = 'edge-sync recovery share v1';
const markPattern = /^([1-3])-([0-9a-f]{8})$/;

export interface RecoveryShare {
  readonly number: number;
  readonly mark: string;
  readonly words: readonly string[];
}

/** The part of a share's mark that is the same in all shares of a kit. `fingerprint`: 64 hex digits. */
export function kitMark(fingerprint: string): string {
  return fingerprint.slice(0, 8);
}

/** Three shares of the entropy behind 24 words; each making gives others. Throws recovery-words-*. */
export async function sharesFromWords(words: readonly string[]): Promise<readonly RecoveryShare[]> {
  const entropy = entropyFromWords(words);
  const { fingerprint } = deriveRecoveryKey(entropy);
  const parts = await split(new Uint8Array(entropy.reveal()), shareCount, sharesNeeded);
  entropy.wipe();
  return parts.map((part, index) => {
    const words = encodeShare(part);
    part.fill(0);
    return { number: index + 1, mark: `${index + 1}-${kitMark(fingerprint)}`, words };
  });
}

/**
 * What was typed, as 24 words: the words themselves, or those that two or three shares stand for. Marks may be left
 * out; where they are there, they are checked. Numbers in front of words must be gone already.
 *
 * Throws recovery-words-count for neither 24 words nor shares, recovery-share-count for one share, too many, or one
 * share twice; recovery-words-misspelt, recovery-share-checksum, recovery-share-mismatch. 24 words are given back as
 * they are: whoever uses them checks them.
 */
export async function wordsOrShares(typed: readonly string[]): Promise<readonly string[]> {
  const tokens = typed
    .map((token) => token.normalize('NFKD').trim().toLowerCase())
    .filter((token) => token !== '');
  const shares = sharesIn(tokens);
  if (shares === undefined) return typed;
  const parts = shares.map(({ words }, index) => decodeShare(words, index + 1));
  checkTogether(shares, parts);
  const combined = await combine(parts);
  for (const part of parts) part.fill(0);
  const entropy = Secret.from(combined);
  combined.fill(0);
  try {
    const { fingerprint } = deriveRecoveryKey(entropy);
    if (shares.some(({ kit }) => kit !== undefined && kit !== kitMark(fingerprint)))
      throw new EdgeSyncError('recovery-share-mismatch');
    return wordsFromEntropy(entropy);
  } finally {
    entropy.wipe();
  }
}

/** Whether what was typed so far is exactly one share: a terminal asks for the second then. */
export function isOneShare(tokens: readonly string[]): boolean {
  const marks = tokens.filter(isShareMark).length;
  return marks <= 1 && tokens.length - marks === shareWordCount;
}

/** `2-4e672b5f` */
export function isShareMark(token: string): boolean {
  return markPattern.test(token);
}

interface TypedShare {
  readonly number: number | undefined;
  readonly kit: string | undefined;
  readonly words: readonly string[];
}

/** undefined: these are no shares. */
function sharesIn(tokens: readonly string[]): readonly TypedShare[] | undefined {
  const marks = tokens.filter(isShareMark).length;
  const words = tokens.length - marks;
  const count = words / shareWordCount;
  // 24 words with nothing else, and everything that is no multiple of a share, are told of as words.
  if (marks === 0 && (words === recoveryWordCount || !Number.isInteger(count) || count === 0))
    return undefined;
  if (!Number.isInteger(count)) {
    throw new EdgeSyncError(
      'recovery-share-count',
      `each has ${shareWordCount} words; there are ${words} words after ${marks} marks`,
    );
  }
  if (count < sharesNeeded) throw new EdgeSyncError('recovery-share-count', 'there is one');
  if (count > shareCount) throw new EdgeSyncError('recovery-share-count', `there are ${count}`);
  const shares: { number: number | undefined; kit: string | undefined; words: string[] }[] = [];
  for (const token of tokens) {
    const mark = markPattern.exec(token);
    const last = shares.at(-1);
    if (mark !== null) shares.push({ number: Number(mark[1]), kit: mark[2], words: [] });
    else if (last === undefined || last.words.length === shareWordCount)
      shares.push({ number: undefined, kit: undefined, words: [token] });
    else last.words.push(token);
  }
  const short = shares.find(({ words: own }) => own.length !== shareWordCount);
  if (short !== undefined)
    throw new EdgeSyncError(
      'recovery-share-count',
      `each has ${shareWordCount} words; one has ${short.words.length}`,
    );
  return shares;
}

/** Before they are combined: shares that cannot belong together would give other words, and nobody would know why. */
function checkTogether(shares: readonly TypedShare[], parts: readonly Uint8Array[]): void {
  const kits = new Set(shares.flatMap(({ kit }) => (kit === undefined ? [] : [kit])));
  if (kits.size > 1) throw new EdgeSyncError('recovery-share-mismatch', `marks ${[...kits].join(' and ')}`);
  const places = new Set(parts.map((part) => part.at(-1)));
  if (places.size !== parts.length) throw new EdgeSyncError('recovery-share-count', 'one stands there twice');
}

function encodeShare(share: Uint8Array): readonly string[] {
  const bits = [...share].map((byte) => byte.toString(2).padStart(8, '0')).join('') + checksumBits(share);
  return Array.from({ length: shareWordCount }, (_, index) => {
    const word = wordlist[Number.parseInt(bits.slice(index * bitsPerWord, (index + 1) * bitsPerWord), 2)];
    if (word === undefined) throw new RangeError('a word of 11 bits');
    return word;
  });
}

/** 33 bytes. `place`: 1 for the first that was typed, for the message. */
function decodeShare(words: readonly string[], place: number): Uint8Array {
  try {
    checkSpelling(words);
  } catch (error) {
    if (!(error instanceof EdgeSyncError)) throw error;
    throw new EdgeSyncError(error.code, `share ${place}, ${error.detail ?? ''}`);
  }
  const bits = words.map((word) => wordlist.indexOf(word).toString(2).padStart(bitsPerWord, '0')).join('');
  const share = Uint8Array.from({ length: shareBytes }, (_, index) =>
    Number.parseInt(bits.slice(8 * index, 8 * index + 8), 2),
  );
  if (bits.slice(8 * shareBytes) !== checksumBits(share))
    throw new EdgeSyncError('recovery-share-checksum', `share ${place}`);
  return share;
}

function checksumBits(share: Uint8Array): string {
  const digest = createHash('sha256').update(checksumLabel, 'utf8').update(share).digest();
  return digest.readUInt16BE(0).toString(2).padStart(16, '0').slice(0, bitsPerWord);
}
