/** The app's engine may run on Electron's Node, whose crypto library (BoringSSL) is not Node's: certificates work there too. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronRig, needs, programPath } from '../support/tools.ts';

const run = promisify(execFile);

interface Printed {
  readonly runtime: Readonly<Record<string, string>>;
  readonly result: Readonly<Record<string, unknown>>;
}

needs(
  'electron-rig',
  'unzip',
  'openssl',
)('certificates on Electron’s Node (BoringSSL)', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-sync-runtime-'));
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: resolve(import.meta.dirname, '../support/certificates-selfcheck-main.ts'),
        outDir: folder,
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'selfcheck.mjs' } },
      },
    });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function selfcheckOn(program: string, name: string): Promise<Printed> {
    const scratch = join(folder, name);
    await mkdir(scratch);
    const { stdout } = await run(program, [join(folder, 'selfcheck.mjs'), scratch], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      // Ends the child too, which the test's own timeout would leave behind.
      timeout: 50_000,
    });
    return JSON.parse(stdout) as Printed;
  }

  it('are made, read and shown as on Node', async () => {
    const onNode = await selfcheckOn(process.execPath, 'node');
    const onElectron = await selfcheckOn(join(electronRig(), 'electron'), 'electron');
    expect(onElectron.runtime['electron']).toBeDefined();
    expect(onElectron.result).toEqual(onNode.result);
    expect(onNode.result).toMatchObject({
      'ecdsa-p256': {
        handshakes: {
          echo: 'hello',
          protocol: 'TLSv1.3',
          suite: 'TLS_AES_128_GCM_SHA256',
          opened: 1,
          incidents: ['tls-certificate-foreign'],
        },
      },
      request: { name: 'MR1', hosts: ['mr1.example'] },
    });
    for (const kind of ['ecdsa-p256', 'rsa-2048']) {
      const file = join(folder, 'electron', `${kind}.p12`);
      execFileSync(programPath('openssl'), [
        ...['pkcs12', '-in', file, '-passin', 'pass:a passphrase of 24 chars', '-noout'],
      ]);
    }
  });
});
