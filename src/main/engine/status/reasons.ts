/** Every reason not to say "All safe" (DESIGN, screen), as the failures a person sees. */
import { reportFor, type ErrorCode, type ErrorReport } from '../../../shared/errors.ts';
import type { Failure } from '../../../shared/status.ts';
import { openMsBetween } from '../../../shared/upload-windows.ts';
import type { FailureGroup, IncidentRow } from '../queue/queue-types.ts';
import { drillDue } from './recovery-reminder.ts';
import { clockToleranceMs, type DestinationInput, type StatusInputs } from './status-inputs.ts';

/** DESIGN section 9: an upload or a probe object was verified within a day. */
export const proofMaxAgeMs = 24 * 3_600_000;
/** After a start (a Monday morning) the first proof may take this long before its absence is a failure. */
export const firstProofGraceMs = 5 * 60_000;

/** Where an image that was answered with Success may be at risk; all other codes leave images safe. */
const riskyCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'object-missing',
  'object-tampered',
  'object-truncated',
  'object-format',
  'object-no-recipient',
  'database-damaged',
  'database-other-key',
  'keychain-entry-missing',
  'key-file-damaged',
  'manifest-broken',
  'recovery-drill-failed',
  'cloud-copy-missing',
  'cloud-copy-damaged',
  'cloud-copy-lost',
  'internal',
]);

/** Uploads held on purpose: told with the destination, and no failure. What waits past its age is one all the same. */
const heldCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'uploads-paused',
  'uploads-outside-window',
  'uploads-metered',
]);

export function areImagesSafe(code: ErrorCode): boolean {
  return !riskyCodes.has(code);
}

/** Reasons why nothing can be received: they decide the headline "not receiving". */
export function receivingReasons(inputs: StatusInputs): Failure[] {
  const { listener, refusal } = inputs;
  const reports = [
    ...(listener.up ? [] : [listener.error ?? reportFor('not-listening')]),
    ...(refusal === null ? [] : [refusal]),
  ];
  return reports.map((report) => condition(inputs, report));
}

/** Reasons for attention. Empty, with nothing pending and everything proven, is what "All safe" means. */
export function attentionReasons(inputs: StatusInputs): Failure[] {
  const uploads = inputs.queue.failures.map(uploadFailure);
  const conditions = conditionReports(inputs).map(({ report, sinceMs }) =>
    condition(inputs, report, sinceMs),
  );
  const told = new Set([...uploads, ...conditions].map(({ destination, code }) => `${destination} ${code}`));
  const destinations = inputs.destinations
    .flatMap((destination) => destinationFailure(inputs, destination))
    // The instances that failed for it, or the condition behind it, are already listed.
    .filter(({ destination, code }) => !told.has(`${destination} ${code}`) && !told.has(`null ${code}`));
  return [
    ...conditions,
    ...destinations,
    ...uploads,
    ...inputs.queue.incidents.map(incidentFailure),
    ...inputs.unrecorded.map(unrecordedFailure),
  ];
}

/** Whether every required destination has shown within a day that it works. */
export function isProven(inputs: StatusInputs): boolean {
  const required = inputs.destinations.filter((destination) => destination.required);
  return required.length > 0 && required.every(({ name }) => isFresh(inputs, lastProofAtMs(inputs, name)));
}

interface Condition {
  readonly report: ErrorReport;
  readonly sinceMs?: number;
}

function conditionReports(inputs: StatusInputs): Condition[] {
  const { queue, recovery, freeBytes, warnBelowBytes } = inputs;
  const hasRequired = inputs.destinations.some(({ required }) => required);
  return [
    ...(recovery === 'none' ? [{ report: reportFor('recovery-missing') }] : []),
    ...(recovery === 'created' ? [{ report: reportFor('recovery-not-proven') }] : []),
    ...drillDue(inputs),
    ...(hasRequired ? [] : [{ report: reportFor('no-destination') }]),
    ...(isPendingTooLong(inputs)
      ? [{ report: reportFor('pending-too-long'), sinceMs: queue.oldestPendingAtMs ?? inputs.nowMs }]
      : []),
    ...staleProof(inputs),
    ...(freeBytes < warnBelowBytes ? [{ report: reportFor('disk-low') }] : []),
    ...inputs.standing.map((report) => ({ report })),
    // The counters of the queue are the only witness of failed and parked images: were a group ever missing, this is not.
    ...(queue.failed + queue.parked > 0 && queue.failures.length === 0 && queue.incidents.length === 0
      ? [{ report: reportFor('object-missing', `${queue.failed + queue.parked} images`) }]
      : []),
  ];
}

