import type {
  Chain,
  ManifestEvent,
  VerifyEvent,
  VerifyProgress,
  VerifySelection,
} from '../../../shared/contract-verify.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import { bar, bytesText, type Output } from '../output.ts';
import type { Format } from '../option-values.ts';

export interface VerifyFlags {
  readonly sample?: string;
  readonly all?: boolean;
  readonly restart?: boolean;
  readonly study?: string;
  readonly destination?: string;
  readonly manifests?: boolean;
}

/** Without a choice: enough to notice a damaged store, little enough for a slow line. */
const defaultPercent = 10;
/** Problems printed one by one; a wrong bucket could have a million. All are counted. */
const problemsShown = 1000;

/** Exactly one of --sample, --all, --study; a sample of 10 % without any. Throws usage. */
export function verifySelectionOf(flags: VerifyFlags): VerifySelection {
  const chosen = [flags.sample !== undefined, flags.all === true, flags.study !== undefined];
  if (chosen.filter((one) => one).length > 1) {
    throw new EdgeSyncError('usage', 'choose one of --sample PERCENT, --all and --study UID');
  }
  if (flags.restart === true && flags.all !== true) {
    throw new EdgeSyncError('usage', '--restart goes with --all');
  }
  if (flags.all === true) return { tag: 'all', from: flags.restart === true ? 'start' : 'go-on' };
  if (flags.study !== undefined) {
    if (!/^[0-9.]{1,64}$/.test(flags.study)) {
      throw new EdgeSyncError('usage', '--study takes a Study Instance UID (digits and dots)');
    }
    return { tag: 'study', studyInstanceUid: flags.study };
  }
  const percent = Number((flags.sample ?? String(defaultPercent)).replace(/%$/, ''));
  if (!(percent > 0 && percent <= 100)) {
    throw new EdgeSyncError('usage', '--sample takes a percentage above 0, up to 100');
  }
  return { tag: 'sample', percent };
}

/** `edge-sync verify`: exit 0 when all that was looked at is good, 2 when something is missing, damaged or not listed. */
export async function runVerifyCommand(
  client: EngineClient,
  wanted: {
    readonly selection: VerifySelection;
    readonly destination: string | null;
    readonly format: Format;
  },
  output: Output,
): Promise<number> {
  const { selection, destination } = wanted;
  return cancellable(async (signal) =>
    showVerify(await client.verify.run({ selection, destination }, { signal }), wanted.format, output),
  );
}

/** Shows a look as it goes. What was looked at before a Ctrl-C stays known: `--all` goes on from there. */
export async function showVerify(
  events: AsyncIterable<VerifyEvent>,
  format: Format,
  output: Output,
): Promise<number> {
  let last: VerifyProgress | undefined;
  let problems = 0;
  try {
    for await (const event of events) {
      switch (event.tag) {
        case 'progress':
          last = event;
          output.progress.update(progressLine(event));
          break;
        case 'resumed':
          output.err(
            `edge-sync: ${event.destination}: goes on with the look begun at ${event.startedAt}; ` +
              `${event.done} are done (--restart begins anew)`,
          );
          break;
        case 'problem': {
          problems += 1;
          if (problems > problemsShown) break;
          output.progress.end('');
          output.err(problemLine(event.problem));
        }
      }
    }
  } catch (error) {
    output.progress.end('');
    if (last !== undefined) output.err(`edge-sync: so far: ${summary(last)}`);
    throw error;
  }
  output.progress.end('');
  if (problems > problemsShown) output.err(`edge-sync: and ${problems - problemsShown} more problems`);
  const { tag: _tag, bytesPerSecond: _rate, secondsLeft: _left, ...counts } = last ?? nothing;
  output.out(format === 'json' ? JSON.stringify({ ...counts, problems }) : summary(counts));
  return problems === 0 ? exitCode.ok : exitCode.partly;
}

