import { resolve } from 'node:path';
import type { ImportEvent } from '../../../shared/contract.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { bar, bytesText, type Output } from '../output.ts';

type ImportProgress = Extract<ImportEvent, { tag: 'progress' }>;

/** `edge-sync import PATH...`: exit 0 when every DICOM file is stored, 2 when some had problems, 1 when none was stored. */
export async function runImport(
  client: EngineClient,
  paths: readonly string[],
  output: Output,
): Promise<number> {
  let last: ImportProgress | undefined;
  const events = await client.files.import({ paths: paths.map((path) => resolve(path)) });
  for await (const event of events) {
    if (event.tag === 'progress') {
      last = event;
      output.progress.update(progressLine(event));
    } else {
      output.progress.end('');
      const { path, message, nextStep, code } = event.problem;
      output.err(`edge-sync: ${path}: ${message}. ${nextStep} [${code}]`);
    }
  }
  output.progress.end('');
  const { stored = 0, duplicates = 0, failed = 0 } = last ?? {};
  output.out(`imported ${stored}, already held ${duplicates}, failed ${failed}`);
  if (failed === 0) return exitCode.ok;
  return stored + duplicates > 0 ? exitCode.partly : exitCode.failed;
}

function progressLine(event: ImportProgress): string {
  return `${bar(event.done, event.found)} ${event.done} of ${event.found} files, ${bytesText(event.bytes)}`;
}
