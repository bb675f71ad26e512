/**
 * The false-green suite: for each way of not being safe, `status --json`, the page's headline and the tray say the same,
 * and it is not green; where it can be mended or answered, all are green again after that. The first part drives a
 * whole engine, the second a real database, the third the status as the stages report it. The last part fails when a
 * reason is added that no row here stands for.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildStatus } from '../../src/main/engine/status/build-status.ts';
import type { DestinationInput, StatusInputs } from '../../src/main/engine/status/status-inputs.ts';
import type { QueueStatus } from '../../src/main/engine/queue/queue-types.ts';
import { errorFacts, reportFor, type ErrorCode } from '../../src/shared/errors.ts';
import type { Headline } from '../../src/shared/status.ts';
import { QueueKit } from '../support/queue-kit.ts';
import { expectAllSay } from '../support/verdicts.ts';

const nowMs = Date.UTC(2026, 0, 5, 12, 0, 0);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

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
  destinations: [
    {
      name: 'cloud',
      required: true,
      pending: 0,
      verified: 10,
      failed: 0,
      parked: 0,
      lastVerifiedAtMs: nowMs - hourMs,
      lastProofAtMs: nowMs - hourMs,
    },
  ],
  sources: [{ aeTitle: 'CT', received: 10, verified: 10, committed: 0, lastReceivedAtMs: nowMs - hourMs }],
  failures: [],
  incidents: [],
};

const cloud: DestinationInput = { name: 'cloud', kind: 'azure', required: true, state: 'ok', error: null };

const safe: StatusInputs = {
  queue: safeQueue,
  listener: { up: true, host: '127.0.0.1', port: 11112, aeTitle: 'EDGESYNC', error: null },
  unrecorded: [],
  refusal: null,
  destinations: [cloud],
  recovery: 'proven',
  recoveryProof: { atMs: nowMs - dayMs, provenBy: 'cloud-object' },
  freeBytes: 100e9,
  standing: [],
  warnBelowBytes: 20e9,
  pendingMaxMinutes: 30,
  startedAtMs: nowMs - 10 * hourMs,
  nowMs,
};

const queue = (changes: Partial<QueueStatus>): StatusInputs => ({
  ...safe,
  queue: { ...safeQueue, ...changes },
});
const proof = (lastProofAtMs: number | null): StatusInputs =>
  queue({ destinations: safeQueue.destinations.map((one) => ({ ...one, lastProofAtMs })) });
const pending = (oldestMs: number | null, newestMs = oldestMs): StatusInputs =>
  queue({ received: 11, pending: 1, oldestPendingAtMs: oldestMs, newestPendingAtMs: newestMs });
const destinations = (...them: readonly DestinationInput[]): StatusInputs => ({
  ...safe,
  destinations: them,
});
const group = (
  state: 'failed' | 'parked',
  code: ErrorCode,
  destination = 'cloud',
): QueueStatus['failures'] => [
  {
    id: `upload:${destination}:${state}:${code}`,
    destination,
    state,
    code,
    count: 1,
    firstAtMs: nowMs - hourMs,
    lastAtMs: nowMs - minuteMs,
  },
];
const held = (by: 'paused' | 'window' | 'metered', code: ErrorCode): DestinationInput => ({
  ...cloud,
  state: 'paused',
  error: reportFor(code),
  hold: { by, untilMs: by === 'metered' ? null : nowMs + hourMs },
});
const second: DestinationInput = { ...cloud, name: 'second', required: false };

interface Way {
  readonly way: string;
  readonly inputs: StatusInputs;
  readonly says: Exclude<Headline, 'all-safe'>;
  /** Codes of the reasons, as `status --json` tells them. */
  readonly codes: readonly ErrorCode[];
  /** Of StatusInputs, what speaks against safety here. */
  readonly by: keyof StatusInputs;
}

