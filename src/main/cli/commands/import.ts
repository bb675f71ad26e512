import { resolve } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ImportEvent } from '../../../shared/contract.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import { bar, bytesText, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

type ImportProgress = Extract<ImportEvent, { tag: 'progress' }>;

/** Problems printed one by one; a wrong folder could have a million. All are counted. */
const problemsShown = 1000;

/**
 * `edge-sync import PATH...`: exit 0 when every DICOM file is held, 2 when some had problems, 1 when none was taken, it
 * was cancelled or it failed. What was taken before a Ctrl-C is kept; run again, it goes on where it was.
 */
export async function runImport(
  client: EngineClient,
  options: { readonly paths: readonly string[]; readonly format: Format },
  output: Output,
): Promise<number> {
  const tally = new Tally();
  try {
    await cancellable(async (signal) => {
      const paths = options.paths.map((path) => resolve(path));
      for await (const event of await client.files.import({ paths }, { signal })) {
        if (event.tag === 'progress') {
          tally.last = event;
          output.progress.update(progressLine(event));
        } else tally.problem(event, output);
      }
      if (signal.aborted) throw new EdgeSyncError('cancelled');
    });
  } catch (error) {
    output.progress.end('');
    // How far it came is worth knowing in every case.
    if (tally.last !== undefined) output.err(`edge-sync: so far: ${tally.summary()}`);
    throw error;
  }
  output.progress.end('');
  if (tally.unshown > 0) output.err(`edge-sync: and ${tally.unshown} more files with problems`);
  output.out(options.format === 'json' ? JSON.stringify(tally.counts) : tally.summary());
  const { stored, duplicates, failed } = tally.counts;
  if (failed === 0) return exitCode.ok;
  return stored + duplicates > 0 ? exitCode.partly : exitCode.failed;
}

class Tally {
  last: ImportProgress | undefined;
  #shown = 0;
  unshown = 0;

  problem({ problem }: Extract<ImportEvent, { tag: 'problem' }>, output: Output): void {
    if (this.#shown >= problemsShown) {
      this.unshown += 1;
      return;
    }
    this.#shown += 1;
    output.progress.end('');
    const { path, message, nextStep, code } = problem;
    output.err(`edge-sync: ${path}: ${message}. ${nextStep} [${code}]`);
  }

  get counts() {
    const { found = 0, stored = 0, duplicates = 0, failed = 0, bytes = 0 } = this.last ?? {};
    // Directories of media, viewers on them, and what operating systems leave behind.
    const passedOver = Math.max(0, (this.last?.done ?? 0) - stored - duplicates - failed);
    return { found, stored, duplicates, passedOver, failed, bytes };
  }

  summary(): string {
    const { stored, duplicates, passedOver, failed, bytes } = this.counts;
    return (
      `imported ${stored}, already held ${duplicates}, failed ${failed}` +
      (passedOver > 0 ? `, passed over ${passedOver}` : '') +
      ` (${bytesText(bytes)})`
    );
  }
}

function progressLine(event: ImportProgress): string {
  return `${bar(event.done, event.found)} ${event.done} of ${event.found} files, ${bytesText(event.bytes)}`;
}
