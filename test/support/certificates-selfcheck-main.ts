/**
 * Entry for other runtimes: makes certificates and keys of every kind, and shakes hands with them over the TLS door.
 * Prints one JSON line; every value is the same on every runtime. Argument: a scratch folder.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import {
  fits,
  generateKey,
  keyFromPem,
  keyPem,
  publicKeyOf,
} from '../../src/main/engine/certificates/keys.ts';
import { factsOf } from '../../src/main/engine/certificates/pem.ts';
import { encryptedKeyPem, makePkcs12 } from '../../src/main/engine/certificates/pkcs12.ts';
import { readRequest } from '../../src/main/engine/certificates/requests.ts';
import { issueLeaf, loadX509, makeCa } from '../../src/main/engine/certificates/x509.ts';
import { TlsDoor } from '../../src/main/engine/receive/tls-door.ts';
import { tlsConnection } from '../../src/main/engine/send/tls-connection.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';

const [scratch = ''] = process.argv.slice(2);
const passphrase = Secret.fromText('a passphrase of 24 chars');
const clock = new SystemClock();
const dayMs = 86_400_000;
const validity = {
  notBefore: new Date(clock.nowMs() - dayMs),
  notAfter: new Date(clock.nowMs() + 30 * dayMs),
};
const result: Record<string, unknown> = {};

for (const kind of ['ecdsa-p256', 'rsa-2048'] as const) {
  const serial = (): Buffer => randomBytes(20);
  const caKey = await generateKey(kind);
  const ca = await makeCa({
    commonName: `CA ${kind}`,
    organization: 'Test',
    key: caKey,
    validity,
    serial: serial(),
  });
  const key = await generateKey(kind);
  const hosts = ['localhost', '127.0.0.1'];
  const leaf = await issueLeaf(
    { commonName: 'US1', hosts, spki: publicKeyOf(key), validity, serial: serial() },
    { certificatePem: ca, key: caKey },
  );
  const encrypted = await encryptedKeyPem(key, passphrase);
  const p12 = await makePkcs12(
    { friendlyName: 'US1', certificatePem: leaf, chainPem: [ca], key },
    passphrase,
  );
  writeFileSync(join(scratch, `${kind}.p12`), p12.reveal());
  result[kind] = {
    isCa: factsOf(ca).isCa,
    key: factsOf(leaf).keyText,
    signed: new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey),
    encrypted: fits(leaf, keyFromPem(encrypted, passphrase)),
    handshakes: await handshakes({ leaf, ca, key }),
  };
}
result['request'] = await request();
process.stdout.write(`${JSON.stringify({ runtime: process.versions, result })}\n`);

/** One that is let in, one with a key of somebody else's CA. */
async function handshakes(own: { leaf: string; ca: string; key: Secret }): Promise<unknown> {
  const logger = new FakeLogger();
  const opened: string[] = [];
  const incidents: string[] = [];
  const told = Promise.withResolvers<undefined>();
  const door = new TlsDoor({
    trust: {
      identities: () => [{ certificatePem: own.leaf, keyPem: keyPem(own.key) }],
      trusted: () => [own.ca],
      verdict: () => 'trusted',
      onTrustChange: () => () => undefined,
    },
    clock,
    logger,
    reportIncident: ({ code }) => {
      incidents.push(code);
      told.resolve(undefined);
    },
    turns: { connects: () => undefined },
    arrived: () => undefined,
    left: () => undefined,
    opened: (socket, _address, sha256) => {
      opened.push(sha256);
      socket.pipe(socket);
    },
  });
  const server = createServer((socket) => door.connected(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const connect = (certificatePem: string, key: Secret) =>
    tlsConnection(
      {
        trustedPem: [own.ca],
        identities: () => [{ certificatePem, keyPem: keyPem(key) }],
        expected: { tag: 'name' },
      },
      clock,
    )(endpoint, undefined);
  const socket = await connect(own.leaf, own.key);
  if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
  socket.write('hello');
  const [echo] = (await once(socket, 'data')) as [Buffer];
  const spoken = { echo: echo.toString(), protocol: socket.getProtocol(), suite: socket.getCipher().name };
  socket.destroy();
  const foreignKey = await generateKey('ecdsa-p256');
  const foreignCa = await makeCa({
    commonName: 'Foreign',
    organization: 'X',
    key: foreignKey,
    validity,
    serial: randomBytes(20),
  });
  const foreign = await issueLeaf(
    { commonName: 'US1', hosts: [], spki: publicKeyOf(own.key), validity, serial: randomBytes(20) },
    { certificatePem: foreignCa, key: foreignKey },
  );
  const refused = await connect(foreign, own.key).catch(() => undefined);
  refused?.on('error', () => undefined);
  await told.promise;
  refused?.destroy();
  server.close();
  return { ...spoken, opened: opened.length, incidents };
}

async function request(): Promise<unknown> {
  const x509 = await loadX509();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = {
    privateKey: await webcrypto.subtle.importKey(
      'pkcs8',
      createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })).export({
        format: 'der',
        type: 'pkcs8',
      }),
      algorithm,
      false,
      ['sign'],
    ),
    publicKey: await webcrypto.subtle.importKey(
      'spki',
      publicKey.export({ format: 'der', type: 'spki' }),
      algorithm,
      true,
      ['verify'],
    ),
  };
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=MR1',
    keys: keys as never,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'mr1.example' }])],
  });
  const { name, hosts } = await readRequest(made.toString('pem'));
  return { name, hosts };
}
