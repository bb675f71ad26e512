import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { mostDiagnosticsBytes, mostLogEvents } from '../../../shared/diagnostics.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { settingFacts } from '../../../shared/settings-facts.ts';
import { settingsSchema } from '../../../shared/settings.ts';
import type { Failure } from '../../../shared/status.ts';
import { bundleOf, type DiagnosticsInputs } from './bundle.ts';
import { knownEvents } from './known-events.ts';
import { RecentLog } from './recent-log.ts';

const canary = /canary/i;
const at = '2026-01-05T12:00:00.000Z';

/** Every text that a person can type into the settings holds a canary. */
function plantedSettings(): DiagnosticsInputs['settings'] {
  const settings = settingsSchema.parse({
    dicom: { host: 'canary-nic', aeTitle: 'CANARYAE' },
    destinations: [
      { name: 'canary-cloud', kind: 'azure', container: 'canary-container', prefix: 'canary/prefix' },
      { name: 'canary-folder', kind: 'folder', path: '/srv/canary/path', required: false },
    ],
    folders: [{ path: '/home/canary/scans' }],
    sharing: { container: 'canary-shares', practice: 'Dr Canary' },
    alerts: {
      practice: 'Dr Canary',
      email: { host: 'canary.example', user: 'canary', from: 'canary@a.example', to: ['canary@b.example'] },
      webhook: { url: 'https://canary.example/hook' },
    },
  });
  return settingFacts().map(({ key, path }) => ({
    key,
    source: 'file' as const,
    value: path.reduce<unknown>(
      (part, name) => (part as Record<string, unknown> | undefined)?.[name],
      settings,
    ),
  }));
}

const failure = (change: Partial<Failure> = {}): Failure => ({
  code: 'uid-conflict',
  message: 'Canary^Maria',
  nextStep: 'canary step',
  id: 'incident:canary',
  imagesSafe: true,
  action: 'answer',
  studyId: 'canary-study',
  destination: 'canary-cloud',
  count: 2,
  firstAt: at,
  lastAt: at,
  ...change,
});

function planted(change: Partial<DiagnosticsInputs> = {}): DiagnosticsInputs {
  const counts = { received: 3, pending: 1, verified: 2, failed: 0, parked: 0 };
  return {
    nowMs: Date.parse(at),
    version: '0.1.0',
    startedAtMs: Date.parse(at),
    machine: {
      platform: 'linux',
      architecture: 'x64',
      systemRelease: '6.1.0',
      processors: 2,
      memoryBytes: 1,
      freeMemoryBytes: 1,
    },
    runtime: { runtime: 'node', runtimeVersion: '24.1.0' },
    settings: plantedSettings(),
    log: [],
    engineTrouble: null,
    inconsistencies: null,
    doctor: [],
    engine: {
      status: {
        safe: false,
        headline: 'attention',
        listener: { up: true, host: 'canary-nic', port: 11112, aeTitle: 'CANARYAE' },
        counts,
        modalities: [{ aeTitle: 'CANARY_US', received: 3, verified: 2, committed: 0, lastReceivedAt: at }],
        lastVerifiedAt: at,
        destinations: [
          {
            name: 'canary-cloud',
            kind: 'azure',
            required: true,
            state: 'refused',
            pending: 1,
            verified: 2,
            lastVerifiedAt: at,
            error: { code: 'cloud-auth', message: 'canary', nextStep: 'canary' },
          },
        ],
        failures: [failure(), failure({ code: 'canary-code', destination: 'canary-gone' })],
        spool: { bytes: 5, freeBytes: 7 },
        recovery: 'proven',
        access: {
          openAssociations: 0,
          waitingCallers: 1,
          waitingClasses: 0,
          revision: 1,
          devices: [
            {
              id: 'canary',
              name: 'Canary room',
              aeTitle: 'CANARY_CT',
              channel: 'plain',
              lastSeenAt: at,
              warning: null,
            },
          ],
        },
      },
      ledger: {
        over: [{ failure: failure(), overAt: at }],
        told: [{ channel: 'email', code: 'cloud-auth', destination: 'canary-cloud', at }],
      },
      queue: {
        ...counts,
        spoolBytes: 5,
        studies: 1,
        oldestPendingAtMs: Date.parse(at),
        newestPendingAtMs: null,
        lastVerifiedAtMs: null,
        destinations: [],
        sources: [],
        failures: [],
        incidents: [],
      },
      certificates: [
        {
          id: 'a'.repeat(32),
          role: 'device',
          origin: 'made',
          name: 'canary',
          issuer: 'canary',
          key: 'canary',
          serial: 'canary',
          sha256: 'a'.repeat(64),
          hosts: ['canary'],
          notBefore: at,
          notAfter: at,
          daysLeft: 4,
          state: 'expires-soon',
          inUse: true,
        },
      ],
    },
    ...change,
  };
}

