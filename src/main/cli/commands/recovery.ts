import { writeFile } from 'node:fs/promises';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { exportRecoveryKey } from '../../engine/keys/recovery-key.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { readWords } from '../words-input.ts';

/** `recovery create`: prints the 24 words once. */
export async function runRecoveryCreate(
  client: EngineClient,
  options: { readonly replace: boolean; readonly format: 'json' | 'text' },
  output: Output,
): Promise<number> {
  const { words, fingerprint } = await client.recovery.create({ replace: options.replace });
  if (options.format === 'json') {
    output.out(JSON.stringify({ words, fingerprint }));
    return exitCode.ok;
  }
  output.out('Your 24 recovery words. Write them down now; they are not shown again.');
  output.out('');
  for (let row = 0; row < 6; row += 1) {
    const cells = [0, 6, 12, 18].map((column) => {
      const place = row + column;
      return `${String(place + 1).padStart(2)}. ${(words[place] ?? '').padEnd(10)}`;
    });
    output.out(`  ${cells.join(' ')}`);
  }
  output.out('');
  output.out(`Fingerprint: ${fingerprint}`);
  output.out('Next: `edge-sync recovery check` and type them. Uploads start after that.');
  return exitCode.ok;
}

/** `recovery check`: the drill. Uploads start after it. */
export async function runRecoveryCheck(
  client: EngineClient,
  options: { readonly wordsFile: string | undefined; readonly format: 'json' | 'text' },
  output: Output,
): Promise<number> {
  const words = await readWords(options.wordsFile);
  const proven = await client.recovery.check({ words: [...words] });
  output.out(
    options.format === 'json'
      ? JSON.stringify(proven)
      : `The words are right: a sealed test object opened with them. Fingerprint: ${proven.fingerprint}`,
  );
  return exitCode.ok;
}

/** `recovery export-key`: the PKCS#8 key and certificate that stock OpenSSL takes. Needs the words alone. */
export async function runRecoveryExportKey(
  options: {
    readonly wordsFile: string | undefined;
    readonly out: string;
    readonly cert: string | undefined;
  },
  output: Output,
): Promise<number> {
  const exported = await exportRecoveryKey(await readWords(options.wordsFile));
  await writeNew(options.out, exported.keyPem.revealText());
  if (options.cert !== undefined) await writeNew(options.cert, exported.certificatePem);
  output.out(`Written: ${options.out}${options.cert === undefined ? '' : ` and ${options.cert}`}`);
  output.out(`Fingerprint: ${exported.fingerprint}`);
  output.err('This key opens every image of the archive. Delete it when you are done.');
  return exitCode.ok;
}

/** Private from its first byte; never over something that is there. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new EdgeSyncError(exists ? 'file-exists' : 'file-not-writable', path, { cause: error });
  }
}
