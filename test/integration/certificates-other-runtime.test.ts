/** The app's engine may run on Electron's Node, whose crypto library (BoringSSL) is not Node's: certificates work there too. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BothRuntimes } from '../support/both-runtimes.ts';
import { needs, programPath } from '../support/tools.ts';

needs(
  'electron-rig',
  'unzip',
  'openssl',
)('certificates on Electron’s Node (BoringSSL)', () => {
  let runtimes: BothRuntimes<Readonly<Record<string, unknown>>>;

  beforeAll(async () => {
    runtimes = await BothRuntimes.bundle('certificates-selfcheck-main.ts');
  });
  afterAll(() => runtimes.dispose());

  it('are made, read and shown as on Node', async () => {
    const { onNode, onElectron } = await runtimes.run();
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
      const file = runtimes.electronFile(`${kind}.p12`);
      execFileSync(programPath('openssl'), [
        ...['pkcs12', '-in', file, '-passin', 'pass:a passphrase of 24 chars', '-noout'],
      ]);
    }
  });
});