function isPendingTooLong({ queue, nowMs, pendingMaxMinutes, uploadWindows = [] }: StatusInputs): boolean {
  if (queue.pending === 0) return false;
  const { oldestPendingAtMs, newestPendingAtMs } = queue;
  // Without a time nobody can say that it is young; a time in the future means that the clock was set back.
  if (oldestPendingAtMs === null || newestPendingAtMs === null) return true;
  if (newestPendingAtMs > nowMs + clockToleranceMs) return true;
  return openMsBetween(uploadWindows, oldestPendingAtMs, nowMs) > pendingMaxMinutes * 60_000;
}

/** Only where nothing else explains it: a kit that is not proven or a destination in trouble is told by itself. */
function staleProof(inputs: StatusInputs): Condition[] {
  if (inputs.recovery !== 'proven') return [];
  if (isJustStarted(inputs)) return [];
  const stale = inputs.destinations
    .filter(({ required, error }) => required && error === null)
    .map(({ name }) => lastProofAtMs(inputs, name))
    .filter((atMs) => !isFresh(inputs, atMs));
  if (stale.length === 0) return [];
  const known = stale.filter((atMs) => atMs !== null && atMs <= inputs.nowMs) as number[];
  return [{ report: reportFor('proof-stale'), sinceMs: Math.min(inputs.startedAtMs, ...known) }];
}

function isJustStarted({ nowMs, startedAtMs }: StatusInputs): boolean {
  const sinceMs = nowMs - startedAtMs;
  return sinceMs >= -clockToleranceMs && sinceMs < firstProofGraceMs;
}

function lastProofAtMs({ queue }: StatusInputs, name: string): number | null {
  return queue.destinations.find((destination) => destination.name === name)?.lastProofAtMs ?? null;
}

function isFresh({ nowMs }: StatusInputs, atMs: number | null): boolean {
  if (atMs === null) return false;
  const ageMs = nowMs - atMs;
  return ageMs >= -clockToleranceMs && ageMs <= proofMaxAgeMs;
}

function condition(inputs: StatusInputs, report: ErrorReport, sinceMs = inputs.startedAtMs): Failure {
  return {
    ...report,
    id: `condition:${report.code}`,
    imagesSafe: areImagesSafe(report.code),
    action: 'none',
    studyId: null,
    destination: null,
    count: 1,
    ...times(Math.min(sinceMs, inputs.nowMs), inputs.nowMs),
  };
}

function destinationFailure(inputs: StatusInputs, destination: DestinationInput): Failure[] {
  const { name, state, error, hold } = destination;
  if (state === 'ok' && error === null) return [];
  // Told with the hold, which keeps the headline from green by itself; without one nothing else would.
  if (error !== null && heldCodes.has(error.code) && hold !== undefined) return [];
  const report = error ?? reportFor('cloud-unreachable');
  return [
    {
      ...condition(inputs, report),
      id: `destination:${name}:${report.code}`,
      destination: name,
    },
  ];
}

function uploadFailure(group: FailureGroup): Failure {
  return {
    ...reportFor(group.code),
    id: group.id,
    imagesSafe: areImagesSafe(group.code),
    action: 'retry',
    studyId: null,
    destination: group.destination,
    count: group.count,
    ...times(group.firstAtMs, group.lastAtMs),
  };
}

function incidentFailure(incident: IncidentRow): Failure {
  return {
    ...reportFor(incident.code, incident.detail),
    id: incident.id,
    imagesSafe: areImagesSafe(incident.code),
    action: 'answer',
    studyId: null,
    destination: null,
    count: incident.count,
    ...times(incident.firstAtMs, incident.lastAtMs),
  };
}

/** Answering is kept in the database, so it has to wait until the incident is recorded there. */
function unrecordedFailure(incident: IncidentRow): Failure {
  return { ...incidentFailure(incident), action: 'none' };
}

function times(firstAtMs: number, lastAtMs: number): Pick<Failure, 'firstAt' | 'lastAt'> {
  return { firstAt: new Date(firstAtMs).toISOString(), lastAt: new Date(lastAtMs).toISOString() };
}
