import { join } from 'node:path';
import type { AgentState, StudySummary } from '../../src/shared/agent-state.ts';
import { reportFor } from '../../src/shared/errors.ts';
import type { Failure, Headline } from '../../src/shared/status.ts';

/** How a test and the stand-in engine talk: files in the data folder. */
export interface StubFiles {
  /** AgentState as JSON: what the stand-in says from now on. */
  readonly state: string;
  /** An error code: the next start fails with it. */
  readonly failWith: string;
  /** Appears: the stand-in stops answering but keeps its socket. */
  readonly hang: string;
  /** Written by the stand-in when it was asked to drain. */
  readonly drained: string;
  /** One line of JSON for each `failures.retry`. */
  readonly retried: string;
  /** One line of JSON for each pause, resume, wake and word about the network. */
  readonly told: string;
}

export function stubFiles(dataDir: string): StubFiles {
  return {
    state: join(dataDir, 'stub-state.json'),
    failWith: join(dataDir, 'stub-fail-with'),
    hang: join(dataDir, 'stub-hang'),
    drained: join(dataDir, 'stub-drained'),
    retried: join(dataDir, 'stub-retried'),
    told: join(dataDir, 'stub-told'),
  };
}

const morning = '2026-01-05T08:30:00.000Z';

/** A believable day at a small practice, in each of the four headlines. */
export function stubState(headline: Headline): AgentState {
  const pending = headline === 'working' ? 212 : 0;
  const parked = headline === 'attention' ? 3 : 0;
  const verified = 1_480;
  return {
    status: {
      safe: headline === 'all-safe',
      headline,
      listener: { up: headline !== 'not-receiving', host: '127.0.0.1', port: 11112, aeTitle: 'EDGESYNC' },
      counts: { received: verified + pending + parked, pending, verified, failed: 0, parked },
      modalities: [
        { aeTitle: 'ULTRASOUND1', received: 640, verified: 640, committed: 0, lastReceivedAt: morning },
        {
          aeTitle: 'CBCT',
          received: 840 + pending + parked,
          verified: 840,
          committed: 0,
          lastReceivedAt: morning,
        },
      ],
      lastVerifiedAt: morning,
      destinations: [
        {
          name: 'cloud',
          kind: 'azure',
          required: true,
          state: parked > 0 ? 'refused' : 'ok',
          pending,
          verified,
          lastVerifiedAt: morning,
          error: parked > 0 ? reportFor('cloud-refused') : null,
        },
      ],
      failures: parked > 0 ? [parkedFailure(parked)] : [],
      spool: { bytes: 734_003_200, freeBytes: 210_453_397_504 },
      recovery: 'proven',
    },
    studies: [
      study('s1', 'JD', 'US', 96, 96, 0),
      study('s2', 'MK', 'CT', 212 + 240, 240 + 212 - pending, 0),
      study('s3', 'AR', 'DX', 4, 4 - parked, parked),
    ],
    studiesTotal: 3,
    version: '0.1.0',
    startedAt: '2026-01-05T07:00:00.000Z',
    uploadBytesPerSecond: pending > 0 ? 6_400_000 : 0,
  };
}

function parkedFailure(count: number): Failure {
  return {
    ...reportFor('cloud-refused'),
    id: 'failure-1',
    imagesSafe: true,
    action: 'retry',
    studyId: 's3',
    destination: 'cloud',
    count,
    firstAt: morning,
    lastAt: morning,
  };
}

function study(
  id: string,
  initials: string,
  modality: string,
  instances: number,
  verified: number,
  parked: number,
): StudySummary {
  const sizeBytes = instances * 524_288;
  return {
    id,
    initials,
    modality,
    source: modality === 'US' ? 'ULTRASOUND1' : 'CBCT',
    firstReceivedAt: morning,
    lastReceivedAt: morning,
    instances,
    verified,
    failed: 0,
    parked,
    sizeBytes,
    verifiedBytes: verified * 524_288,
    state: parked > 0 ? 'attention' : verified < instances ? 'uploading' : 'verified',
  };
}
