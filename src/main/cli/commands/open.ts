import { basename, resolve } from 'node:path';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { bytesText, type Output } from '../output.ts';

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
