import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { EdgeSyncError } from '../../shared/errors.ts';

/** A kit holds 24 words of at most 8 letters; a file far beyond that is not one. */
const longestWordsBytes = 4096;

/** The recovery words: from a file, or asked for on the terminal. Numbers in front ("1. ", "2)") are dropped. */
export async function readWords(wordsFile: string | undefined): Promise<readonly string[]> {
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
    return wordsOf(await terminal.question('The 24 recovery words: '));
  } finally {
    terminal.close();
  }
}

export function wordsOf(text: string): readonly string[] {
  if (Buffer.byteLength(text) > longestWordsBytes) throw new EdgeSyncError('recovery-words-count');
  return text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^\d+[.):]?/, ''))
    .filter((word) => word !== '');
}
