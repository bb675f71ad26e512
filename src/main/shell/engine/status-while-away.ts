/** What page, tray and notifications are told while the engine does not answer: never green, never blank. */
import type { AgentState } from '../../../shared/agent-state.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { Failure, StatusReport } from '../../../shared/status.ts';
import type { EngineTrouble } from './engine-supervisor.ts';

/** Id of the shell's own failure; `failures.retry` with it starts the engine now. */
export const engineFailureId = 'shell:engine';

/** Troubles in which images on this PC may depend on something that is damaged or gone. */
const perhapsAtRisk: readonly string[] = [
  'database-damaged',
  'disk-error',
  'key-file-damaged',
  'keychain-entry-missing',
] satisfies readonly ErrorCode[];

/**
 * Turns the last state known (if any) into one that is true without an engine: nothing is received, and what was
 * "ok" is no longer vouched for. Counts and studies stay as last seen.
 * `since` and `now` are ISO 8601: when the engine went away, and when its trouble was seen last.
 */
export function stateWhileAway(away: {
  readonly last: AgentState | undefined;
  readonly trouble: EngineTrouble;
  readonly since: string;
  readonly now: string;
  readonly version: string;
  readonly times: number;
}): AgentState {
  const base = away.last ?? emptyState(away.version, away.since);
  return { ...base, status: statusWhileAway(base.status, away), uploadBytesPerSecond: 0 };
}

function statusWhileAway(
  status: StatusReport,
  away: {
    readonly trouble: EngineTrouble;
    readonly since: string;
    readonly now: string;
    readonly times: number;
  },
): StatusReport {
  const failure: Failure = {
    ...away.trouble,
    id: engineFailureId,
    imagesSafe: !perhapsAtRisk.includes(away.trouble.code),
    action: 'retry',
    studyId: null,
    destination: null,
    count: away.times,
    firstAt: away.since,
    lastAt: away.now,
  };
  return {
    ...status,
    safe: false,
    headline: 'not-receiving',
    listener: { ...status.listener, up: false },
    destinations: status.destinations.map((destination) => ({
      ...destination,
      state: destination.state === 'ok' ? 'retrying' : destination.state,
      error: destination.error ?? { ...away.trouble },
    })),
    failures: [failure, ...status.failures.filter(({ id }) => id !== engineFailureId)],
  };
}

function emptyState(version: string, startedAt: string): AgentState {
  return {
    status: {
      safe: false,
      headline: 'not-receiving',
      listener: { up: false, host: '', port: 0, aeTitle: '' },
      counts: { received: 0, pending: 0, verified: 0, failed: 0, parked: 0 },
      modalities: [],
      lastVerifiedAt: null,
      destinations: [],
      failures: [],
      spool: { bytes: 0, freeBytes: 0 },
      recovery: 'none',
    },
    studies: [],
    studiesTotal: 0,
    version,
    startedAt,
    uploadBytesPerSecond: 0,
  };
}
