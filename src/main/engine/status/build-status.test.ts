import { describe, expect, it } from 'vitest';
import { errorFacts, reportFor, type ErrorCode } from '../../../shared/errors.ts';
import { statusReportSchema } from '../../../shared/status.ts';
import type { DestinationCounts, QueueStatus } from '../queue/queue-types.ts';
import { buildStatus } from './build-status.ts';
import type { StatusInputs } from './status-inputs.ts';

const nowMs = Date.UTC(2026, 0, 5, 12, 0, 0);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const cloudCounts: DestinationCounts = {
  name: 'cloud',
  required: true,
  pending: 0,
  verified: 10,
  failed: 0,
  parked: 0,
  lastVerifiedAtMs: nowMs - hourMs,
  lastProofAtMs: nowMs - hourMs,
};

const safeQueue: QueueStatus = {
  received: 10,
  pending: 0,
  verified: 10,
  failed: 0,
  parked: 0,
  spoolBytes: 1000,
  studies: 2,
  oldestPendingAtMs: null,
  newestPendingAtMs: null,
  lastVerifiedAtMs: nowMs - hourMs,
  destinations: [cloudCounts],
  sources: [{ aeTitle: 'CT', received: 10, verified: 10, committed: 0, lastReceivedAtMs: nowMs - hourMs }],
  failures: [],
  incidents: [],
};

const safe: StatusInputs = {
  queue: safeQueue,
  listener: { up: true, host: '127.0.0.1', port: 11112, aeTitle: 'EDGESYNC', error: null },
  unrecorded: [],
  refusal: null,
  destinations: [{ name: 'cloud', kind: 'azure', required: true, state: 'ok', error: null }],
  recovery: 'proven',
  freeBytes: 100e9,
  standing: [],
  warnBelowBytes: 20e9,
  pendingMaxMinutes: 30,
  startedAtMs: nowMs - 10 * hourMs,
  nowMs,
};

/** A Monday, local time, as the settings' times of day are. */
const monday = (hours: number, minutes = 0): number => new Date(2026, 0, 5, hours, minutes).getTime();
const nights: StatusInputs['uploadWindows'] = [
  { days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '20:00', to: '06:00' },
];

function held(
  by: 'paused' | 'window' | 'metered',
  code: 'uploads-paused' | 'uploads-outside-window' | 'uploads-metered',
  changes: Partial<StatusInputs> = {},
): StatusInputs {
  return {
    ...safe,
    ...changes,
    destinations: [
      {
        name: 'cloud',
        kind: 'azure',
        required: true,
        state: 'paused',
        error: reportFor(code),
        hold: { by, untilMs: by === 'metered' ? null : nowMs + hourMs },
      },
    ],
  };
}

function withQueue(changes: Partial<QueueStatus>): StatusInputs {
  return { ...safe, queue: { ...safeQueue, ...changes } };
}

function withProof(lastProofAtMs: number | null): StatusInputs {
  return withQueue({ destinations: [{ ...cloudCounts, lastProofAtMs }] });
}

function pendingSince(ageMs: number): StatusInputs {
  return withQueue({
    received: 11,
    pending: 1,
    oldestPendingAtMs: nowMs - ageMs,
    newestPendingAtMs: nowMs - ageMs,
  });
}

function withDestination(changes: Partial<StatusInputs['destinations'][number]>): StatusInputs {
  return { ...safe, destinations: [{ ...safe.destinations[0]!, ...changes }] };
}

function standing(state: 'failed' | 'parked', code: ErrorCode): StatusInputs {
  return withQueue({
    received: 11,
    [state]: 1,
    failures: [
      {
        id: `upload:cloud:${state}:${code}`,
        destination: 'cloud',
        state,
        code,
        count: 1,
        firstAtMs: nowMs - hourMs,
        lastAtMs: nowMs - minuteMs,
      },
    ],
  });
}

function incident(code: ErrorCode): StatusInputs {
  return withQueue({
    incidents: [
      {
        id: `incident:${code}`,
        code,
        detail: 'what happened',
        count: 3,
        firstAtMs: nowMs - 30 * hourMs,
        lastAtMs: nowMs - 29 * hourMs,
      },
    ],
  });
}