const ways: readonly Way[] = [
  {
    way: 'the listener is down and nobody knows why',
    inputs: { ...safe, listener: { ...safe.listener, up: false } },
    says: 'not-receiving',
    codes: ['not-listening'],
    by: 'listener',
  },
  {
    way: 'the keychain is locked',
    inputs: { ...safe, refusal: reportFor('keychain-unavailable') },
    says: 'not-receiving',
    codes: ['keychain-unavailable'],
    by: 'refusal',
  },
  {
    way: 'there is no recovery kit',
    inputs: { ...safe, recovery: 'none' },
    says: 'attention',
    codes: ['recovery-missing'],
    by: 'recovery',
  },
  {
    way: 'the recovery kit is not proven',
    inputs: { ...safe, recovery: 'created' },
    says: 'attention',
    codes: ['recovery-not-proven'],
    by: 'recovery',
  },
  {
    way: 'the recovery kit was not tried for a year',
    inputs: { ...safe, recoveryProof: { atMs: nowMs - 400 * dayMs, provenBy: 'cloud-object' } },
    says: 'attention',
    codes: ['recovery-check-due'],
    by: 'recoveryProof',
  },
  {
    way: 'there is no destination',
    inputs: destinations(),
    says: 'attention',
    codes: ['no-destination'],
    by: 'destinations',
  },
  {
    way: 'no destination is required',
    inputs: destinations({ ...cloud, required: false }),
    says: 'attention',
    codes: ['no-destination'],
    by: 'destinations',
  },
  {
    way: 'the destination refuses the credential',
    inputs: destinations({ ...cloud, state: 'refused', error: reportFor('cloud-auth') }),
    says: 'attention',
    codes: ['cloud-auth'],
    by: 'destinations',
  },
  {
    way: 'the destination is out of reach, and says nothing more',
    inputs: destinations({ ...cloud, state: 'retrying' }),
    says: 'attention',
    codes: ['cloud-unreachable'],
    by: 'destinations',
  },
  {
    way: 'a best-effort destination is out of reach',
    inputs: destinations(cloud, { ...second, state: 'retrying', error: reportFor('cloud-unreachable') }),
    says: 'attention',
    codes: ['cloud-unreachable'],
    by: 'destinations',
  },
  {
    way: 'the clock of this PC is wrong for the cloud',
    inputs: destinations({ ...cloud, state: 'refused', error: reportFor('cloud-clock-skew') }),
    says: 'attention',
    codes: ['cloud-clock-skew'],
    by: 'destinations',
  },
  {
    way: 'the credential was refused while somebody has paused uploads',
    inputs: destinations({
      ...held('paused', 'uploads-paused'),
      state: 'refused',
      error: reportFor('cloud-auth'),
    }),
    says: 'attention',
    codes: ['cloud-auth'],
    by: 'destinations',
  },
  {
    way: 'uploads are paused',
    inputs: destinations(held('paused', 'uploads-paused')),
    says: 'working',
    codes: [],
    by: 'destinations',
  },
  {
    way: 'uploads to a best-effort destination are paused',
    inputs: destinations(cloud, { ...held('paused', 'uploads-paused'), name: 'second', required: false }),
    says: 'working',
    codes: [],
    by: 'destinations',
  },
  {
    way: 'the network is metered',
    inputs: destinations(held('metered', 'uploads-metered')),
    says: 'working',
    codes: [],
    by: 'destinations',
  },
  {
    way: 'images wait for their time of day',
    inputs: {
      ...destinations(held('window', 'uploads-outside-window')),
      queue: pending(nowMs - minuteMs).queue,
    },
    says: 'working',
    codes: [],
    by: 'destinations',
  },
  {
    way: 'images are on their way',
    inputs: pending(nowMs - minuteMs),
    says: 'working',
    codes: [],
    by: 'queue',
  },
  {
    way: 'images wait past their age',
    inputs: pending(nowMs - 31 * minuteMs),
    says: 'attention',
    codes: ['pending-too-long'],
    by: 'pendingMaxMinutes',
  },
  {
    way: 'images wait past their age though uploads are paused',
    inputs: {
      ...destinations(held('paused', 'uploads-paused')),
      queue: pending(nowMs - 31 * minuteMs).queue,
    },
    says: 'attention',
    codes: ['pending-too-long'],
    by: 'queue',
  },
  {
    way: 'images wait past their age inside the times of day',
    inputs: {
      ...pending(nowMs - 2 * dayMs),
      uploadWindows: [
        { days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '20:00', to: '06:00' },
      ],
    },
    says: 'attention',
    codes: ['pending-too-long'],
    by: 'uploadWindows',
  },
  {
    way: 'an image waits since nobody knows when',
    inputs: pending(null),
    says: 'attention',
    codes: ['pending-too-long'],
    by: 'queue',
  },
  {
    way: 'an image waits since a time that is still to come: the clock was set back',
    inputs: pending(nowMs + dayMs),
    says: 'attention',
    codes: ['pending-too-long'],
    by: 'nowMs',
  },
  {
    way: 'what was received is not verified, whatever it is called',
    inputs: queue({ received: 11 }),
    says: 'working',
    codes: [],
    by: 'queue',
  },
  {
    way: 'nothing was verified for a day',
    inputs: proof(nowMs - dayMs - minuteMs),
    says: 'attention',
    codes: ['proof-stale'],
    by: 'queue',
  },
  {
    way: 'the last proof is dated in the future: the clock was wrong, or is',
    inputs: proof(nowMs + dayMs),
    says: 'attention',
    codes: ['proof-stale'],
    by: 'queue',
  },
  {
    way: 'nothing was ever verified, just after the start',
    inputs: { ...proof(null), startedAtMs: nowMs - minuteMs },
    says: 'working',
    codes: [],
    by: 'startedAtMs',
  },
  {
    way: 'nothing was ever verified',
    inputs: proof(null),
    says: 'attention',
    codes: ['proof-stale'],
    by: 'queue',
  },
  {
    way: 'the second required destination was never proven',
    inputs: destinations(cloud, { ...second, required: true }),
    says: 'attention',
    codes: ['proof-stale'],
    by: 'destinations',
  },
  {
    way: 'the disk is getting full',
    inputs: { ...safe, freeBytes: 10e9 },
    says: 'attention',
    codes: ['disk-low'],
    by: 'freeBytes',
  },
  {
    way: 'an image failed',
    inputs: queue({ received: 11, failed: 1, failures: group('failed', 'cloud-server-error') }),
    says: 'attention',
    codes: ['cloud-server-error'],
    by: 'queue',
  },
  {
    way: 'an image is parked',
    inputs: queue({ received: 11, parked: 1, failures: group('parked', 'cloud-refused') }),
    says: 'attention',
    codes: ['cloud-refused'],
    by: 'queue',
  },
  {
    way: 'an image is parked for a best-effort destination alone',
    inputs: queue({ failures: group('parked', 'cloud-refused', 'second') }),
    says: 'attention',
    codes: ['cloud-refused'],
    by: 'queue',
  },
  {
    way: 'images failed and no row says which',
    inputs: queue({ received: 11, parked: 1 }),
    says: 'attention',
    codes: ['object-missing'],
    by: 'queue',
  },
  {
    way: 'a required PACS only lists an image',
    inputs: {
      ...destinations(cloud, {
        ...second,
        required: true,
        kind: 'dicomweb',
        provenBy: { identical: 9, listed: 0 },
      }),
      queue: {
        ...safeQueue,
        verified: 9,
        parked: 1,
        destinations: [...safeQueue.destinations, { ...safeQueue.destinations[0]!, name: 'second' }],
        failures: group('parked', 'pacs-copy-unproven', 'second'),
      },
    },
    says: 'attention',
    codes: ['pacs-copy-unproven'],
    by: 'queue',
  },
  {
    way: 'a destination that was added still lacks images',
    inputs: {
      ...pending(nowMs - minuteMs),
      destinations: [
        cloud,
        { ...second, backFill: { waiting: 1, total: 10, active: 1, bytesPerSecond: 1, error: null } },
      ],
    },
    says: 'working',
    codes: [],
    by: 'destinations',
  },
  {
    way: 'an incident could not be recorded',
    inputs: {
      ...safe,
      unrecorded: [
        {
          id: 'unrecorded:disk-error',
          code: 'disk-error',
          detail: undefined,
          count: 1,
          firstAtMs: nowMs,
          lastAtMs: nowMs,
        },
      ],
    },
    says: 'attention',
    codes: ['disk-error'],
    by: 'unrecorded',
  },
  ...(
    [
      ['a certificate has expired', 'certificate-expired'],
      ['an alert could not be sent', 'alert-not-sent'],
      ['changed settings wait for a restart', 'restart-waiting'],
      ['the kit is being replaced', 'recovery-replacing'],
      ['the address is public', 'public-address'],
      ['the port for devices with certificates is down', 'port-taken'],
    ] as const
  ).map(([way, code]): Way => ({
    way,
    inputs: { ...safe, standing: [reportFor(code)] },
    says: 'attention',
    codes: [code],
    by: 'standing',
  })),
];

