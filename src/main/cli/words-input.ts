/** The recovery words of a command: from a file or the terminal, as 24 words or as two shares. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { EdgeSyncError } from '../../shared/errors.ts';
import { recoveryWordCount } from '../engine/keys/recovery-words.ts';
import {
  isOneShare,
  isShareMark,
  sharesNeeded,
  shareWordCount,
  wordsOrShares,
} from '../engine/kit/shares.ts';

/** Three shares hold 78 words and marks of at most 10 letters; a file far beyond that is not one. */
const longestWordsBytes = 4096;
/** More than three shares hold: somebody pasted something else. */
const mostTyped = 80;

/**
 * The 24 recovery words. Numbers in front ("1. ", "2)") are dropped; two shares become the words they stand for.
 * Throws recovery-words-count, file-not-readable, usage; for shares also recovery-share-*, recovery-words-misspelt.
 */
export async function readWords(wordsFile: string | undefined): Promise<readonly string[]> {
  return wordsOrShares(await readTyped(wordsFile));
}

async function readTyped(wordsFile: string | undefined): Promise<readonly string[]> {
  if (wordsFile !== undefined) {
    try {
      return wordsOf(await readFile(wordsFile, 'utf8'));
    } catch (error) {
      if (error instanceof EdgeSyncError) throw error;
      throw new EdgeSyncError('file-not-readable', wordsFile, { cause: error });
    }
  }
  if (!process.stdin.isTTY) {
    throw new EdgeSyncError('usage', 'give the words with --words-file FILE');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    process.stderr.write(
      'The 24 recovery words, or two shares (mark and words), on one line or several; an empty line ends:\n',
    );
    return await untilComplete(terminal, (text) => process.stderr.write(`${text}\n`));
  } finally {
    terminal.close();
  }
}

/** Lines until the words are all there: what was pasted in many lines is taken like what is typed in one. */
async function untilComplete(
  lines: AsyncIterable<string>,
  say: (text: string) => void,
): Promise<readonly string[]> {
  const typed: string[] = [];
  let isAsked = false;
  for await (const line of lines) {
    typed.push(...wordsOf(line));
    if (line.trim() === '' && typed.length > 0 && !(isOneShare(typed) && !isAsked)) break;
    if (typed.length > mostTyped || isWhole(typed)) break;
    if (isOneShare(typed) && !isAsked) {
      isAsked = true;
      say('Now the mark and words of another share:');
    }
  }
  return typed;
}

/** 24 words that are no part of a share, or two shares. */
function isWhole(typed: readonly string[]): boolean {
  const marks = typed.filter(isShareMark).length;
  const words = typed.length - marks;
  return (marks === 0 && words === recoveryWordCount) || words === sharesNeeded * shareWordCount;
}

/** Words and marks of shares, in small letters, as they follow each other. Throws recovery-words-count. */
export function wordsOf(text: string): readonly string[] {
  if (Buffer.byteLength(text) > longestWordsBytes) throw new EdgeSyncError('recovery-words-count');
  return text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s,;]+/)
    .map((word) => (isShareMark(word) ? word : word.replace(/^\d+[.):]?/, '')))
    .filter((word) => word !== '');
}