describe('an incident that could not be recorded', () => {
  it('keeps the headline from all safe, and cannot be answered yet', () => {
    const [row] = incident('disk-error').queue.incidents;
    const report = buildStatus({ ...safe, unrecorded: [{ ...row!, id: 'unrecorded:disk-error' }] });
    expect(report).toMatchObject({ safe: false, headline: 'attention' });
    expect(report.failures).toMatchObject([
      { id: 'unrecorded:disk-error', code: 'disk-error', action: 'none', count: 3 },
    ]);
  });
});

describe('all safe', () => {
  it('is said when everything received is verified and nothing speaks against it', () => {
    const report = buildStatus(safe);
    expect(report).toMatchObject({ safe: true, headline: 'all-safe', failures: [] });
    expect(statusReportSchema.parse(report)).toEqual(report);
  });

  it('is said on an idle day by a probe alone', () => {
    const idle: DestinationCounts = { ...cloudCounts, lastVerifiedAtMs: nowMs - 90 * hourMs };
    expect(buildStatus(withQueue({ destinations: [idle] })).headline).toBe('all-safe');
  });

  it('is said while a best-effort destination still has images to send', () => {
    const nas: DestinationCounts = {
      ...cloudCounts,
      name: 'nas',
      required: false,
      pending: 5,
      lastProofAtMs: null,
      lastVerifiedAtMs: null,
    };
    const report = buildStatus({
      ...withQueue({ destinations: [cloudCounts, nas] }),
      destinations: [
        ...safe.destinations,
        { name: 'nas', kind: 'azure', required: false, state: 'ok', error: null },
      ],
    });
    expect(report.headline).toBe('all-safe');
  });
});

type Case = readonly [
  what: string,
  inputs: StatusInputs,
  headline: 'working' | 'attention' | 'not-receiving',
  code: ErrorCode | null,
];

const auth = reportFor('cloud-auth');
const cases: readonly Case[] = [
  ['an image is on its way', pendingSince(minuteMs), 'working', null],
  ['an image is on its way, just within its time', pendingSince(30 * minuteMs), 'working', null],
  ['an image has waited too long', pendingSince(30 * minuteMs + 1), 'attention', 'pending-too-long'],
  [
    'nobody knows since when one waits',
    withQueue({ received: 11, pending: 1 }),
    'attention',
    'pending-too-long',
  ],
  [
    'one waits since the future: the clock was set back',
    pendingSince(-hourMs),
    'attention',
    'pending-too-long',
  ],
  ['something is neither verified nor counted', withQueue({ received: 11 }), 'working', null],
  ['an upload failed', standing('failed', 'cloud-unreachable'), 'attention', 'cloud-unreachable'],
  ['an upload is parked', standing('parked', 'cloud-conflict'), 'attention', 'cloud-conflict'],
  ['a local copy is gone', standing('parked', 'object-missing'), 'attention', 'object-missing'],
  ['one failed and nobody knows why', withQueue({ received: 11, failed: 1 }), 'attention', 'object-missing'],
  [
    'one is parked and nobody knows why',
    withQueue({ received: 11, parked: 1 }),
    'attention',
    'object-missing',
  ],
  [
    'the listener is down',
    { ...safe, listener: { ...safe.listener, up: false } },
    'not-receiving',
    'not-listening',
  ],
  [
    'the port is taken',
    { ...safe, listener: { ...safe.listener, up: false, error: reportFor('port-taken', '11112') } },
    'not-receiving',
    'port-taken',
  ],
  ['the disk is full', { ...safe, refusal: reportFor('disk-full') }, 'not-receiving', 'disk-full'],
  [
    'the keychain is locked',
    { ...safe, refusal: reportFor('keychain-unavailable') },
    'not-receiving',
    'keychain-unavailable',
  ],
  ['the disk is filling up', { ...safe, freeBytes: safe.warnBelowBytes - 1 }, 'attention', 'disk-low'],
  ['no recovery kit was made', { ...safe, recovery: 'none' }, 'attention', 'recovery-missing'],
  ['the recovery kit is not proven', { ...safe, recovery: 'created' }, 'attention', 'recovery-not-proven'],
  ['there is no destination', { ...safe, destinations: [] }, 'attention', 'no-destination'],
  ['no destination is required', withDestination({ required: false }), 'attention', 'no-destination'],
  ['the last proof is older than a day', withProof(nowMs - 24 * hourMs - 1), 'attention', 'proof-stale'],
  ['nothing was ever proven', withProof(null), 'attention', 'proof-stale'],
  [
    'the last proof is in the future: the clock was set back',
    withProof(nowMs + hourMs),
    'attention',
    'proof-stale',
  ],
  ['the queue knows nothing of the destination', withQueue({ destinations: [] }), 'attention', 'proof-stale'],
  [
    'nothing was proven yet and the engine has just started',
    { ...withProof(null), startedAtMs: nowMs - minuteMs },
    'working',
    null,
  ],
  [
    'the engine seems to have started in the future and nothing is proven',
    { ...withProof(null), startedAtMs: nowMs + hourMs },
    'attention',
    'proof-stale',
  ],
  ['the destination is paused', withDestination({ state: 'paused', error: auth }), 'attention', 'cloud-auth'],
  ['the destination refuses', withDestination({ state: 'refused', error: auth }), 'attention', 'cloud-auth'],
  [
    'the destination cannot be reached',
    withDestination({ state: 'retrying', error: reportFor('cloud-unreachable') }),
    'attention',
    'cloud-unreachable',
  ],
  [
    'the destination is not ok and does not say why',
    withDestination({ state: 'retrying' }),
    'attention',
    'cloud-unreachable',
  ],
  ['the destination reports an error', withDestination({ error: auth }), 'attention', 'cloud-auth'],
  [
    'a best-effort destination is paused',
    {
      ...safe,
      destinations: [
        ...safe.destinations,
        { name: 'nas', kind: 'azure', required: false, state: 'paused', error: auth },
      ],
    },
    'attention',
    'cloud-auth',
  ],
  [
    'one of two required destinations is not proven',
    {
      ...withQueue({ destinations: [cloudCounts, { ...cloudCounts, name: 'nas', lastProofAtMs: null }] }),
      destinations: [
        ...safe.destinations,
        { name: 'nas', kind: 'azure', required: true, state: 'ok', error: null },
      ],
    },
    'attention',
    'proof-stale',
  ],
  ...(
    [
      'association-aborted',
      'association-refused',
      'folder-not-reachable',
      'file-not-readable',
      'uid-conflict',
      'object-tampered',
      'manifest-broken',
    ] as const
  ).map((code): Case => [`an incident is open: ${code}`, incident(code), 'attention', code]),
];