/** `edge-sync verify --manifests`: exit 0 when every list and snapshot fits, 2 when something is wrong with one. */
export async function runVerifyManifests(
  client: EngineClient,
  wanted: { readonly destination: string | null; readonly format: Format },
  output: Output,
): Promise<number> {
  const { destination } = wanted;
  return cancellable(async (signal) =>
    showManifests(await client.verify.manifests({ destination }, { signal }), wanted.format, output),
  );
}

export async function showManifests(
  events: AsyncIterable<ManifestEvent>,
  format: Format,
  output: Output,
): Promise<number> {
  const chains: (Chain & { readonly destination: string })[] = [];
  const problems: Extract<ManifestEvent, { tag: 'problem' }>['problem'][] = [];
  for await (const event of events) {
    switch (event.tag) {
      case 'progress':
        output.progress.update(`${event.destination}: ${event.lists} lists read`);
        break;
      case 'chain':
        chains.push({ destination: event.destination, ...event.chain });
        break;
      case 'problem':
        problems.push(event.problem);
    }
  }
  output.progress.end('');
  if (format === 'json') {
    output.out(JSON.stringify({ chains, problems }, undefined, 2));
  } else {
    for (const chain of chains) output.out(chainLine(chain));
    if (chains.length === 0) output.out('no list is stored yet');
    else
      output.out(
        'Compare the newest numbers and dates with your notes: what is newer than these is not there.',
      );
    for (const problem of problems) output.err(problemLine(problem));
  }
  return problems.length === 0 ? exitCode.ok : exitCode.partly;
}

function chainLine({
  destination,
  installationId,
  sequence,
  createdAt,
  lists,
  entries,
  snapshot,
  isOurs,
}: Chain & {
  readonly destination: string;
}): string {
  const mark = isOurs ? ' (this PC)' : '';
  const compact = snapshot === null ? '' : `, snapshot up to ${snapshot.sequence}`;
  return `${destination}  ${installationId}${mark}: newest list ${sequence} of ${createdAt}, ${lists} lists, ${entries} entries${compact}`;
}

function problemLine(problem: Extract<VerifyEvent, { tag: 'problem' }>['problem']): string {
  const { destination, object, studyId, message, nextStep, code } = problem;
  const study = studyId === null ? '' : ` (study ${studyId})`;
  return `edge-sync: ${destination}: ${object}${study}: ${message}. ${nextStep} [${code}]`;
}

const nothing: VerifyProgress = {
  tag: 'progress',
  total: 0,
  checked: 0,
  good: 0,
  missing: 0,
  damaged: 0,
  mending: 0,
  lost: 0,
  unlisted: 0,
  waiting: 0,
  bytes: 0,
  bytesPerSecond: null,
  secondsLeft: null,
};

function summary(counts: Omit<VerifyProgress, 'tag' | 'bytesPerSecond' | 'secondsLeft'>): string {
  const { checked, total, good, missing, damaged, mending, lost, unlisted, waiting, bytes } = counts;
  return (
    `checked ${checked} of ${total} copies (${bytesText(bytes)}): ${good} good, ${missing} missing, ${damaged} damaged` +
    (missing + damaged > 0 ? ` (${mending} being stored again, ${lost} lost)` : '') +
    (unlisted > 0 ? `, ${unlisted} not in the lists as they are` : '') +
    (waiting > 0 ? `; ${waiting} are not stored yet` : '')
  );
}

function progressLine(event: VerifyProgress): string {
  const { checked, total, bytes, bytesPerSecond, secondsLeft } = event;
  return (
    `${bar(checked, total)} ${checked} of ${total} copies, ${bytesText(bytes)}` +
    (bytesPerSecond === null ? '' : `, ${bytesText(bytesPerSecond)}/s`) +
    (secondsLeft === null || checked >= total ? '' : `, ${durationText(secondsLeft)} left`)
  );
}

/** 75 -> "1 min 15 s"; 7,500 -> "2 h 5 min". */
function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
