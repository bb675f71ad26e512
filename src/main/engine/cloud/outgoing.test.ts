import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkSchema, type NetworkSettings } from '../../../shared/network-settings.ts';
import { startConnectProxy, type ConnectProxy } from '../../../../test/support/connect-proxy.ts';
import { startS3Server, type S3Server } from '../../../../test/support/s3-server.ts';
import { needs, programPath } from '../../../../test/support/tools.ts';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import { AzureShareStore } from './azure-share-store.ts';
import { AzureStore } from './azure-store.ts';
import { isBypassed, outgoingFor, type Outgoing } from './outgoing.ts';
import { S3Store } from './s3-store.ts';
import { TunnelAgent } from './tunnel-agent.ts';

const host = 'storage.clinic.example';
let server: S3Server;
let proxy: ConnectProxy;

beforeEach(async () => {
  server = await startS3Server();
  proxy = await startConnectProxy('front desk:p@ss:word', () => server.port);
});
afterEach(async () => {
  await proxy.stop();
  await server.stop();
});

/** Longer than any answer takes on a busy machine. */
const patientMs = 30_000;

function through(port: number, credential: string | undefined): Outgoing {
  const network = networkSchema.parse({ proxy: { mode: 'manual', address: `http://127.0.0.1:${port}` } });
  return outgoingFor(network, credential === undefined ? undefined : Secret.fromText(credential));
}

function store(outgoing: Outgoing, endpoint = `http://${host}`): S3Store {
  return new S3Store({
    settings: {
      bucket: server.bucket,
      prefix: 'archive',
      region: 'auto',
      endpoint,
      addressing: 'path',
      checksum: 'md5',
      createOnly: 'by-service',
    },
    credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
    clock: new SystemClock(),
    outgoing,
  });
}

