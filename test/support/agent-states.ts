/** Small builders of what an engine reports, for tests of the page. Nobody's data: made up here. */
import type { AgentState, StudySummary } from '../../src/shared/agent-state.ts';
import { accessStatus, clinic } from './agent-access.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { ErrorCode } from '../../src/shared/errors.ts';
import type { DestinationStatus, Failure, StatusReport } from '../../src/shared/status.ts';

const minuteMs = 60_000;

export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * minuteMs).toISOString();
}

export function study(change: Partial<StudySummary> = {}): StudySummary {
  const instances = change.instances ?? 120;
  const verified = change.verified ?? instances;
  return {
    id: 'study-1',
    initials: 'MG',
    modality: 'CT',
    source: 'CT-ROOM-1',
    firstReceivedAt: minutesAgo(12),
    lastReceivedAt: minutesAgo(10),
    instances,
    verified,
    failed: 0,
    parked: 0,
    sizeBytes: instances * 525_000,
    verifiedBytes: verified * 525_000,
    state: verified === instances ? 'verified' : 'uploading',
    ...change,
  };
}

/** A morning at a clinic. */
export function someStudies(): readonly StudySummary[] {
  return [
    study(),
    study({
      id: 'study-2',
      initials: 'JR',
      modality: 'US',
      source: 'SONO-2',
      instances: 34,
      lastReceivedAt: minutesAgo(26),
    }),
    study({
      id: 'study-3',
      initials: 'AL',
      modality: 'DX',
      source: 'XRAY',
      instances: 2,
      sizeBytes: 31_400_000,
      lastReceivedAt: minutesAgo(41),
    }),
    study({
      id: 'study-4',
      initials: '?',
      modality: 'OT',
      source: null,
      instances: 1,
      lastReceivedAt: minutesAgo(64),
    }),
    study({
      id: 'study-5',
      initials: 'PC',
      modality: 'CT',
      instances: 318,
      lastReceivedAt: minutesAgo(95),
    }),
    study({
      id: 'study-6',
      initials: 'TE',
      modality: 'US',
      source: 'SONO-2',
      instances: 18,
      lastReceivedAt: minutesAgo(130),
    }),
  ];
}

export function destination(change: Partial<DestinationStatus> = {}): DestinationStatus {
  return {
    name: 'cloud',
    kind: 'azure',
    required: true,
    state: 'ok',
    pending: 0,
    verified: 493,
    lastVerifiedAt: minutesAgo(9),
    error: null,
    ...change,
  };
}

export function failure(code: ErrorCode, change: Partial<Failure> = {}): Failure {
  return {
    ...reportFor(code),
    id: `failure-${code}`,
    imagesSafe: true,
    action: 'answer',
    studyId: null,
    destination: null,
    count: 1,
    firstAt: minutesAgo(20),
    lastAt: minutesAgo(20),
    ...change,
  };
}

export function status(change: Partial<StatusReport> = {}): StatusReport {
  return {
    safe: true,
    headline: 'all-safe',
    listener: { up: true, host: '192.168.1.20', port: 11112, aeTitle: 'EDGESYNC' },
    counts: { received: 493, pending: 0, verified: 493, failed: 0, parked: 0 },
    modalities: [
      { aeTitle: 'CT-ROOM-1', received: 438, verified: 438, committed: 0, lastReceivedAt: minutesAgo(10) },
      { aeTitle: 'SONO-2', received: 52, verified: 52, committed: 0, lastReceivedAt: minutesAgo(26) },
      { aeTitle: 'XRAY', received: 2, verified: 2, committed: 0, lastReceivedAt: minutesAgo(41) },
    ],
    lastVerifiedAt: minutesAgo(9),
    destinations: [destination()],
    failures: [],
    spool: { bytes: 258_825_000, freeBytes: 412_600_000_000 },
    recovery: 'proven',
    access: accessStatus(clinic()),
    ...change,
  };
}

