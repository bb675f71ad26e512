/** Our sender over TLS, to a node of others: storage commitment answers and `echo`, `send` go this way. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { echo } from '../../src/main/engine/send/echo.ts';
import { type ExpectedPeer, tlsConnection } from '../../src/main/engine/send/tls-connection.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { startStorescp } from '../support/dicom-peers.ts';
import { CertificateKit, type DeviceFiles } from '../support/tls-node.ts';
import { needs } from '../support/tools.ts';

let kit: CertificateKit;
let device: DeviceFiles;

beforeEach(async () => {
  kit = new CertificateKit();
  await kit.certificates.start();
  await mkdir(kit.path('out'));
});
afterEach(() => kit.dispose());

const clock = new SystemClock();

/** As an installation calls a device: with its own certificate, expecting the one of the pairing. */
function callDevice(
  port: number,
  expected: ExpectedPeer,
  trustedPem = kit.certificates.trusted(),
): Promise<unknown> {
  const client = {
    trustedPem,
    identities: () => kit.certificates.identities(),
    expected,
    isRevoked: kit.certificates.isRevoked.bind(kit.certificates),
  };
  const peer = { host: '127.0.0.1', port, callingAe: 'EDGESYNC', calledAe: 'US1' };
  return echo({ ...peer, clock, openConnection: tlsConnection(client, clock) });
}

needs('dcmtk')('calling a device over TLS', () => {
  it.each(['ecdsa-p256', 'rsa-2048'] as const)(
    'reaches the one that holds the paired certificate (%s), and no other',
    async (key) => {
      device = await kit.device('US1', key);
      const storescp = await startStorescp(kit.path('out'), [
        '+tls',
        device.key,
        device.cert,
        '+cf',
        device.ca,
      ]);
      try {
        await callDevice(storescp.port, { tag: 'fingerprint', sha256: [device.sha256] });
        const other = callDevice(storescp.port, { tag: 'fingerprint', sha256: ['0'.repeat(64)] });
        await expect(other).rejects.toMatchObject({ code: 'tls-peer-untrusted' });
        // Its certificate names no address, so the name alone does not do.
        await expect(callDevice(storescp.port, { tag: 'name' })).rejects.toMatchObject({
          code: 'tls-peer-untrusted',
        });
        await kit.certificates.revoke(device.sha256, 'lost');
        await expect(
          callDevice(storescp.port, { tag: 'fingerprint', sha256: [device.sha256] }),
        ).rejects.toMatchObject({ code: 'tls-peer-untrusted' });
      } finally {
        await storescp.stop();
      }
    },
  );

  it('does not trust another CA, and says when the node speaks no TLS', async () => {
    device = await kit.device('US1');
    const expected = { tag: 'fingerprint', sha256: [device.sha256] } as const;
    const secure = await startStorescp(kit.path('out'), ['+tls', device.key, device.cert, '+cf', device.ca]);
    const stranger = new CertificateKit();
    const { ca } = await stranger.device('X');
    await expect(callDevice(secure.port, expected, [readFileSync(ca, 'utf8')])).rejects.toMatchObject({
      code: 'tls-peer-untrusted',
    });
    await stranger.dispose();
    await secure.stop();
    await expect(callDevice(secure.port, expected)).rejects.toMatchObject({ code: 'peer-unreachable' });
    const plain = await startStorescp(kit.path('out'), []);
    await expect(callDevice(plain.port, expected)).rejects.toMatchObject({
      code: expect.stringMatching(/^peer-(refused|unreachable)$/) as string,
    });
    await plain.stop();
  });
});