describe('all safe is never said', () => {
  it.each(cases)('while %s', (_what, inputs, headline, code) => {
    const report = buildStatus(inputs);
    expect(report).toMatchObject({ safe: false, headline });
    expect(report.failures.map((failure) => failure.code)).toEqual(code === null ? [] : [code]);
    expect(statusReportSchema.parse(report)).toEqual(report);
  });

  it('whichever two reasons come together, and the worse headline wins', () => {
    const rank = { 'all-safe': 0, working: 1, attention: 2, 'not-receiving': 3 } as const;
    for (const [whatA, a, headlineA] of cases) {
      for (const [whatB, b] of cases) {
        // What b changes on top of a.
        const changed = Object.entries(b).filter(([key, value]) => value !== safe[key as keyof StatusInputs]);
        const untouched = Object.entries(a)
          .filter(([key, value]) => value !== safe[key as keyof StatusInputs])
          .every(([key]) => !changed.some(([other]) => other === key));
        const report = buildStatus({ ...a, ...Object.fromEntries(changed) });
        expect([whatA, whatB, report.safe]).toEqual([whatA, whatB, false]);
        // A stale proof is not repeated beside its cause, and just after a start it is not told: still never green.
        const toldByCause = headlineA === 'attention' && a.queue.received === a.queue.verified;
        if (untouched && !toldByCause) expect(rank[report.headline]).toBeGreaterThanOrEqual(rank[headlineA]);
      }
    }
  });
});

