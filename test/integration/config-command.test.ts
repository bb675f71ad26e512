/** `edge-sync config` as an administrator types it, with and without a running engine. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SettingsReport } from '../../src/shared/contract-settings.ts';
import { settingFacts } from '../../src/shared/settings-facts.ts';
import { call } from '../support/devices.ts';
import { TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;

beforeEach(async () => {
  installation = await TestInstallation.create({ config: { dicom: { port: 0 } } });
});
afterEach(() => installation.dispose());

const config = (...args: readonly string[]) => installation.command(['config', ...args]);
const list = async (): Promise<SettingsReport> =>
  JSON.parse((await config('list', '--json')).out) as SettingsReport;
const inFile = async (): Promise<unknown> => JSON.parse(await readFile(installation.configFile, 'utf8'));

it(
  'without an engine the file is changed, and what is not allowed is said with the key',
  { timeout: 120_000 },
  async () => {
    const set = await config('set', 'dicom.aeTitle', 'FRONTDESK');
    expect(set).toMatchObject({
      code: 0,
      out: 'dicom.aeTitle is set. The engine uses it from its next start.\n',
    });
    expect(await inFile()).toMatchObject({ dicom: { port: 0, aeTitle: 'FRONTDESK' } });

    const bad: readonly (readonly [args: readonly string[], code: string, says: string])[] = [
      [['set', 'dicom.aeTitle', 'A'.repeat(17)], 'config-bad-value', 'at most 16 characters'],
      [['set', 'dicom.aeTitel', 'X'], 'config-unknown-key', 'dicom.aeTitle'],
      [['set', 'dicom.host', '192.0.2.9'], 'address-missing', '--anyway'],
      [['set', 'folders', '[{"path":"/nowhere/at/all"}]'], 'folder-not-reachable', '--anyway'],
      [['set', 'destinations', '[{"name":"a","kind":"cloud"}]'], 'config-bad-value', '"azure"'],
      [['unset', 'nothing'], 'config-unknown-key', 'settings are'],
    ];
    const before = await inFile();
    for (const [args, code, says] of bad) {
      const refused = await config(...args);
      expect(refused.code, args.join(' ')).not.toBe(0);
      expect(refused.err).toContain(`[${code}]`);
      expect(refused.err).toContain(says);
    }
    expect(await inFile()).toEqual(before);

    const asJson = await config('set', 'dicom.port', '-1', '--json');
    expect(asJson.code).toBe(64);
    expect(JSON.parse(asJson.out)).toMatchObject({ tag: 'refused', problems: [{ key: 'dicom.port' }] });

    expect((await config('undo')).out).toContain('Taken back: dicom.aeTitle');
    expect((await config('get', 'dicom.aeTitle')).out).toBe('EDGESYNC\n');
    expect((await config('set', 'dicom.host', '192.0.2.9', '--anyway')).code).toBe(0);
    expect((await config('unset', 'dicom.host')).code).toBe(0);
    expect((await inFile()) as { dicom: unknown }).toHaveProperty('dicom', { port: 0 });
    expect((await list()).settings.map(({ key }) => key)).toEqual(settingFacts().map(({ key }) => key));
  },
);

it(
  'with an engine that runs, a change counts at once, and a file edited by hand is a choice',
  { timeout: 120_000 },
  async () => {
    const engine = await installation.serve();
    const { port } = engine.ready.dicom;
    expect((await config('set', 'dicom.aeTitle', 'ROOM1')).out).toBe(
      'dicom.aeTitle is set. It counts now.\n',
    );
    await (await call({ port, calledAe: 'ROOM1' })).release();

    await mkdir(join(installation.dir, 'attic'));
    const destinations = JSON.stringify([
      { name: 'attic', kind: 'folder', path: join(installation.dir, 'attic') },
    ]);
    expect((await config('set', 'destinations', destinations)).out).toContain('edge-sync config restart');
    expect((await list()).waiting).toEqual(['destinations']);
    expect((await config('restart')).code).toBe(0);
    await expect
      .poll(async () => (await list().catch(() => undefined))?.waiting, { timeout: 30_000 })
      .toEqual([]);

    const edited = { ...((await inFile()) as object), log: { level: 'warn' } };
    await writeFile(installation.configFile, JSON.stringify(edited));
    const refused = await config('set', 'dicom.aeTitle', 'ROOM2');
    expect(refused.err).toContain('[config-changed-outside]');
    expect((await config('list')).err).toContain('edge-sync config reload');
    expect((await config('reload')).out).toContain('The file is in use.');
    expect((await config('set', 'dicom.aeTitle', 'ROOM2')).out).toContain('It counts now.');
    expect(await inFile()).toMatchObject({ log: { level: 'warn' }, dicom: { aeTitle: 'ROOM2' } });
    expect(await engine.stop()).toBe(0);
  },
);
