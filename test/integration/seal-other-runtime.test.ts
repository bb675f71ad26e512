/**
 * The app's engine may run on Electron's Node, whose crypto library (BoringSSL) is not Node's. The same bundle runs on
 * both and must give the same values.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { vectorFolder } from '../support/cms-vectors.ts';
import type { SelfcheckResult } from '../support/seal-selfcheck.ts';
import { needs } from '../support/tools.ts';

const install = resolve(import.meta.dirname, '../../../shared/electron-runtime/install.sh');
const run = promisify(execFile);

interface Printed {
  readonly runtime: Readonly<Record<string, string>>;
  readonly result: SelfcheckResult;
}

needs('electron-rig', 'unzip')('sealing on Electron’s Node (BoringSSL)', () => {
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-runtime-'));
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: resolve(import.meta.dirname, '../support/seal-selfcheck-main.ts'),
        outDir: folder,
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'selfcheck.mjs' } },
      },
    });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    bundle = join(folder, 'selfcheck.mjs');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function selfcheckOn(program: string, name: string): Promise<Printed> {
    const scratch = join(folder, name);
    await mkdir(scratch);
    const { stdout } = await run(program, [bundle, vectorFolder, scratch], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      // Ends the child too, which the test's own timeout would leave behind.
      timeout: 50_000,
    });
    return JSON.parse(stdout) as Printed;
  }

  it('gives the same outcomes, bytes, names and keys as Node', async () => {
    const electron = join(execFileSync(install).toString().trim(), 'electron');
    const [onNode, onElectron] = [
      await selfcheckOn(process.execPath, 'node'),
      await selfcheckOn(electron, 'electron'),
    ];
    expect(onElectron.runtime['electron']).toBeDefined();
    expect(onElectron.runtime['openssl']).toContain('0.0.0');
    expect(onElectron.result).toEqual(onNode.result);
    expect(onNode.result.outcomes['example.cms']).toEqual(['ok', 'ok']);
  });
});
