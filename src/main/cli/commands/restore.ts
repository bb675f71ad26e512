import { archivesOf } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { RestoreEvent } from '../../../shared/contract-restore.ts';
import { restoreKeysFromRecords } from '../../engine/keys/restore-keys.ts';
import { recordFits } from '../../engine/keys/words-records.ts';
import type { Clock } from '../../engine/ports.ts';
import { findArchiveKeyRecords } from '../../engine/restore/archive-key-records.ts';
import { restoreFromCloud } from '../../engine/restore/restore.ts';
import { restoreTarget } from '../../engine/restore/target.ts';
import { SystemClock } from '../../engine/system/clock.ts';
import { eventStream } from '../../engine/system/event-stream.ts';
import { createLogger } from '../../engine/system/logger.ts';
import { SystemRandom } from '../../engine/system/random.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { join } from 'node:path';
import { cancellable } from '../cancellable.ts';
import { connectToDestination } from '../cloud-connection.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import { mustBeNew, writeNewFiles } from '../new-file.ts';
import { bar, bytesText, type Output } from '../output.ts';
import { RestoreReport } from '../restore-report.ts';
import type { RestoreFormat, RestoreWanted } from '../restore-options.ts';
import { readWords } from '../words-input.ts';

type RestoreProgress = Extract<RestoreEvent, { tag: 'progress' }>;

/** Problems told as they come up; all are in the summary and the report. */
const mostToldAtOnce = 50;

/** Shows a restore as it goes; exit 0 when everything is there and proven to be whole, 2 after any problem. */
export async function showRestore(
  events: AsyncIterable<RestoreEvent>,
  wanted: RestoreWanted,
  output: Output,
  clock: Clock,
): Promise<number> {
  let last: RestoreProgress | undefined;
  const report = new RestoreReport();
  try {
    for await (const event of events) {
      if (wanted.format === 'json-lines') output.out(JSON.stringify(lineOf(event)));
      if (event.tag === 'progress') {
        last = event;
        output.progress.update(progressLine(event));
        continue;
      }
      report.add(event.problem);
      if (report.problems > mostToldAtOnce) continue;
      output.progress.end('');
      const { object, message, nextStep, code } = event.problem;
      output.err(`edge-sync: ${object}: ${message}. ${nextStep} [${code}]`);
    }
  } finally {
    output.progress.end('');
    // Also of a run that ended early: what was found by then is worth knowing.
    if (wanted.report !== undefined) {
      const content = report.json(last, new Date(clock.nowMs()).toISOString());
      await writeNewFiles([{ path: wanted.report, content }]);
    }
  }
  for (const line of report.lines()) output.err(`edge-sync: ${line}`);
  output.out(resultOf(last, wanted));
  return report.problems > 0 ? exitCode.partly : exitCode.ok;
}

/** `{"event":"progress",…}` or `{"event":"problem",…}`. */
function lineOf(event: RestoreEvent): object {
  if (event.tag === 'problem') return { event: 'problem', ...event.problem };
  const { tag: _tag, ...progress } = event;
  return { event: 'progress', ...progress };
}

function resultOf(last: RestoreProgress | undefined, wanted: RestoreWanted): string {
  const {
    total = 0,
    restored = 0,
    skipped = 0,
    missing = 0,
    damaged = 0,
    refused = 0,
    unproven = 0,
  } = last ?? {};
  const { to, node } = wanted;
  const where =
    node === undefined ? { to } : { to: `${node.calledAe}@${node.host}:${node.port}`, kind: 'node' };
  const counts = { total, restored, skipped, missing, damaged, refused, unproven };
  const heads = last?.heads ?? [];
  return formatted(wanted.format, { ...counts, ...where, manifestHeads: heads }, () =>
    [
      `restored ${restored} of ${total} to ${where.to ?? ''}` +
        (skipped > 0 ? `, ${skipped} were there already` : '') +
        (unproven > 0 ? `, ${unproven} in no manifest (unproven)` : '') +
        (missing + damaged > 0 ? `, ${missing} missing, ${damaged} damaged` : '') +
        (refused > 0 ? `, ${refused} refused` : ''),
      ...heads.map(
        ({ installationId, sequence, createdAt }) =>
          `newest manifest of installation ${installationId.slice(0, 8)}: number ${sequence} of ${createdAt}`,
      ),
    ].join('\n'),
  );
}

function formatted(format: RestoreFormat, result: object, text: () => string): string {
  switch (format) {
    case 'text':
      return text();
    case 'json':
      return JSON.stringify(result);
    case 'json-lines':
      return JSON.stringify({ event: 'result', ...result });
  }
}

function progressLine(event: RestoreProgress): string {
  const done = event.restored + event.skipped + event.missing + event.damaged + (event.refused ?? 0);
  const { doneBytes = 0, totalBytes = 0, bytesPerSecond, secondsLeft } = event;
  const filled = totalBytes > 0 ? bar(doneBytes, totalBytes) : bar(done, event.total);
  return (
    `${filled} ${done} of ${event.total} images, ${bytesText(doneBytes)} of ${bytesText(totalBytes)}` +
    (bytesPerSecond === undefined ? '' : `, ${bytesText(bytesPerSecond)}/s`) +
    (secondsLeft === undefined ? '' : `, ${timeText(secondsLeft)} left`)
  );
}

/** 45 s, 12 min, 3 h 20 min. */
function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** With this installation's own keys, through its engine. Ctrl-C stops it; run again, it goes on. */
export async function runRestore(
  client: EngineClient,
  wanted: RestoreWanted & { readonly fromCloud: boolean },
  output: Output,
  clock: Clock,
): Promise<number> {
  if (wanted.report !== undefined) await mustBeNew([wanted.report]);
  return cancellable(async (signal) => {
    const { format: _format, report: _report, ...request } = wanted;
    return showRestore(await client.restore.run(request, { signal }), wanted, output, clock);
  });
}

/**
 * From the cloud with configuration, credential and words alone: what a new PC does. In the data folder it keeps no
 * more than the journal of what was sent to a node.
 */
export async function restoreWithWords(
  installation: Installation,
  wanted: RestoreWanted & { readonly wordsFile: string },
  output: Output,
): Promise<number> {
  if (wanted.report !== undefined) await mustBeNew([wanted.report]);
  const words = await readWords(wanted.wordsFile);
  const fits = recordFits(words);
  const destination = archivesOf(installation.settings.destinations).find((one) => one.required);
  if (destination === undefined) throw new EdgeSyncError('no-destination');
  const clock = new SystemClock();
  const random = new SystemRandom();
  const store = await connectToDestination(destination, installation, clock);
  try {
    return await cancellable(async (outer) => {
      await store.check(outer);
      const keys = restoreKeysFromRecords(words, await findArchiveKeyRecords(store, fits, outer));
      const events = eventStream<RestoreEvent>(outer, (onEvent, signal) => {
        const target = restoreTarget(wanted, {
          clock,
          random,
          signal,
          journalMac: (bytes) => keys.manifestMac(bytes),
          privateFolder: join(installation.dataDir, 'restore'),
        });
        const { selection, concurrency, unproven } = wanted;
        const logger = createLogger('error');
        const how = { selection, concurrency, unproven };
        return restoreFromCloud({ store, keys, target, ...how, onEvent, signal, clock, random, logger });
      });
      return showRestore(events, wanted, output, clock);
    });
  } finally {
    await store.close();
  }
}
