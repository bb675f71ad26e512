/** The TLS port and the tools of others: DCMTK, OpenSSL, and a client of our own making. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BytePeer, runPeer, toNode, until } from '../support/dicom-peers.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { CertificateKit, dayMs, dcmtkTls, type DeviceFiles, TlsNode } from '../support/tls-node.ts';
import { needs } from '../support/tools.ts';

let kit: CertificateKit;
let node: TlsNode;

beforeEach(async () => {
  kit = new CertificateKit();
  node = await TlsNode.start(kit);
});

afterEach(async () => {
  await node.scp.stop();
  await kit.dispose();
});

const echoTls = (device: DeviceFiles): Promise<{ exitCode: number | null; output: string }> =>
  runPeer('echoscu', ['-v', ...dcmtkTls(device), ...toNode(node.tlsPort)]);

/** A TLS client; resolves when the server has closed, with what the handshake came to. */
async function handshake(options: ConnectionOptions): Promise<{ readonly error: string | undefined }> {
  const socket = tlsConnect({ port: node.tlsPort, host: '127.0.0.1', servername: 'localhost', ...options });
  let error: string | undefined;
  socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code));
  socket.resume();
  if (!socket.destroyed) await once(socket, 'close').catch(() => undefined);
  return { error };
}

async function open(device: DeviceFiles, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tlsConnect({
    port: node.tlsPort,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(device.ca),
    cert: readFileSync(device.cert),
    key: readFileSync(device.key),
    ...options,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

const codes = (): string[] => node.incidents.map(({ code }) => code);

needs('dcmtk')('DCMTK over TLS', () => {
  it.each(['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const)(
    'echoes with a certificate of ours (%s), and the certificate is what the caller is known by',
    async (key) => {
      const device = await kit.device('US1', key);
      const { exitCode, output } = await echoTls(device);
      expect(output).toContain('Received Echo Response (Success)');
      expect(exitCode).toBe(0);
      expect(node.callers).toMatchObject([
        { callingAeTitle: 'MODALITY', channel: { tag: 'tls', certificateSha256: device.sha256 } },
      ]);
      expect(codes()).toEqual([]);
    },
  );

  it('stores images bit for bit', async () => {
    const device = await kit.device('US1');
    await mkdir(kit.path('in'));
    const file = makeDicomFile({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: testUid('tls'),
      seed: 'tls',
      pixelBytes: 700_000,
    });
    await writeFile(join(kit.path('in'), '1.dcm'), file.bytes);
    const { exitCode } = await runPeer('storescu', [
      ...dcmtkTls(device),
      ...toNode(node.tlsPort),
      join(kit.path('in'), '1.dcm'),
    ]);
    expect(exitCode).toBe(0);
    expect(node.intake.stored.map(({ dataset }) => dataset.equals(file.dataset))).toEqual([true]);
  });

  it('is refused without a certificate, with one of somebody else, and without TLS, each told apart', async () => {
    const device = await kit.device('US1');
    const anonymous = await runPeer('echoscu', ['+tla', '+cf', device.ca, ...toNode(node.tlsPort)]);
    expect(anonymous.exitCode).not.toBe(0);
    const other = new CertificateKit();
    const foreign = await other.device('US1');
    await echoTls({ ...foreign, ca: device.ca });
    await other.dispose();
    const plain = await runPeer('echoscu', ['-v', ...toNode(node.tlsPort)]);
    expect(plain.output).toContain('Peer aborted Association');
    await until(() => codes().length === 3, 'three incidents');
    expect(codes()).toEqual(['tls-certificate-missing', 'tls-certificate-foreign', 'plain-on-tls-port']);
    expect(node.incidents.map(({ detail }) => detail)).toEqual([
      'no certificate shown, from 127.0.0.1',
      'issued by somebody else, from 127.0.0.1',
      'from 127.0.0.1',
    ]);
    expect(node.callers).toEqual([]);
  });

  it('tells staff when the device does not trust this node', async () => {
    const device = await kit.device('US1');
    const other = new CertificateKit();
    const { ca } = await other.device('US1');
    expect((await echoTls({ ...device, ca })).exitCode).not.toBe(0);
    await other.dispose();
    await until(() => codes().length === 1, 'an incident');
    expect(node.incidents).toMatchObject([
      {
        code: 'tls-peer-untrusted',
        detail: 'it does not trust the certificate of this node, from 127.0.0.1',
      },
    ]);
  });

  it('is told that TLS does not belong on the plain port', async () => {
    const device = await kit.device('US1');
    const { exitCode } = await runPeer('echoscu', [...dcmtkTls(device), ...toNode(node.port)]);
    expect(exitCode).not.toBe(0);
    expect(codes()).toEqual(['tls-on-plain-port']);
    expect(node.logger.lines.map(({ event }) => event)).toContain('TLS on the plain port');
  });

  it('is refused with a revoked certificate from the moment of the revocation', async () => {
    const device = await kit.device('US1');
    expect((await echoTls(device)).exitCode).toBe(0);
    await kit.certificates.revoke(device.sha256, 'stolen');
    expect((await echoTls(device)).exitCode).not.toBe(0);
    expect(codes()).toEqual(['tls-certificate-revoked']);
  });
});

describe('the TLS port', () => {
  it('refuses a certificate that has expired', async () => {
    const aged = new CertificateKit();
    aged.clock.shiftMs = -1100 * dayMs;
    const device = await aged.device('OLD', 'ecdsa-p256', 730);
    aged.clock.shiftMs = 0;
    const old = await TlsNode.start(aged);
    try {
      await new Promise<void>((resolve) => {
        const socket = tlsConnect({
          port: old.tlsPort,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: readFileSync(device.ca),
          cert: readFileSync(device.cert),
          key: readFileSync(device.key),
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
      expect(old.incidents).toMatchObject([{ code: 'tls-certificate-expired' }]);
    } finally {
      await old.scp.stop();
      await aged.dispose();
    }
  });

  it('cuts an open connection when its certificate is revoked, and no other', async () => {
    const [lost, kept] = [await kit.device('LOST'), await kit.device('KEPT')];
    const [first, second] = [await open(lost), await open(kept)];
    const closed = once(first, 'close');
    await kit.certificates.revoke(lost.sha256, 'lost');
    await closed;
    expect(node.scp.cutByRevocation).toBe(1);
    expect(second.destroyed).toBe(false);
    second.destroy();
  });

  it('cuts and refuses every certificate of a CA that is revoked, and shows none of them as valid', async () => {
    const device = await kit.device('US1');
    const before = await open(device);
    await until(() => node.logger.lines.some(({ event }) => event === 'tls'), 'a verdict of the server');
    const closed = once(before, 'close');
    const old = kit.certificates.list().find(({ role }) => role === 'issuer');
    await kit.certificates.revoke(old?.sha256 ?? '', 'stolen');
    await closed;
    expect(node.scp.cutByRevocation).toBe(1);
    expect(kit.certificates.list().find(({ sha256 }) => sha256 === device.sha256)?.state).toBe('revoked');
    // The device itself does not know yet: it takes whatever this node shows.
    await handshake({
      cert: readFileSync(device.cert),
      key: readFileSync(device.key),
      rejectUnauthorized: false,
    });
    await until(() => codes().length === 1, 'an incident');
    expect(codes()).toEqual(['tls-certificate-foreign']);
    expect(node.callers).toEqual([]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('shakes hands in %s', async (version) => {
    const socket = await open(await kit.device('US1'), { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getCipher().name).toMatch(/AES_?-?(128|256)[-_]GCM/);
    socket.destroy();
  });

  it('refuses renegotiation in TLS 1.2', async () => {
    const socket = await open(await kit.device('US1'), { maxVersion: 'TLSv1.2' });
    const ended = new Promise((resolve) => socket.once('close', resolve));
    const outcome = await new Promise<unknown>((resolve) => {
      socket.on('error', resolve);
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error));
    });
    expect(outcome).toBeInstanceOf(Error);
    socket.destroy();
    await ended;
  });

  it.each([
    'AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ADH-AES128-GCM-SHA256',
  ])('refuses %s and says that it is too old', async (suite) => {
    const device = await kit.device('US1', 'rsa-2048');
    await handshake({
      cert: readFileSync(device.cert),
      key: readFileSync(device.key),
      ca: readFileSync(device.ca),
      maxVersion: 'TLSv1.2',
      ciphers: `${suite}:@SECLEVEL=0`,
    });
    await until(() => codes().length === 1, 'an incident');
    expect(codes()).toEqual(['tls-too-old']);
  });

  it('shows the renewed certificate to the next caller while an open association goes on', async () => {
    const device = await kit.device('US1');
    const before = await open(device);
    const serial = before.getPeerCertificate().serialNumber;
    await kit.certificates.renew({ tag: 'server' });
    const after = await open(device);
    expect(after.getPeerCertificate().serialNumber).not.toBe(serial);
    expect(after.getPeerCertificate().serialNumber.toLowerCase()).toBe(node.serials()[0]);
    expect(before.destroyed).toBe(false);
    before.write(Buffer.from('0700000000040000000000', 'hex').subarray(0, 10));
    await once(before.resume(), 'close');
    after.destroy();
  });

  it.each([
    ['garbage in a TLS record', Buffer.concat([Buffer.from('1603010200', 'hex'), Buffer.alloc(512, 0x5a)])],
    ['a record that lies about its length', Buffer.from('160301ffff01', 'hex')],
    ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    [
      'an SSL 2 hello',
      Buffer.from('802e0100020015000000100100800200800300800400800500800600400700c0', 'hex'),
    ],
  ])('closes on %s, troubles staff with no more than old TLS, and goes on', async (_what, bytes) => {
    const peer = await BytePeer.connect(node.tlsPort);
    peer.send(bytes);
    await peer.closed();
    expect(codes().filter((code) => code !== 'tls-too-old')).toEqual([]);
    const socket = await open(await kit.device('US1'));
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('lets others in while 200 connections drip bytes of a handshake', async () => {
    const device = await kit.device('US1');
    const peers = await Promise.all(Array.from({ length: 200 }, () => BytePeer.connect(node.tlsPort)));
    for (const peer of peers) peer.send(Buffer.from([0x16]));
    await until(() => peers.filter((peer) => peer.isClosed).length >= 136, 'all but 64 cut');
    const socket = await open(device);
    expect(socket.authorized).toBe(true);
    socket.destroy();
    for (const peer of peers) peer.socket.destroy();
  });
});
