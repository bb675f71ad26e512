import { resolve } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { RestoreEvent, RestoreSelection } from '../../../shared/contract.ts';
import { exitCode } from '../exit-codes.ts';
import { bar, bytesText, type Output } from '../output.ts';

type RestoreProgress = Extract<RestoreEvent, { tag: 'progress' }>;

/** `--all` or `--study UID`: exactly one. */
export function selectionOf(options: { readonly all?: boolean; readonly study?: string }): RestoreSelection {
  if (options.study !== undefined && options.all === true) {
    throw new EdgeSyncError('usage', 'choose --all or --study UID, not both');
  }
  if (options.study !== undefined) {
    if (!/^[0-9.]{1,64}$/.test(options.study)) {
      throw new EdgeSyncError('usage', '--study takes a Study Instance UID (digits and dots)');
    }
    return { tag: 'study', studyInstanceUid: options.study };
  }
  if (options.all === true) return { tag: 'all' };
  throw new EdgeSyncError('usage', 'choose --all or --study UID');
}

/** Shows a restore as it goes; exit 0 when everything is there, 2 when something is missing or damaged. */
export async function showRestore(
  events: AsyncIterable<RestoreEvent>,
  options: { readonly to: string; readonly format: 'json' | 'text' },
  output: Output,
): Promise<number> {
  let last: RestoreProgress | undefined;
  for await (const event of events) {
    if (event.tag === 'progress') {
      last = event;
      output.progress.update(progressLine(event));
    } else {
      output.progress.end('');
      const { object, message, nextStep, code } = event.problem;
      output.err(`edge-sync: ${object}: ${message}. ${nextStep} [${code}]`);
    }
  }
  output.progress.end('');
  const { total = 0, restored = 0, skipped = 0, missing = 0, damaged = 0, unproven = 0 } = last ?? {};
  output.out(
    options.format === 'json'
      ? JSON.stringify({ total, restored, skipped, missing, damaged, unproven, to: resolve(options.to) })
      : `restored ${restored} of ${total} to ${resolve(options.to)}` +
          (skipped > 0 ? `, ${skipped} were there already` : '') +
          (unproven > 0 ? `, ${unproven} in no manifest (unproven)` : '') +
          (missing + damaged > 0 ? `, ${missing} missing, ${damaged} damaged` : ''),
  );
  return missing + damaged > 0 ? exitCode.partly : exitCode.ok;
}

function progressLine(event: RestoreProgress): string {
  const done = event.restored + event.skipped + event.missing + event.damaged;
  return `${bar(done, event.total)} ${done} of ${event.total} images, ${bytesText(event.bytes)}`;
}
