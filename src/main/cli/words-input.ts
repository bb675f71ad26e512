/** The recovery words of a command: from a file or the terminal, as 24 words or as two shares. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { EdgeSyncError } from '../../shared/errors.ts';
import { isOneShare, isShareMark, wordsOrShares } from '../engine/kit/shares.ts';

/** Three shares hold 78 words and marks of at most 10 letters; a file far beyond that is not one. */
const longestWordsBytes = 4096;

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
    const first = wordsOf(
      await terminal.question('The 24 recovery words, or the mark and words of a share: '),
    );
    if (!isOneShare(first)) return first;
    const second = wordsOf(await terminal.question('The mark and words of another share: '));
    return [...first, ...second];
  } finally {
    terminal.close();
  }
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