describe('a failure', () => {
  it('says whether images are safe, what one button does, how often and since when', () => {
    expect(buildStatus(standing('parked', 'cloud-conflict')).failures).toEqual([
      {
        ...reportFor('cloud-conflict'),
        id: 'upload:cloud:parked:cloud-conflict',
        imagesSafe: true,
        action: 'retry',
        studyId: null,
        destination: 'cloud',
        count: 1,
        firstAt: new Date(nowMs - hourMs).toISOString(),
        lastAt: new Date(nowMs - minuteMs).toISOString(),
      },
    ]);
    expect(buildStatus(incident('object-tampered')).failures).toMatchObject([
      {
        action: 'answer',
        imagesSafe: false,
        count: 3,
        message: expect.stringContaining('what happened') as string,
      },
    ]);
  });

  it('has an id that does not change while the cause lasts', () => {
    const later = { ...withDestination({ state: 'paused', error: auth }), nowMs: nowMs + 5 * minuteMs };
    const ids = (inputs: StatusInputs): string[] => buildStatus(inputs).failures.map(({ id }) => id);
    expect(ids(later)).toEqual(ids(withDestination({ state: 'paused', error: auth })));
    expect(ids(later)).toEqual(['destination:cloud:cloud-auth']);
  });

  it('is not told twice when instances failed for what the destination reports', () => {
    const both = { ...standing('failed', 'cloud-unreachable') };
    const report = buildStatus({
      ...both,
      destinations: [{ ...safe.destinations[0]!, state: 'retrying', error: reportFor('cloud-unreachable') }],
    });
    expect(report.failures.map(({ id }) => id)).toEqual(['upload:cloud:failed:cloud-unreachable']);
  });

  it('never calls images safe that may be lost', () => {
    for (const code of [
      'object-missing',
      'object-tampered',
      'object-truncated',
      'database-damaged',
    ] as const) {
      expect(buildStatus(standing('parked', code)).failures[0]?.imagesSafe).toBe(false);
    }
    expect(Object.keys(errorFacts)).toContain('object-missing');
  });
});

describe('uploads that are held', () => {
  it('paused: told until when, no failure, but never "All safe"', () => {
    const status = buildStatus(held('paused', 'uploads-paused'));
    expect(status).toMatchObject({ headline: 'working', safe: false, failures: [] });
    expect(status.destinations[0]).toMatchObject({
      state: 'paused',
      error: { code: 'uploads-paused' },
      hold: { by: 'paused', until: new Date(nowMs + hourMs).toISOString() },
    });
    expect(statusReportSchema.parse(status)).toEqual(status);
  });

  it('paused: an image past its age turns the headline all the same', () => {
    const { queue } = pendingSince(31 * minuteMs);
    expect(buildStatus(held('paused', 'uploads-paused', { queue }))).toMatchObject({
      headline: 'attention',
      failures: [{ code: 'pending-too-long', imagesSafe: true }],
    });
    const young = pendingSince(29 * minuteMs).queue;
    expect(buildStatus(held('paused', 'uploads-paused', { queue: young })).headline).toBe('working');
  });

  it('a metered network: as a pause, without a time', () => {
    const status = buildStatus(held('metered', 'uploads-metered'));
    expect(status.headline).toBe('working');
    expect(status.destinations[0]?.hold).toEqual({ by: 'metered', until: null });
  });

  it('outside their times of day: "All safe" when nothing waits, working while something does', () => {
    expect(buildStatus(held('window', 'uploads-outside-window')).headline).toBe('all-safe');
    const { queue } = pendingSince(5 * minuteMs);
    expect(buildStatus(held('window', 'uploads-outside-window', { queue })).headline).toBe('working');
  });

  it.each([
    ['not red the evening before', monday(10), monday(19, 59), 'working'],
    ['not red in the first minutes of the window', monday(10), monday(20, 29), 'working'],
    ['red when the window has been open for longer than its age', monday(10), monday(20, 31), 'attention'],
    ['red still after a window that did not help', monday(10), monday(10) + 24 * hourMs, 'attention'],
  ])('times of day: an image of the morning is %s', (_what, sinceMs, atMs, headline) => {
    const queue = {
      ...pendingSince(0).queue,
      oldestPendingAtMs: sinceMs,
      newestPendingAtMs: sinceMs,
      destinations: [{ ...cloudCounts, lastProofAtMs: atMs - hourMs }],
    };
    const inputs = held('window', 'uploads-outside-window', {
      queue,
      nowMs: atMs,
      startedAtMs: atMs - hourMs,
      uploadWindows: nights,
    });
    expect(buildStatus(inputs).headline).toBe(headline);
  });

  it('does not hide that a credential was refused', () => {
    const inputs = held('paused', 'uploads-paused');
    const destinations = inputs.destinations.map((one) => ({
      ...one,
      state: 'refused' as const,
      error: reportFor('cloud-auth'),
    }));
    expect(buildStatus({ ...inputs, destinations }).failures).toMatchObject([{ code: 'cloud-auth' }]);
  });
});