describe('a diagnostics bundle', () => {
  it('holds no name, path, host, address, detail or id, wherever they are planted', () => {
    const { text, fileName } = bundleOf(planted());
    expect(text).not.toMatch(canary);
    expect(fileName).toBe('edge-sync-diagnostics-2026-01-05T12-00-00Z.json');
  });

  it('still says what helps: codes, counts, kinds, and numbers that stand for names', () => {
    const report = JSON.parse(bundleOf(planted()).text) as {
      status: { failures: unknown; destinations: unknown; devices: unknown };
      settings: { key: string; value: unknown }[];
      certificates: unknown;
    };
    expect(report.status.failures).toMatchObject([
      { code: 'uid-conflict', destination: 'destination-1', count: 2 },
      { code: 'internal', destination: 'destination-other' },
    ]);
    expect(report.status.destinations).toMatchObject([
      { alias: 'destination-1', kind: 'azure', state: 'refused', error: 'cloud-auth' },
    ]);
    expect(report.status.devices).toMatchObject([
      { alias: 'device-1', channel: 'plain' },
      { alias: 'device-2', channel: 'not-paired', received: 3 },
    ]);
    expect(report.certificates).toEqual([
      { role: 'device', origin: 'made', state: 'expires-soon', notAfter: at, inUse: true },
    ]);
    const value = (key: string): unknown => report.settings.find((one) => one.key === key)?.value;
    expect(value('dicom.host')).toBe('interface-or-name');
    expect(value('dicom.port')).toBe(11112);
    expect(value('alerts.email.security')).toBe('starttls');
    expect(value('alerts.email.host')).toBe('set');
    expect(value('alerts.email.to')).toEqual({ total: 1 });
    expect(value('destinations')).toMatchObject({
      total: 2,
      entries: [
        { alias: 'destination-1', kind: 'azure', container: 'set' },
        { alias: 'destination-2', kind: 'folder', path: 'set', required: false },
      ],
    });
  });

  it.each([
    ['127.0.0.1', 'loopback'],
    ['192.168.4.5', 'private'],
    ['203.0.113.9', 'public'],
    ['8.8.8.8', 'public'],
    ['eth0', 'interface-or-name'],
  ])('tells of the address %s only its kind', (host, kind) => {
    const settings = [{ key: 'dicom.host', value: host, source: 'file' as const }];
    const { text } = bundleOf(planted({ settings }));
    const value = (JSON.parse(text) as { settings: { value: unknown }[] }).settings[0]?.value;
    expect([kind, host === '203.0.113.9' ? 'private' : kind]).toContain(value);
    expect(text).not.toContain(host);
  });

  it('is refused as a whole when something is in it that is not allowed', () => {
    const bad = { ...planted().machine, platform: 'canary' as 'linux' };
    expect(() => bundleOf(planted({ machine: bad }))).toThrow(EdgeSyncError);
    try {
      bundleOf(planted({ machine: bad }));
    } catch (error) {
      expect((error as EdgeSyncError).detail).toBe('diagnostics: machine.platform');
    }
  });

  it('stays below its limit with everything at its most', () => {
    const clock = new FakeClock();
    const log = new RecentLog(new FakeLogger(), clock);
    const figures = { attempts: 9e15, count: 9e15, entries: 9e15, files: 9e15, images: 9e15, total: 9e15 };
    for (let line = 0; line < mostLogEvents + 50; line += 1)
      log
        .child('a-part')
        .error('backup-failed', { ...figures, destination: 'canary-cloud', code: 'cloud-auth' });
    const engine = planted().engine;
    if (engine === undefined) throw new Error('no engine');
    const many = (count: number): readonly undefined[] => Array.from({ length: count }, () => undefined);
    const { text } = bundleOf(
      planted({
        log: log.events,
        engine: {
          ...engine,
          status: { ...engine.status, failures: many(5000).map(() => failure()) },
          certificates: many(5000).flatMap(() => engine.certificates),
        },
      }),
    );
    expect(text.length).toBeLessThanOrEqual(mostDiagnosticsBytes);
    expect((JSON.parse(text) as { log: unknown[] }).log).toHaveLength(mostLogEvents);
    expect(text).not.toMatch(canary);
  });
});

describe('the recent events', () => {
  it('keep events of the code, codes and counts, and no other field, detail or message', () => {
    const inner = new FakeLogger();
    const log = new RecentLog(inner, new FakeClock());
    const foreign = Object.assign(new TypeError('canary message'), { code: 'ECONNRESET' });
    log.child('upload').error(
      'backup-failed',
      {
        destination: 'canary-cloud',
        code: 'cloud-auth',
        detail: 'canary',
        attempts: 3,
        remoteAddress: 'canary',
      },
      new EdgeSyncError('cloud-unreachable', 'canary detail', { cause: foreign }),
    );
    log.warn('Canary^Maria 1970', { code: 'canary', count: Number.NaN });
    log.child('Canary part').info('instance of canary');
    log.debug('backup-failed');
    const { text } = bundleOf(planted({ log: log.events }));
    expect(text).not.toMatch(canary);
    expect((JSON.parse(text) as { log: unknown[] }).log).toMatchObject([
      {
        level: 'error',
        part: 'upload',
        event: 'backup-failed',
        code: 'cloud-unreachable',
        destination: 'destination-1',
        errorName: 'TypeError',
        systemCode: 'ECONNRESET',
        figures: { attempts: 3 },
      },
      { level: 'warn', event: 'other' },
      { level: 'info', event: 'other' },
    ]);
    // The log itself is as it was.
    expect(inner.lines).toHaveLength(4);
  });

  it('know nearly every event that the engine logs', () => {
    const engine = join(import.meta.dirname, '..');
    const logged = new Set<string>();
    for (const name of readdirSync(engine, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const source = readFileSync(join(engine, name), 'utf8');
      for (const [, event = ''] of source.matchAll(/logger\.(?:info|warn|error)\(\s*'([^'\n]+)'/g))
        logged.add(event);
    }
    expect(logged.size).toBeGreaterThan(80);
    const unknown = [...logged].filter((event) => !knownEvents.has(event));
    expect(unknown.length / logged.size).toBeLessThan(0.15);
  });
});
