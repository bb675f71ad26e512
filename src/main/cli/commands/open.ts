import { basename, resolve } from 'node:path';
import { openersFromWords } from '../../engine/keys/words-openers.ts';
import { openSealedFile } from '../../engine/restore/open-file.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { bytesText, type Output } from '../output.ts';
import { readWords } from '../words-input.ts';

/** `edge-sync open FILE [--out FILE]`: with this installation's keys. The result appears only after its tag verified. */
export async function runOpen(
  client: EngineClient,
  options: { readonly file: string; readonly out: string | undefined },
  output: Output,
): Promise<number> {
  const opened = await client.files.open({
    file: resolve(options.file),
    out: resolve(options.out ?? openedName(options.file)),
  });
  output.out(`${opened.out} (${bytesText(opened.sizeBytes)})`);
  return exitCode.ok;
}

/** `x.cms` -> `x.dcm` in the working folder. */
export function openedName(file: string): string {
  return `${basename(file).replace(/\.cms$/i, '')}.dcm`;
}

/** `edge-sync open FILE --words-file F`: with the recovery words alone; needs neither installation nor cloud. */
export async function runOpenWithWords(
  options: { readonly file: string; readonly out: string | undefined; readonly wordsFile: string },
  output: Output,
): Promise<number> {
  const out = resolve(options.out ?? openedName(options.file));
  const sizeBytes = await openSealedFile({
    file: resolve(options.file),
    out,
    openers: openersFromWords(await readWords(options.wordsFile)),
    random: new SystemRandom(),
  });
  output.out(`${out} (${bytesText(sizeBytes)})`);
  return exitCode.ok;
}