describe('told by the stages', () => {
  it('all say "All safe" when nothing speaks against it', () => expectAllSay(buildStatus(safe), 'all-safe'));

  it('all say "All safe" outside the times of day when nothing waits', () =>
    expectAllSay(buildStatus(destinations(held('window', 'uploads-outside-window'))), 'all-safe'));

  it.each(ways)('$way', async ({ inputs, says, codes }) => {
    const status = buildStatus(inputs);
    expect(status.failures.map(({ code }) => code)).toEqual(codes);
    await expectAllSay(status, says);
  });
});

const allCodes = Object.keys(errorFacts) as ErrorCode[];

/** On purpose, by somebody who is at the PC: told with the destination. */
const heldCodes = ['uploads-paused', 'uploads-outside-window', 'uploads-metered'];

describe('whatever the code', () => {
  it.each(allCodes)('%s is green nowhere, from whichever stage it comes', async (code) => {
    const report = reportFor(code);
    await expectAllSay(buildStatus({ ...safe, refusal: report }), 'not-receiving');
    await expectAllSay(buildStatus({ ...safe, standing: [report] }), 'attention');
    const down = { ...safe.listener, up: false, error: report };
    await expectAllSay(buildStatus({ ...safe, listener: down }), 'not-receiving');
    await expectAllSay(buildStatus(queue({ failures: group('failed', code) })), 'attention');
    for (const state of ['ok', 'retrying', 'paused', 'refused'] as const)
      await expectAllSay(buildStatus(destinations({ ...cloud, state, error: report })), 'attention');
  });
});

