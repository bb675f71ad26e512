import { resolve } from 'node:path';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { RestoreEvent, RestoreSelection } from '../../../shared/contract.ts';
import { openStore } from '../../engine/cloud/open-store.ts';
import { destinationSecret } from '../../engine/keys/destination-secret.ts';
import { restoreKeysFromWords, type RestoreKeys } from '../../engine/keys/restore-keys.ts';
import { findArchiveKeyRecords, restoreFromCloud } from '../../engine/restore/restore.ts';
import { SystemClock } from '../../engine/system/clock.ts';
import { eventStream } from '../../engine/system/event-stream.ts';
import { createLogger } from '../../engine/system/logger.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import { bar, bytesText, type Output } from '../output.ts';
import { readWords } from '../words-input.ts';

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

/** Shows a restore as it goes; exit 0 when everything is there and proven to be whole, 2 after any problem. */
export async function showRestore(
  events: AsyncIterable<RestoreEvent>,
  options: { readonly to: string; readonly format: 'json' | 'text' },
  output: Output,
): Promise<number> {
  let last: RestoreProgress | undefined;
  let problems = 0;
  for await (const event of events) {
    if (event.tag === 'progress') {
      last = event;
      output.progress.update(progressLine(event));
    } else {
      problems += 1;
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
  return problems + missing + damaged > 0 ? exitCode.partly : exitCode.ok;
}

function progressLine(event: RestoreProgress): string {
  const done = event.restored + event.skipped + event.missing + event.damaged;
  return `${bar(done, event.total)} ${done} of ${event.total} images, ${bytesText(event.bytes)}`;
}

interface RestoreWanted {
  readonly to: string;
  readonly selection: RestoreSelection;
  readonly format: 'json' | 'text';
}

/** With this installation's own keys, through its engine. Ctrl-C stops it; run again, it goes on. */
export async function runRestore(
  client: EngineClient,
  wanted: RestoreWanted & { readonly fromCloud: boolean },
  output: Output,
): Promise<number> {
  return cancellable(async (signal) => {
    const { selection, fromCloud } = wanted;
    const events = await client.restore.run({ to: resolve(wanted.to), selection, fromCloud }, { signal });
    return showRestore(events, wanted, output);
  });
}

/** From the cloud with configuration, credential and words alone: what a new PC does. Touches no data folder. */
export async function restoreWithWords(
  installation: Installation,
  wanted: RestoreWanted & { readonly wordsFile: string },
  output: Output,
): Promise<number> {
  const words = await readWords(wanted.wordsFile);
  const destination = installation.settings.destinations.find((one) => one.required);
  if (destination === undefined) throw new EdgeSyncError('no-destination');
  const clock = new SystemClock();
  const secret =
    installation.secrets.get(destination.name) ??
    (await destinationSecret(
      destination.name,
      installation.secrets,
      engineOptions(installation, 'error').keyStore,
    ));
  const store = openStore(destination, secret, clock);
  try {
    return await cancellable(async (outer) => {
      await store.check(outer);
      const keys = keysFor(words, await findArchiveKeyRecords(store, outer));
      const parts = { clock, random: new SystemRandom(), logger: createLogger('error') };
      const events = eventStream<RestoreEvent>(outer, (onEvent, signal) =>
        restoreFromCloud({
          ...parts,
          store,
          keys,
          selection: wanted.selection,
          to: resolve(wanted.to),
          onEvent,
          signal,
        }),
      );
      return showRestore(events, wanted, output);
    });
  } finally {
    await store.close();
  }
}

/** Of the archives below the prefix, the one these words belong to. */
function keysFor(words: readonly string[], records: readonly Buffer[]): RestoreKeys {
  let refusal = new EdgeSyncError('archive-key-missing');
  for (const record of records) {
    try {
      return restoreKeysFromWords(words, record);
    } catch (error) {
      refusal = toEdgeSyncError(error);
    }
  }
  throw refusal;
}
