/** Settings changed while a whole engine runs: real sockets, real files, the real database. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineHost } from '../../src/main/cli/engine-host.ts';
import type { EngineOptions } from '../../src/main/engine/engine.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { loadSettings } from '../../src/main/engine/system/settings-source.ts';
import type { ChangeResult, SettingsReport } from '../../src/shared/contract-settings.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { FakeKeyStore } from '../fakes/fake-key-store.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { call } from '../support/devices.ts';

let dir: string;
let host: EngineHost;
let levels: string[];
const config = (): string => join(dir, 'data', 'config.json');

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-settings-live-'));
  await mkdir(join(dir, 'data'), { recursive: true });
  levels = [];
});
afterEach(async () => {
  await host.stop();
  await rm(dir, { recursive: true, force: true });
});

async function begin(
  tree: Record<string, unknown> = {},
  environment: Record<string, string> = {},
): Promise<{ readonly port: number }> {
  await writeFile(config(), JSON.stringify({ dicom: { port: 0 }, disk: { refuseBelowBytes: 0 }, ...tree }));
  const options: EngineOptions & { readonly configFile: string } = {
    dataDir: join(dir, 'data'),
    configFile: config(),
    settings: await loadSettings({ file: config(), missing: 'is-an-error', environment }),
    secrets: new Map(),
    keyStore: new FakeKeyStore(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: new FakeLogger(),
    setLogLevel: (level) => levels.push(level),
  };
  host = await EngineHost.open(options, environment);
  return host.start();
}

const list = (): Promise<SettingsReport> => host.service.settings.list();

async function set(
  values: Readonly<Record<string, unknown>>,
  keep: 'when-it-works' | 'anyway' = 'when-it-works',
): Promise<ChangeResult> {
  const { revision } = await list();
  const changes = Object.entries(values).map(([key, value]) => ({ tag: 'set' as const, key, value }));
  return host.service.settings.change({ revision, changes, keep }, 'web');
}

const valueOf = (report: SettingsReport, key: string) => report.settings.find((one) => one.key === key);
const inFile = async (): Promise<unknown> => JSON.parse(await readFile(config(), 'utf8'));
const echo = async (port: number, calledAe: string): Promise<void> =>
  (await call({ port, calledAe })).release();

describe('a running engine', () => {
  it('is not all safe with settings that are not in force: they are told until they are, or are taken back', async () => {
    await begin();
    const codes = async () => (await host.service.status()).failures.map(({ code }) => code);
    expect(await codes()).not.toContain('restart-waiting');
    const path = join(dir, 'share');
    await mkdir(path);
    expect(await set({ destinations: [{ name: 'nas', kind: 'folder', path }] }, 'anyway')).toMatchObject({
      tag: 'kept',
      waiting: ['destinations'],
    });
    expect(await codes()).toContain('restart-waiting');
    const { revision } = await list();
    expect(await host.service.settings.undo(revision, 'web')).toMatchObject({ tag: 'kept' });
    expect(await codes()).not.toContain('restart-waiting');
  });

  it('answers to a new AE title at once, and lets who is connected finish under the old one', async () => {
    const { port } = await begin();
    const connected = await call({ port, calledAe: 'EDGESYNC' });

    const result = await set({ 'dicom.aeTitle': 'ROOM1' });

    expect(result).toMatchObject({ tag: 'kept', live: ['dicom.aeTitle'], waiting: [] });
    await echo(port, 'ROOM1');
    await expect(echo(port, 'EDGESYNC')).rejects.toMatchObject({ code: 'peer-refused' });
    await connected.release();
    expect((await host.service.status()).listener).toMatchObject({ up: true, port, aeTitle: 'ROOM1' });
  });

  it('listens on a new port at once and no longer on the old one', async () => {
    const { port } = await begin();
    const free = await freePort();
    expect(await set({ 'dicom.port': free })).toMatchObject({ tag: 'kept', live: ['dicom.port'] });
    await echo(free, 'EDGESYNC');
    await expect(echo(port, 'EDGESYNC')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('keeps neither a port that is taken nor an address that is not of this PC, and goes on as before', async () => {
    const { port } = await begin();
    const before = await readFile(config(), 'utf8');
    const other = createServer();
    const taken = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    try {
      expect(await set({ 'dicom.port': taken })).toMatchObject({
        tag: 'refused',
        problems: [{ key: 'dicom.port', kind: 'trial', report: { code: 'port-taken' } }],
      });
      // Wanted all the same it cannot be either: somebody else has it.
      expect(await set({ 'dicom.port': taken }, 'anyway')).toMatchObject({
        tag: 'refused',
        problems: [{ report: { code: 'port-taken' } }],
      });
      expect(await set({ 'dicom.host': '192.0.2.77' })).toMatchObject({
        tag: 'refused',
        problems: [{ key: 'dicom.host', report: { code: 'address-missing' } }],
      });
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    await echo(port, 'EDGESYNC');
    expect(await readFile(config(), 'utf8')).toBe(before);
  });

  it('watches a new folder at once and leaves the old one', async () => {
    const [first, second] = [join(dir, 'first'), join(dir, 'second')];
    await Promise.all([mkdir(first), mkdir(second)]);
    await begin({ folders: [{ path: first }] });
    expect(await set({ folders: [{ path: second }] })).toMatchObject({ tag: 'kept', live: ['folders'] });
    await writeFile(join(second, 'image.dcm'), makeDicomFile().bytes);
    await expect.poll(async () => (await host.service.status()).counts.received, { timeout: 30_000 }).toBe(1);
  });

  it('keeps no folder that is not there unless it is wanted all the same', async () => {
    await begin();
    const folders = [{ path: join(dir, 'not-there') }];
    const refused = await set({ folders });
    expect(refused).toMatchObject({
      tag: 'refused',
      problems: [{ key: 'folders.0.path', kind: 'trial', report: { code: 'folder-not-reachable' } }],
    });
    expect(JSON.stringify(refused)).not.toContain('not-there');
    expect(await set({ folders }, 'anyway')).toMatchObject({ tag: 'kept' });
  });

  it('takes over times of day, level of the log, retention and pacing without a restart', async () => {
    await begin();
    const result = await set({
      'upload.windows': [{ from: '00:00', to: '00:01', days: ['sun'] }],
      'upload.concurrency': 2,
      'log.level': 'debug',
      'disk.keepVerifiedDays': 7,
      'status.pendingMaxMinutes': 90,
    });
    expect(result).toMatchObject({ tag: 'kept', waiting: [] });
    expect(host.service.uploads.state().hold).toBe('window');
    expect(levels).toEqual(['debug']);
    await set({ 'upload.windows': [] });
    expect(host.service.uploads.state().hold).toBe('none');
  });

  it('keeps what needs a restart, says what waits, and goes by it after the restart', async () => {
    const { port } = await begin();
    await mkdir(join(dir, 'attic'));
    const destinations = [{ name: 'attic', kind: 'folder', path: join(dir, 'attic') }];
    expect(await set({ destinations })).toMatchObject({ tag: 'kept', live: [], waiting: ['destinations'] });
    const waiting = await list();
    expect(waiting).toMatchObject({ waiting: ['destinations'], restart: 'here' });
    expect(valueOf(waiting, 'destinations')?.inForce).toEqual({ value: [] });

    host.service.settings.restart('web');

    await expect
      .poll(async () => (await host.service.status().catch(() => undefined))?.destinations.length, {
        timeout: 20_000,
      })
      .toBe(1);
    expect((await list()).waiting).toEqual([]);
    await expect
      .poll(
        () =>
          echo(port, 'EDGESYNC').then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 20_000 },
      )
      .toBe('up');
  });

  it('warns before a destination goes that images wait for, and is not green when it goes all the same', async () => {
    await mkdir(join(dir, 'attic'));
    await mkdir(join(dir, 'inbox'));
    const attic = { name: 'attic', kind: 'folder', path: join(dir, 'attic') };
    await begin({
      destinations: [
        { name: 'far', kind: 'folder', path: join(dir, 'not-there') },
        { ...attic, required: false },
      ],
      folders: [{ path: join(dir, 'inbox') }],
    });
    await writeFile(join(dir, 'inbox', 'image.dcm'), makeDicomFile().bytes);
    await expect.poll(async () => (await host.service.status()).counts.received, { timeout: 30_000 }).toBe(1);

    const refused = await set({ destinations: [attic] });

    expect(refused).toMatchObject({
      tag: 'refused',
      problems: [{ key: 'destinations', kind: 'trial', report: { code: 'destination-still-needed' } }],
    });
    expect(await set({ destinations: [attic] }, 'anyway')).toMatchObject({ tag: 'kept' });
    host.service.settings.restart('web');
    const codes = async () =>
      (await host.service.status().catch(() => undefined))?.failures.map(({ code }): string => code);
    await expect.poll(codes, { timeout: 20_000 }).toContain('destination-dropped');
    expect((await host.service.status()).safe).toBe(false);
  });

  it('tells the port that it listens on when new ones could not be had', async () => {
    const { port } = await begin();
    const other = createServer();
    const taken = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    try {
      const wanted = { 'dicom.port': await freePort(), 'dicom.tls.enabled': true, 'dicom.tls.port': taken };
      expect(await set(wanted, 'anyway')).toMatchObject({ tag: 'refused' });
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    expect((await host.service.status()).listener).toMatchObject({ up: true, port });
    await echo(port, 'EDGESYNC');
  });

  it('loses nothing that it answered with Success while it begins anew under a device that sends', async () => {
    const { port } = await begin();
    const paths = await Promise.all(
      Array.from({ length: 120 }, async (_, index) => {
        const name = `restart ${index}`;
        const path = join(dir, `${index}.dcm`);
        const image = makeDicomFile({ sopInstanceUid: testUid(name), pixelBytes: 200_000, seed: name });
        await writeFile(path, image.bytes);
        return path;
      }),
    );
    const peer = { host: '127.0.0.1', port, calledAe: 'EDGESYNC', callingAe: 'MODALITY' };
    const clock = new SystemClock();
    const sent = new Set<string>();
    const sending = (async () => {
      // A device tries again what it got no answer for.
      for (let round = 0; round < 60 && sent.size < paths.length; round += 1) {
        const left = paths.filter((path) => !sent.has(path));
        const { results } = await sendFiles({ paths: left, peer, clock }).catch(() => ({ results: [] }));
        for (const one of results) if (one.tag === 'sent') sent.add(one.path);
        if (sent.size < paths.length) await clock.sleep(200);
      }
    })();
    await expect
      .poll(async () => (await host.service.status()).counts.received, { timeout: 20_000 })
      .toBeGreaterThan(2);
    expect((await host.service.status()).counts.received).toBeLessThan(paths.length);
    host.service.settings.restart('web');
    await sending;
    expect(sent.size).toBe(paths.length);
    const received = async () => (await host.service.status().catch(() => undefined))?.counts.received;
    await expect.poll(received, { timeout: 20_000 }).toBe(paths.length);
  });

  it('tries a destination before it is kept', async () => {
    await begin();
    const path = join(dir, 'locked');
    await writeFile(path, 'a file, no folder');
    expect(await set({ destinations: [{ name: 'attic', kind: 'folder', path }] })).toMatchObject({
      tag: 'refused',
      problems: [{ key: 'destinations.0', kind: 'trial' }],
    });
  });

  it('moves no keys by a setting', async () => {
    await begin();
    expect(await set({ 'keys.store': 'passphrase' }, 'anyway')).toMatchObject({
      tag: 'refused',
      problems: [{ key: 'keys.store', kind: 'not-allowed', report: { code: 'keys-store-in-use' } }],
    });
  });
});

describe('the file', () => {
  it('keeps what waits in it for a restart when set-up adds a storage', async () => {
    await begin();
    const folder = (name: string) => ({ name, kind: 'folder' as const, path: join(dir, name) });
    await Promise.all([mkdir(join(dir, 'attic')), mkdir(join(dir, 'cellar'))]);
    expect(await set({ destinations: [folder('attic')] })).toMatchObject({ waiting: ['destinations'] });

    await host.service.setup.saveDestination(
      {
        destination: { ...folder('cellar'), prefix: '', required: true },
        credential: null,
        despite: 'test-not-passed',
      },
      'web',
    );

    expect(await inFile()).toMatchObject({ destinations: [{ name: 'attic' }, { name: 'cellar' }] });
    expect((await host.service.status()).destinations.map(({ name }) => name)).toEqual(['attic', 'cellar']);
  });

  it('is written by one at a time: set-up and settings at once lose nothing of what was told as kept', async () => {
    await begin();
    const { revision } = await list();
    const connected = await call({ port: (await host.service.status()).listener.port, calledAe: 'EDGESYNC' });
    const listening = host.service.setup.listen({ aeTitle: 'ROOM2' }, 'web');
    const kept = host.service.settings.change(
      { revision, changes: [{ tag: 'set', key: 'disk.keepVerifiedDays', value: 3 }], keep: 'when-it-works' },
      'web',
    );
    await expect(kept).rejects.toMatchObject({ code: 'engine-reloading' });
    await connected.release();
    await listening;
    expect(await inFile()).toMatchObject({ dicom: { aeTitle: 'ROOM2' } });
    expect(await set({ 'disk.keepVerifiedDays': 3 })).toMatchObject({ tag: 'kept' });
    expect(await inFile()).toMatchObject({ dicom: { aeTitle: 'ROOM2' }, disk: { keepVerifiedDays: 3 } });
  });

  it('that is being changed when the end comes leaves no engine behind', async () => {
    const { port } = await begin();
    const changing = host.service.setup.listen({ aeTitle: 'ROOM2' }, 'web');
    await host.stop();
    await changing;
    await expect(echo(port, 'ROOM2')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is taken back whole by undo, and brought back by another', async () => {
    const { port } = await begin();
    const before = await readFile(config(), 'utf8');
    await set({ 'dicom.aeTitle': 'ROOM1', 'disk.keepVerifiedDays': 3 });
    const { undo, revision } = await list();
    expect(undo?.keys).toEqual(['dicom.aeTitle', 'disk.keepVerifiedDays']);

    await host.service.settings.undo(revision, 'web');

    expect(await readFile(config(), 'utf8')).toBe(before);
    await echo(port, 'EDGESYNC');
    await host.service.settings.undo((await list()).revision, 'web');
    expect(await inFile()).toMatchObject({ dicom: { aeTitle: 'ROOM1' }, disk: { keepVerifiedDays: 3 } });
    await echo(port, 'ROOM1');
  });

  it('that was edited elsewhere is not overwritten, and somebody chooses', async () => {
    const { port } = await begin();
    await list();
    await writeFile(
      config(),
      JSON.stringify({ dicom: { port: 0, aeTitle: 'BYHAND' }, disk: { refuseBelowBytes: 0 } }),
    );
    const seen = await list();
    expect(seen.outside?.problem).toBeNull();
    expect(valueOf(seen, 'dicom.aeTitle')?.value).toBe('EDGESYNC');
    await expect(set({ 'disk.keepVerifiedDays': 3 })).rejects.toMatchObject({
      code: 'config-changed-outside',
    });
    expect(await inFile()).toMatchObject({ dicom: { aeTitle: 'BYHAND' } });

    await host.service.settings.outside(seen.outside?.revision ?? '', 'use-file', 'web');

    await echo(port, 'BYHAND');
    expect((await list()).outside).toBeNull();
    const { undo, revision } = await list();
    expect(undo?.keys).toEqual(['dicom.aeTitle']);
    await host.service.settings.undo(revision, 'web');
    await echo(port, 'EDGESYNC');
  });

  it('that was broken elsewhere is named as such and can be put back', async () => {
    await begin();
    await list();
    const before = await readFile(config(), 'utf8');
    await writeFile(config(), '{ "dicom": ');
    const { outside } = await list();
    expect(outside?.problem?.code).toBe('config-not-json');
    const { service } = host;
    await expect(service.settings.outside(outside?.revision ?? '', 'use-file', 'web')).rejects.toMatchObject({
      code: 'config-not-json',
    });
    await service.settings.outside(outside?.revision ?? '', 'put-back', 'web');
    expect(await readFile(config(), 'utf8')).toBe(before);
    expect((await list()).outside).toBeNull();
  });

  it('two who change at once: the second is told, and nothing of the first is lost', async () => {
    await begin();
    const { revision } = await list();
    const change = (key: string, value: unknown) =>
      host.service.settings.change(
        { revision, changes: [{ tag: 'set', key, value }], keep: 'when-it-works' },
        'web',
      );
    const [first, second] = await Promise.allSettled([
      change('disk.keepVerifiedDays', 3),
      change('log.level', 'warn'),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'config-changed-outside' } });
    expect(await inFile()).toMatchObject({ disk: { keepVerifiedDays: 3 } });
  });

  it('keeps single settings that the environment gives read-only, with the variable named', async () => {
    await begin({}, { EDGE_SYNC_DICOM_AE_TITLE: 'FROMENV' });
    expect(valueOf(await list(), 'dicom.aeTitle')).toMatchObject({
      value: 'FROMENV',
      source: 'environment',
      variable: 'EDGE_SYNC_DICOM_AE_TITLE',
    });
    const refused = await set({ 'dicom.aeTitle': 'OTHER' });
    expect(refused).toMatchObject({
      tag: 'refused',
      problems: [{ report: { code: 'settings-by-environment' } }],
    });
    expect(JSON.stringify(refused)).toContain('EDGE_SYNC_DICOM_AE_TITLE');
  });

  it('that cannot be written leaves the engine as it was', async () => {
    const { port } = await begin();
    const { revision } = await list();
    await rm(config());
    await mkdir(config());
    const changes = [{ tag: 'set' as const, key: 'dicom.aeTitle', value: 'ROOM1' }];
    await expect(
      host.service.settings.change({ revision, changes, keep: 'when-it-works' }, 'web'),
    ).rejects.toBeInstanceOf(EdgeSyncError);
    await echo(port, 'EDGESYNC');
  });
});

describe('what is asked for', () => {
  it.each([
    ['an unknown key', 'dicom.aeTitel', 'X', 'config-unknown-key'],
    ['a key of the language', '__proto__.polluted', 'X', 'config-unknown-key'],
    ['a group', 'dicom', { aeTitle: 'X' }, 'config-unknown-key'],
    ['an AE title of 17 characters', 'dicom.aeTitle', 'A'.repeat(17), 'config-bad-value'],
    ['another type', 'dicom.port', '11112', 'config-bad-value'],
    ['a number that is none', 'dicom.port', 1.5, 'config-bad-value'],
    ['a value of a megabyte', 'dicom.host', 'x'.repeat(1024 * 1024), 'config-bad-value'],
    [
      'ten thousand folders',
      'folders',
      Array.from({ length: 10_000 }, () => ({ path: '/x'.repeat(20) })),
      'config-bad-value',
    ],
    ['nothing', 'dicom.aeTitle', null, 'config-bad-value'],
    ['all interfaces', 'dicom.host', '0.0.0.0', 'config-bad-value'],
  ])('is refused with the key and the reason: %s', async (_name, key, value, code) => {
    await begin();
    const before = await readFile(config(), 'utf8');
    const result = await set({ [key]: value });
    expect(result).toMatchObject({ tag: 'refused', problems: [{ report: { code } }] });
    expect(JSON.stringify(result).length).toBeLessThan(10_000);
    expect(await readFile(config(), 'utf8')).toBe(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is all or nothing', async () => {
    await begin();
    expect(await set({ 'disk.keepVerifiedDays': 3, 'dicom.port': -1 })).toMatchObject({ tag: 'refused' });
    expect(valueOf(await list(), 'disk.keepVerifiedDays')).toMatchObject({ value: 30, source: 'default' });
  });

  it('goes back to the default without leaving anything in the file', async () => {
    await begin({ log: { level: 'warn' } });
    const { revision } = await list();
    await host.service.settings.change(
      { revision, changes: [{ tag: 'unset', key: 'log.level' }], keep: 'when-it-works' },
      'web',
    );
    expect(await inFile()).not.toHaveProperty('log');
    expect(levels).toEqual(['info']);
  });
});

describe('credentials', () => {
  it('are told as set or not, never as they are, and can be forgotten', async () => {
    await begin();
    const canary = 'canary-4711-credential';
    await set({ 'network.proxy.address': 'http://127.0.0.1:9' }, 'anyway');
    await set({ 'network.proxy.mode': 'manual' }, 'anyway');
    expect((await list()).secrets).toMatchObject([{ name: 'proxy', state: 'not-set' }]);
    await host.service.secrets.store('proxy', canary, 'web');
    const told = await list();
    expect(told.secrets).toMatchObject([{ name: 'proxy', state: 'set' }]);
    expect(JSON.stringify(told)).not.toContain(canary);
    expect(await readFile(config(), 'utf8')).not.toContain(canary);
    await host.service.settings.forgetSecret('proxy', 'web');
    expect((await list()).secrets).toMatchObject([{ name: 'proxy', state: 'not-set' }]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}