describe('told by the database', () => {
  let kit: QueueKit;
  beforeAll(() => {
    kit = new QueueKit();
  });
  afterAll(() => kit.dispose());

  const told = () => buildStatus(queue({ incidents: kit.queue.status().incidents }));

  it.each(allCodes)('an incident %s is green nowhere until somebody has answered it', async (code) => {
    await kit.queue.reportIncident({ code, subject: 'somebody' });
    await kit.queue.reportIncident({ code, subject: 'somebody else' });
    const status = told();
    expect(status.failures).toMatchObject([{ code, action: 'answer', count: 2 }]);
    await expectAllSay(status, 'attention');
    await kit.queue.answerIncident(status.failures[0]?.id ?? '');
    await expectAllSay(told(), 'all-safe');
    // The same again is new.
    await kit.queue.reportIncident({ code, subject: 'somebody' });
    await expectAllSay(told(), 'attention');
    await kit.queue.answerIncident(told().failures[0]?.id ?? '');
  });
});

describe('nothing can be added without a row', () => {
  const engine = join(import.meta.dirname, '../../src/main/engine');

  it('each part of what the status is made of has one, or is no reason', () => {
    const noReason = ['access', 'verification', 'room', 'daysLeft', 'warnBelowBytes'];
    const parts: Record<keyof StatusInputs, true> = {
      queue: true,
      listener: true,
      unrecorded: true,
      refusal: true,
      standing: true,
      destinations: true,
      recovery: true,
      recoveryProof: true,
      access: true,
      verification: true,
      freeBytes: true,
      room: true,
      daysLeft: true,
      warnBelowBytes: true,
      pendingMaxMinutes: true,
      uploadWindows: true,
      startedAtMs: true,
      nowMs: true,
    };
    const covered = new Set<string>([...ways.map(({ by }) => by), ...noReason]);
    expect(Object.keys(parts).filter((part) => !covered.has(part))).toEqual([]);
  });

  it('each code that the status itself tells has one', async () => {
    const files = (await readdir(join(engine, 'status'))).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'access-status.ts',
    );
    const sources = [...files.map((file) => join(engine, 'status', file)), join(engine, 'status-source.ts')];
    const found = new Set<string>();
    for (const source of sources) {
      const text = await readFile(source, 'utf8');
      for (const [, code] of text.matchAll(/reportFor\(\s*'([a-z-]+)'/g)) found.add(code ?? '');
    }
    expect(found.size).toBeGreaterThan(8);
    const rows = new Set<string>(ways.flatMap(({ codes }) => codes));
    expect([...found].filter((code) => !rows.has(code))).toEqual([]);
  });

  it('each condition in the list of reasons has one', async () => {
    const text = await readFile(join(engine, 'status/reasons.ts'), 'utf8');
    const list = /function conditionReports[^]*?\n\}\n/.exec(text)?.[0] ?? '';
    const conditions = [...list.matchAll(/^ {4}\.\.\.\(?(.*)$/gm)].map(([, line]) => line?.slice(0, 40));
    // Another number: a reason came or went, and its row above with it.
    expect(conditions).toHaveLength(9);
  });

  it('only these codes are held back, by what holds uploads on purpose', async () => {
    const text = await readFile(join(engine, 'status/reasons.ts'), 'utf8');
    const list = /const heldCodes[^]*?\]\)/.exec(text)?.[0] ?? '';
    expect([...list.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code)).toEqual(heldCodes);
  });
});