export function agent(change: Partial<StatusReport> = {}, studies = someStudies()): AgentState {
  return {
    status: status(change),
    studies: [...studies],
    studiesTotal: studies.length,
    version: '0.1.0',
    startedAt: minutesAgo(240),
    uploadBytesPerSecond: 0,
  };
}

export const allSafe = (): AgentState => agent();

export const empty = (): AgentState =>
  agent(
    {
      counts: { received: 0, pending: 0, verified: 0, failed: 0, parked: 0 },
      modalities: [],
      lastVerifiedAt: null,
      destinations: [destination({ verified: 0, lastVerifiedAt: null })],
      spool: { bytes: 0, freeBytes: 412_600_000_000 },
    },
    [],
  );

export function working(): AgentState {
  const arriving = study({
    id: 'study-0',
    initials: 'SB',
    instances: 210,
    verified: 76,
    lastReceivedAt: minutesAgo(0),
  });
  const waiting = study({
    id: 'study-00',
    initials: 'DK',
    modality: 'US',
    source: 'SONO-2',
    instances: 24,
    verified: 0,
    state: 'waiting',
    lastReceivedAt: minutesAgo(1),
  });
  return {
    ...agent(
      {
        safe: false,
        headline: 'working',
        counts: { received: 727, pending: 158, verified: 569, failed: 0, parked: 0 },
        modalities: [
          { aeTitle: 'CT-ROOM-1', received: 648, verified: 514, committed: 0, lastReceivedAt: minutesAgo(0) },
          { aeTitle: 'SONO-2', received: 76, verified: 52, committed: 0, lastReceivedAt: minutesAgo(1) },
          { aeTitle: 'XRAY', received: 2, verified: 2, committed: 0, lastReceivedAt: minutesAgo(41) },
        ],
        destinations: [destination({ pending: 158, verified: 569, lastVerifiedAt: minutesAgo(0) })],
      },
      [arriving, waiting, ...someStudies()],
    ),
    uploadBytesPerSecond: 6_340_000,
  };
}

export function attention(): AgentState {
  const stuck = study({
    id: 'study-9',
    initials: 'RV',
    modality: 'CT',
    instances: 96,
    verified: 91,
    failed: 3,
    parked: 2,
    state: 'attention',
    lastReceivedAt: minutesAgo(5),
  });
  return agent(
    {
      safe: false,
      headline: 'attention',
      counts: { received: 589, pending: 0, verified: 584, failed: 3, parked: 2 },
      destinations: [
        destination({ verified: 584 }),
        destination({
          name: 'second-site',
          required: false,
          state: 'paused',
          pending: 17,
          verified: 402,
          lastVerifiedAt: minutesAgo(190),
          error: reportFor('cloud-auth'),
        }),
      ],
      failures: [
        failure('cloud-server-error', {
          id: 'failure-upload',
          action: 'retry',
          studyId: 'study-9',
          destination: 'cloud',
          count: 4,
          firstAt: minutesAgo(31),
          lastAt: minutesAgo(2),
        }),
        failure('association-aborted', { id: 'failure-abort', imagesSafe: false, action: 'answer' }),
        failure('cloud-auth', {
          id: 'failure-auth',
          action: 'none',
          destination: 'second-site',
          lastAt: minutesAgo(6),
        }),
      ],
    },
    [stuck, ...someStudies()],
  );
}

export const notReceiving = (): AgentState =>
  agent({
    safe: false,
    headline: 'not-receiving',
    listener: { up: false, host: '192.168.1.20', port: 11112, aeTitle: 'EDGESYNC' },
    failures: [
      failure('port-taken', {
        ...reportFor('port-taken', '192.168.1.20 port 11112'),
        imagesSafe: true,
        action: 'retry',
      }),
    ],
  });

export const noKit = (): AgentState => agent({ safe: false, headline: 'attention', recovery: 'none' });
export const kitUnproven = (): AgentState =>
  agent({ safe: false, headline: 'attention', recovery: 'created' });