describe('a proxy', () => {
  it('carries everything to a host that this PC itself cannot find', async () => {
    const one = store(through(proxy.port, 'front desk:p@ss:word'));
    await one.check();
    const bytes = randomBytes(5000);
    const source = {
      sizeBytes: bytes.length,
      async *read() {
        await Promise.resolve();
        yield bytes;
      },
    };
    expect((await one.putIfAbsent('objects/aa/one.cms', source)).tag).toBe('created');
    await one.close();
    expect(server.objects.get('archive/objects/aa/one.cms')?.bytes.equals(bytes)).toBe(true);
    expect(new Set(proxy.seen.map((line) => line.split(' ')[1]))).toEqual(new Set([host]));
  });

  it.each([
    ['a wrong password', 'front desk:wrong'],
    ['no password', undefined],
  ])('that refuses %s is named as what refused, and the password is not shown', async (_name, credential) => {
    const one = store(through(proxy.port, credential));
    const error: unknown = await one.check().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'proxy-refused' });
    expect(String(error)).not.toContain('wrong');
    expect(proxy.refused()).toBeGreaterThan(0);
    await one.close();
  });

  it('that is not there makes the cloud unreachable', async () => {
    const port = proxy.port;
    await proxy.stop();
    const one = store(through(port, undefined));
    await expect(one.check()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    await one.close();
    proxy = await startConnectProxy(undefined, () => server.port);
  });

  it('carries what goes to Azure too, by a tunnel, and its refusal is named', async () => {
    const connectionString = Secret.fromText(
      `DefaultEndpointsProtocol=https;AccountName=clinic;AccountKey=${randomBytes(64).toString('base64')};EndpointSuffix=core.windows.net`,
    );
    const parts = { connectionString, container: 'images', prefix: '', clock: new SystemClock() };
    const refused = new AzureStore({ ...parts, outgoing: through(proxy.port, 'front desk:wrong') });
    await expect(refused.check()).rejects.toMatchObject({ code: 'proxy-refused' });
    await refused.close();
    const carried = new AzureStore({ ...parts, outgoing: through(proxy.port, 'front desk:p@ss:word') });
    // What is behind the tunnel speaks no TLS here: the connection fails, but it was made through the proxy.
    await expect(carried.check()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    await carried.close();
    expect(proxy.seen).toEqual(['CONNECT clinic.blob.core.windows.net:443']);
    const shares = new AzureShareStore({ ...parts, outgoing: through(proxy.port, 'front desk:p@ss:word') });
    await expect(shares.check()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    await expect(shares.allowBrowsers()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    expect(await shares.browserAccess('null')).toBe('unknown');
    await shares.close();
    expect(proxy.seen).toEqual(Array.from({ length: 4 }, () => 'CONNECT clinic.blob.core.windows.net:443'));
  });

  it.each([
    ['takes the connection and never answers', 200, () => undefined, 'ETIMEDOUT'],
    [
      'answers with headers without end',
      patientMs,
      (socket: net.Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const more = (): boolean => !socket.destroyed && socket.write(`x: ${'y'.repeat(9000)}\r\n`);
        for (let line = 0; line < 10; line += 1) more();
      },
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'does not let this PC out',
      patientMs,
      (socket: net.Socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'),
      'EPROXYREFUSED',
    ],
  ])('that %s leaves no socket behind', async (_name, timeoutMs, answer, code) => {
    const sockets = new Set<net.Socket>();
    const odd = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((done) => odd.listen(0, '127.0.0.1', done));
    const address = new URL(`http://127.0.0.1:${(odd.address() as AddressInfo).port}`);
    const agent = new TunnelAgent(address, undefined, undefined, timeoutMs);
    const asked = Array.from({ length: 70 }, () =>
      new Promise((_resolve, reject) => {
        https.get({ host, path: '/', agent }, () => reject(new Error('answered'))).once('error', reject);
      }).catch((error: unknown) => (error as NodeJS.ErrnoException).code),
    );
    expect(new Set(await Promise.all(asked))).toEqual(new Set([code]));
    await expect.poll(() => sockets.size).toBe(0);
    agent.destroy();
    await new Promise((done) => odd.close(done));
  });

  it('is passed by for this PC and for the hosts that are named', () => {
    for (const name of [
      'localhost',
      '127.0.0.1',
      '[::1]',
      'nas.clinic.example',
      'a.b.office.example',
      'OFFICE.example',
    ]) {
      expect(isBypassed(name, ['NAS.clinic.example', '.office.example']), name).toBe(true);
    }
    for (const name of ['clinic.example', 'xnas.clinic.example', 'myoffice.example', '10.0.0.1']) {
      expect(isBypassed(name, ['nas.clinic.example', '.office.example']), name).toBe(false);
    }
  });

  it.each(['', 'no-colon', ':password', 'x'.repeat(2000)])(
    'is given no odd credential (%#)',
    (credential) => {
      expect(() => through(proxy.port, credential)).toThrow(/credential of the proxy is USER:PASSWORD/);
    },
  );

  it.each([
    { mode: 'manual' },
    { mode: 'manual', address: 'ftp://x:1' },
    { mode: 'manual', address: 'http://user:secret@proxy:3128' },
    { mode: 'manual', address: 'http://proxy:3128/path' },
  ])('is set by a bare address only: %j', (settings) => {
    expect(networkSchema.safeParse({ proxy: settings }).success).toBe(false);
  });
});

needs('openssl')('a tunnel through a proxy', () => {
  let folder: string;
  let cert: string;
  let service: tls.Server;
  let middle: ConnectProxy;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'edge-sync-proxy-'));
    const keyFile = join(folder, 'key.pem');
    const certFile = join(folder, 'cert.pem');
    execFileSync(
      programPath('openssl'),
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
        ...[
          '-subj',
          `/CN=${host}`,
          '-addext',
          `subjectAltName=DNS:${host}`,
          '-keyout',
          keyFile,
          '-out',
          certFile,
        ],
      ],
      { stdio: 'ignore' },
    );
    cert = readFileSync(certFile, 'utf8');
    service = tls.createServer({ key: readFileSync(keyFile), cert }, (socket) => {
      const onward = net.connect(server.port, '127.0.0.1');
      for (const one of [socket, onward]) one.on('error', () => undefined);
      socket.pipe(onward).pipe(socket);
    });
    service.on('tlsClientError', () => undefined);
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
    middle = await startConnectProxy('user:word', () => (service.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await middle.stop();
    await new Promise((done) => service.close(done));
    rmSync(folder, { recursive: true });
  });

  const network = (): NetworkSettings =>
    networkSchema.parse({ proxy: { mode: 'manual', address: `http://127.0.0.1:${middle.port}` } });

  it('carries TLS to the service, and one tunnel many requests', async () => {
    const outgoing = outgoingFor(network(), Secret.fromText('user:word'), [cert]);
    const one = store(outgoing, `https://${host}`);
    await one.check();
    await one.check();
    await one.close();
    expect([...server.objects.keys()]).toEqual(['archive/checks/write']);
    expect(middle.seen).toEqual([`CONNECT ${host}:443`]);
  });

  it('ends at the certificate of the service itself: one that nobody trusts is refused', async () => {
    const one = store(outgoingFor(network(), Secret.fromText('user:word')), `https://${host}`);
    const error: unknown = await one.check().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'cloud-unreachable' });
    expect(String(error)).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    expect(server.requests).toEqual([]);
    await one.close();
  });
});
