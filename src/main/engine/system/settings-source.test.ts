import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import {
  environmentName,
  loadSettings,
  parseSettings,
  settingPaths,
  withEnvironment,
} from './settings-source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function problem(tree: Record<string, unknown>): EdgeSyncError {
  try {
    parseSettings(tree);
  } catch (error) {
    if (error instanceof EdgeSyncError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

async function loadText(text: string): Promise<unknown> {
  const file = join(folder, 'config.json');
  await writeFile(file, text);
  return loadSettings({ file, missing: 'is-an-error', environment: {} }).catch((error: unknown) => error);
}

describe('the configuration', () => {
  it('has safe defaults: loopback, port 11112, EDGESYNC, keychain', () => {
    const settings = parseSettings({});
    expect(settings.dicom).toMatchObject({ host: '127.0.0.1', port: 11112, aeTitle: 'EDGESYNC' });
    expect(settings.keys.store).toBe('keychain');
  });

  it('refuses an unknown key by its full name and says what is allowed there', () => {
    const error = problem({ dicom: { aeTitel: 'X' } });
    expect(error.code).toBe('config-unknown-key');
    expect(error.message).toContain('"dicom.aeTitel"');
    expect(error.message).toContain('aeTitle');
  });

  it.each([
    ['an AE title of 17 characters', { dicom: { aeTitle: 'A'.repeat(17) } }, 'at most 16 characters'],
    ['an AE title with a backslash', { dicom: { aeTitle: 'A\\B' } }, 'without a backslash'],
    ['a port above 65535', { dicom: { port: 70000 } }, 'at most 65535'],
    ['a key store that does not exist', { keys: { store: 'file' } }, '"keychain", "passphrase"'],
    ['destinations of which none is required', destination({ required: false }), 'at least one destination'],
    ['a container name Azure refuses', destination({ container: 'Edge_Sync' }), 'lower-case'],
  ])('refuses %s and says what is allowed', (_name, tree, said) => {
    const error = problem(tree);
    expect(error.code).toBe('config-bad-value');
    expect(error.message).toContain(said);
  });

  it('takes environment overrides for every key', () => {
    const tree = withEnvironment(
      { dicom: { port: 1 } },
      {
        EDGE_SYNC_DICOM_AE_TITLE: 'FRONTDESK',
        EDGE_SYNC_DICOM_PORT: '104',
        EDGE_SYNC_FOLDERS: '[{"path":"/scans"}]',
      },
    );
    const settings = parseSettings(tree);
    expect(settings.dicom.aeTitle).toBe('FRONTDESK');
    expect(settings.dicom.port).toBe(104);
    expect(settings.folders).toEqual([{ path: '/scans', afterImport: 'keep' }]);
    expect(new Set(settingPaths().map((leaf) => environmentName(leaf.path))).size).toBe(
      settingPaths().length,
    );
  });

  it('leaves secrets and switches with the same prefix alone', () => {
    expect(() =>
      parseSettings(withEnvironment({}, { EDGE_SYNC_SECRET_CLOUD: 'x', EDGE_SYNC_PASSPHRASE: 'y' })),
    ).not.toThrow();
  });

  it('names line and column of broken JSON without repeating its text', async () => {
    const error = await loadText('{\n  "dicom": {,}\n}');
    expect(error).toBeInstanceOf(EdgeSyncError);
    expect((error as EdgeSyncError).code).toBe('config-not-json');
    expect((error as EdgeSyncError).message).toContain('line 2');
    expect((error as EdgeSyncError).message).not.toContain('dicom');
  });

  it('says so when a file that was named does not exist', async () => {
    await expect(
      loadSettings({ file: join(folder, 'absent.json'), missing: 'is-an-error', environment: {} }),
    ).rejects.toMatchObject({ code: 'config-not-readable' });
  });
});

function destination(change: Record<string, unknown>): Record<string, unknown> {
  return { destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync', ...change }] };
}
