import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { exitCode } from '../exit-codes.ts';
import { writeNewFiles } from '../new-file.ts';
import type { Output } from '../output.ts';

/** Beside the bundle's folder: dist/main/cli.js, assets/reader/. */
const readerFile = fileURLToPath(new URL('../../assets/reader/open-sealed.mjs', import.meta.url));

/** `recovery reader`: writes the reader in one file, to be kept with the kit. Throws file-exists, file-not-writable. */
export async function runRecoveryReader(out: string, output: Output): Promise<number> {
  await writeNewFiles([{ path: out, content: await readFile(readerFile) }]);
  output.out(`Written: ${out}`);
  output.out(
    'It opens sealed objects without Edge Sync: node open-sealed.mjs recovery.pem OBJECT.cms IMAGE.dcm',
  );
  return exitCode.ok;
}
