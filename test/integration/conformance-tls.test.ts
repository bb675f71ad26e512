/** What docs/conformance-statement.md claims of TLS: every suite and group by itself, on a running receiver. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cell, claimed } from '../support/conformance-page.ts';
import { CertificateKit, type DeviceFiles, TlsNode } from '../support/tls-node.ts';

let kit: CertificateKit;
let node: TlsNode;
let ecdsa: DeviceFiles;
let rsa: DeviceFiles;

beforeAll(async () => {
  kit = new CertificateKit();
  node = await TlsNode.start(kit);
  ecdsa = await kit.device('US1');
  // From the first device with RSA on the node has a certificate of that kind too.
  rsa = await kit.device('US2', 'rsa-2048');
});

afterAll(async () => {
  await node.scp.stop();
  await kit.dispose();
});

function listed(what: string): readonly string[] {
  const row = claimed('tls').find((one) => cell(one, 'What').startsWith(what));
  return cell(row ?? {}, 'Value').split(', ');
}

/** The connection, or the code of what kept it from being made. */
async function handshake(device: DeviceFiles, options: ConnectionOptions): Promise<TLSSocket | string> {
  const socket = connect({
    ...{ port: node.tlsPort, host: '127.0.0.1', servername: 'localhost' },
    ...{ cert: readFileSync(device.cert), key: readFileSync(device.key) },
    ca: [readFileSync(ecdsa.ca), readFileSync(rsa.ca)],
    ...options,
  });
  try {
    await once(socket, 'secureConnect');
    return socket;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** A suite of TLS 1.3 is offered alone, or one of 1.2 with TLS 1.3 left out. */
function only(suite: string): ConnectionOptions {
  return suite.startsWith('TLS_')
    ? { ciphers: suite, minVersion: 'TLSv1.3' }
    : { ciphers: suite, maxVersion: 'TLSv1.2' };
}

describe('TLS as the conformance statement claims it', () => {
  it.each(listed('Cipher suites'))('%s is taken', async (suite) => {
    const socket = await handshake(suite.includes('RSA') ? rsa : ecdsa, only(suite));
    if (typeof socket === 'string') throw new Error(socket);
    expect(socket.getCipher().name).toBe(suite);
    expect(listed('Versions')).toContain(socket.getProtocol()?.replace('v', ' '));
    socket.destroy();
  });

  it.each([
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-AES128-SHA256',
    'AES128-GCM-SHA256',
    'AES256-SHA',
  ])('%s, which is not listed, is not', async (suite) => {
    expect(listed('Cipher suites')).not.toContain(suite);
    expect(await handshake(rsa, only(suite))).toEqual(expect.any(String));
  });

  it.each(listed('Groups'))('a key is agreed on in %s', async (group) => {
    const socket = await handshake(ecdsa, { ecdhCurve: group });
    if (typeof socket === 'string') throw new Error(socket);
    const key = socket.getEphemeralKeyInfo() as { readonly name?: string };
    expect({ X25519: 'X25519', 'P-256': 'prime256v1', 'P-384': 'secp384r1' }[group]).toBe(key.name);
    socket.destroy();
  });

  it('and in no other group', async () => {
    expect(listed('Groups')).not.toContain('P-521');
    expect(await handshake(ecdsa, { ecdhCurve: 'P-521' })).toEqual(expect.any(String));
  });
});
