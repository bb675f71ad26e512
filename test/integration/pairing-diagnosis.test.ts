/** Devices that are set up wrongly, played by real tools against a real engine: what was seen of each, and what is said. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../src/main/engine/engine.ts';
import type { Clock } from '../../src/main/engine/ports.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { findingText } from '../../src/shared/diagnosis-text.ts';
import type { Finding, PairingState, Visit } from '../../src/shared/pairing.ts';
import { settingsSchema } from '../../src/shared/settings.ts';
import { FakeKeyStore } from '../fakes/fake-key-store.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { ctStorage, plainPairing, privateClass, usStorage } from '../support/devices.ts';
import { associateRq, explicitLe, pdu } from '../support/dicom-bytes.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { BytePeer, freePort, runPeer, startStorescp, toNode } from '../support/dicom-peers.ts';
import { dayMs, ShiftedClock } from '../support/tls-node.ts';
import { needs } from '../support/tools.ts';

const run = promisify(execFile);

let dir: string;
let engine: Engine;
let port: number;
let tlsPort: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-pairing-'));
});
afterEach(async () => {
  await engine.stop();
  await rm(dir, { recursive: true, force: true });
});

/** TLS is on, and nobody gets in unpaired, this PC neither. */
async function start(dicom: Record<string, unknown> = {}, clock: Clock = new SystemClock()): Promise<void> {
  engine = await Engine.open({
    dataDir: join(dir, 'data'),
    settings: settingsSchema.parse({
      dicom: { port: 0, allowLoopback: false, tls: { enabled: true, port: 0 }, ...dicom },
      disk: { refuseBelowBytes: 0 },
    }),
    secrets: new Map(),
    keyStore: new FakeKeyStore(),
    clock,
    random: new SystemRandom(),
    logger: new FakeLogger(),
  });
  const facts = await engine.start();
  port = facts.port;
  tlsPort = facts.tlsPort ?? 0;
}

/** The finding about a device that is there sooner or later, as it is told to whoever watches. */
async function found(code: Finding['code']): Promise<Finding> {
  const state = await stateWhere(({ findings }) => findings.some((one) => one.code === code), code);
  return state.findings.find((one) => one.code === code)!;
}

async function stateWhere(fits: (state: PairingState) => boolean, what: string): Promise<PairingState> {
  const ending = AbortSignal.timeout(15_000);
  let last: PairingState | undefined;
  for await (const state of engine.service.pairing.watch(ending)) {
    last = state;
    if (fits(state)) return state;
  }
  throw new Error(
    `never seen: ${what}; last: ${JSON.stringify(last?.visits)} ${JSON.stringify(last?.findings)}`,
  );
}

const visitWhere = async (fits: (visit: Visit) => boolean, what: string): Promise<Visit> => {
  const { visits } = await stateWhere((state) => state.visits.some(fits), what);
  return visits.find(fits)!;
};

async function pairModality(change: Parameters<typeof plainPairing>[0] = {}): Promise<string> {
  const pairing = plainPairing({ aeTitle: 'MODALITY', addresses: ['127.0.0.1'], ...change });
  return (await engine.service.devices.pair(pairing, 'web')).id;
}

/** An image as a file for DCMTK. */
async function imageFile(change: Parameters<typeof makeDicomFile>[0] = {}): Promise<string> {
  const file = makeDicomFile({
    sopClassUid: ctStorage,
    sopInstanceUid: testUid('pairing'),
    seed: 'pairing',
    ...change,
  });
  const path = join(dir, 'image.dcm');
  await writeFile(path, file.bytes);
  return path;
}

/** A certificate of the site CA, or of somebody else's, with its key and the CA to trust, as files. */
async function deviceFiles(days = 730): Promise<{ cert: string; key: string; ca: string; id: string }> {
  const issued = await engine.service.certificates.issue(
    { name: 'US1', hosts: [], key: 'ecdsa-p256', days, format: { tag: 'pem' } },
    'web',
  );
  if (issued.key.tag !== 'pem') throw new Error(issued.key.tag);
  const files = { cert: join(dir, 'us1.crt'), key: join(dir, 'us1.key'), ca: join(dir, 'us1.ca') };
  await writeFile(files.cert, issued.certificatePem);
  await writeFile(files.key, issued.key.pem);
  await writeFile(files.ca, issued.trustPem);
  return { ...files, id: issued.certificate.sha256 };
}

/** Somebody else's CA and a certificate of it, made with OpenSSL. */
async function foreignFiles(): Promise<{ cert: string; key: string }> {
  const cert = join(dir, 'foreign.crt');
  const key = join(dir, 'foreign.key');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
    ...['-subj', '/CN=Somebody else', '-keyout', key, '-out', cert],
  ]);
  return { cert, key };
}

/** `openssl s_client` against the TLS port; ends by itself once it is refused. */
function sClient(...args: readonly string[]) {
  return runPeer('openssl', ['s_client', '-connect', `127.0.0.1:${tlsPort}`, ...args], { timeoutMs: 20_000 });
}

needs('dcmtk')('a device without TLS', () => {
  it('that asks for another AE title is told ours', async () => {
    await start();
    await runPeer('echoscu', toNode(port, 'ARCHIVE', 'CT1'));
    const finding = await found('other-called-title');
    expect(finding).toMatchObject({ address: '127.0.0.1', aeTitle: 'CT1', tone: 'trouble' });
    const { title, step } = findingText(finding);
    expect(title).toBe('The device asked for “ARCHIVE”, but this PC is called “EDGESYNC”.');
    expect(step).toContain('to EDGESYNC');
  });

  it('that nobody paired appears with what it proposes, and is gone from the list once it is allowed', async () => {
    await start();
    const refused = await runPeer('storescu', [...toNode(port, 'EDGESYNC', 'CT1'), await imageFile()]);
    expect(refused.exitCode).not.toBe(0);
    const state = await stateWhere(({ callers }) => callers.length === 1, 'the caller');
    expect(state.findings.at(-1)).toMatchObject({ code: 'unknown-title', tone: 'decide', aeTitle: 'CT1' });
    const [caller] = state.callers;
    const [visit] = state.visits;
    expect(visit).toMatchObject({
      callingAeTitle: 'CT1',
      calledAeTitle: 'EDGESYNC',
      entrance: 'plain',
      problem: { tag: 'refused', because: 'unknown-title' },
    });
    expect(visit?.software).toMatch(/^OFFIS_DCMTK/);
    const ct = visit?.proposals.find(({ uid }) => uid === ctStorage);
    expect(ct).toMatchObject({ keyword: 'CTImageStorage', answer: 'open' });
    expect(ct?.syntaxes.map(({ keyword }) => keyword)).toContain('ExplicitVRLittleEndian');

    await engine.service.devices.allowCaller(caller!.id, 'CT room', {}, 'web');
    expect((await runPeer('echoscu', toNode(port, 'EDGESYNC', 'CT1'))).exitCode).toBe(0);
    const echoed = await visitWhere(({ echoes }) => echoes === 1, 'the echo');
    expect(echoed).toMatchObject({ problem: null, callingAeTitle: 'CT1' });
    expect(echoed.deviceId).not.toBeNull();
    const after = await stateWhere(({ callers }) => callers.length === 0, 'no caller');
    expect(after.findings.map(({ code }) => code)).toEqual(['loopback-only']);

    expect(
      (await runPeer('storescu', [...toNode(port, 'EDGESYNC', 'CT1'), await imageFile()])).exitCode,
    ).toBe(0);
    await visitWhere(({ images }) => images === 1, 'the image');
  });

  it('that calls from another address than its own is told apart', async () => {
    await start();
    await pairModality({ addresses: ['192.0.2.7'] });
    await runPeer('echoscu', toNode(port));
    expect(await found('other-address')).toMatchObject({
      values: { title: 'MODALITY', address: '127.0.0.1' },
    });
  });

  it('that came to the TLS port is sent to the other one', async () => {
    await start();
    await runPeer('echoscu', ['-ta', '5', ...toNode(tlsPort)]);
    const finding = await found('plain-on-tls-port');
    expect(findingText(finding).step).toContain(String(port));
  });

  it('whose images are of a kind that its pairing leaves out is told which', async () => {
    await start();
    await pairModality({ classes: [usStorage] });
    await runPeer('storescu', ['-R', ...toNode(port), await imageFile()]);
    const finding = await found('no-common-class');
    expect(findingText(finding).title).toContain('CTImageStorage');
  });

  it('that also proposes a private kind is let in, and told of it', async () => {
    await start();
    await pairModality();
    const peer = await BytePeer.connect(port);
    peer.send(
      associateRq({
        callingAe: 'MODALITY',
        contexts: [
          { id: 1, abstractSyntax: ctStorage, transferSyntaxes: [explicitLe] },
          { id: 3, abstractSyntax: privateClass, transferSyntaxes: [explicitLe] },
        ],
      }),
    );
    await peer.pdu(0);
    expect(await found('some-classes-refused')).toMatchObject({
      tone: 'hint',
      values: { kinds: privateClass },
    });
    peer.socket.destroy();
  });

  it('that offers a coding nobody stores is told to send without compression', async () => {
    await start();
    await pairModality();
    const peer = await BytePeer.connect(port);
    peer.send(
      associateRq({
        callingAe: 'MODALITY',
        contexts: [{ id: 1, abstractSyntax: ctStorage, transferSyntaxes: ['1.2.840.10008.1.2.4.94'] }],
      }),
    );
    await peer.pdu(0);
    const { title, step } = findingText(await found('no-common-syntax'));
    expect(title).toContain('1.2.840.10008.1.2.4.94');
    expect(step).toContain('Explicit VR Little Endian');
    peer.socket.destroy();
  });

  it('that sends larger pieces than agreed is told the size to set', async () => {
    await start();
    await pairModality();
    const peer = await BytePeer.connect(port);
    peer.send(associateRq({ callingAe: 'MODALITY' }));
    await peer.pdu(0);
    peer.send(pdu(4, Buffer.alloc(16), 4_000_000));
    expect(findingText(await found('pdu-too-long')).step).toContain('16384');
    peer.socket.destroy();
  });

  it('that allows no room for data in a piece is told so', async () => {
    await start();
    await pairModality();
    const peer = await BytePeer.connect(port);
    peer.send(associateRq({ callingAe: 'MODALITY', user: { maxPduBytes: 4 } }));
    await found('pdu-too-small');
    peer.socket.destroy();
  });

  it('that breaks off by itself is told with the reason that it gave', async () => {
    await start();
    await pairModality();
    await runPeer('echoscu', ['--abort', ...toNode(port)]);
    const finding = await found('aborted-by-device');
    expect(finding.values['reason']).toContain('service-user');
    // It had echoed before.
    expect(finding.tone).toBe('hint');

    const peer = await BytePeer.connect(port);
    peer.send(associateRq({ callingAe: 'MODALITY' }));
    await peer.pdu(0);
    peer.send(pdu(7, Buffer.from([0, 0, 2, 6])));
    const state = await stateWhere(
      ({ findings }) =>
        findings.some(({ values }) => values['reason'] === 'service-provider, invalid-parameter'),
      'the second abort',
    );
    expect(state.findings[0]?.tone).toBe('trouble');
  });

  it('that is no DICOM device at all is told so', async () => {
    await start();
    const peer = await BytePeer.connect(port);
    peer.send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    await found('not-dicom');
    peer.socket.destroy();
  });

  it('puts nothing on the screen that a stranger wrote with control characters', async () => {
    await start();
    const peer = await BytePeer.connect(port);
    peer.send(
      associateRq({
        callingAe: 'EVIL\u001b[2J',
        user: { implementationVersionName: 'X\u0007\u001b[31m' },
        contexts: [{ id: 1, abstractSyntax: 'not a uid\r\n', transferSyntaxes: ['1.2\n3'] }],
      }),
    );
    const { visits } = await stateWhere((state) => state.visits.length > 0, 'the visit');
    // eslint-disable-next-line no-control-regex
    expect(JSON.stringify(visits)).not.toMatch(/\\u00[01]|[\x00-\x1f]|not a uid/);
    expect(visits[0]).toMatchObject({ callingAeTitle: null, proposals: [], software: 'X[31m' });
    peer.socket.destroy();
  });

  it('that calls a hundred times is one line, and a flood of titles stays bounded', async () => {
    await start();
    for (let round = 0; round < 60; round += 1) {
      const peer = await BytePeer.connect(port);
      peer.send(associateRq({ callingAe: `T${round % 40}` }));
      await peer.pdu(0);
      peer.socket.destroy();
    }
    const { visits } = await stateWhere((state) => state.visits.length >= 20, 'the flood');
    expect(visits.length).toBe(20);
    expect((await engine.service.pairing.diagnose()).visits.length).toBe(25);
  });
});

needs('dcmtk', 'openssl')('a device with TLS', () => {
  it('that came to the port without encryption is sent to the other one', async () => {
    await start();
    await runPeer('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], { timeoutMs: 20_000 });
    const state = await stateWhere(({ findings }) => findings.length > 0, 'a finding');
    expect(state.findings.map(({ code }) => code)).toEqual(['loopback-only', 'tls-on-plain-port']);
    expect(findingText(state.findings[1]!).step).toContain(String(tlsPort));
  });

  it('is told that encryption is off where it is', async () => {
    await start({ tls: { enabled: false } });
    await runPeer('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], { timeoutMs: 20_000 });
    await found('tls-on-plain-port-off');
  });

  it('that shows no certificate, or one of somebody else, is told apart', async () => {
    await start();
    await sClient();
    await found('tls-missing');
    const { cert, key } = await foreignFiles();
    await sClient('-cert', cert, '-key', key);
    await found('tls-foreign');
  });

  it('whose certificate has ended, or is not valid yet, is told so', async () => {
    const clock = new ShiftedClock();
    clock.shiftMs = -3 * dayMs;
    await start({}, clock);
    const ended = await deviceFiles(1);
    clock.shiftMs = 0;
    await sClient('-cert', ended.cert, '-key', ended.key);
    await found('tls-expired');
    clock.shiftMs = 3 * dayMs;
    const early = await deviceFiles();
    clock.shiftMs = 0;
    await sClient('-cert', early.cert, '-key', early.key);
    await found('tls-not-yet-valid');
  });

  it('whose certificate was revoked is told so', async () => {
    await start();
    const { cert, key, id } = await deviceFiles();
    await engine.service.certificates.revoke(id, 'lost', 'web');
    await sClient('-cert', cert, '-key', key);
    await found('tls-revoked');
  });

  it('that knows old TLS only is told so', async () => {
    await start();
    const { cert, key } = await deviceFiles();
    await sClient('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0', '-cert', cert, '-key', key);
    await found('tls-too-old');
  });

  it('that does not trust this PC is told which file it lacks', async () => {
    await start();
    const { cert, key } = await deviceFiles();
    const other = await foreignFiles();
    await runPeer('echoscu', ['+tls', key, cert, '+cf', other.cert, ...toNode(tlsPort)]);
    const { code } = await found('tls-distrusts-us').catch(() => found('tls-broken-off'));
    expect(['tls-distrusts-us', 'tls-broken-off']).toContain(code);
  });

  it('appears with its certificate, is allowed, and echoes', async () => {
    await start();
    const { cert, key, ca, id } = await deviceFiles();
    const echo = () =>
      runPeer('echoscu', ['+tls', key, cert, '+cf', ca, ...toNode(tlsPort, 'EDGESYNC', 'US1')]);
    await echo();
    const { callers } = await stateWhere((state) => state.callers.length === 1, 'the caller');
    expect(callers[0]).toMatchObject({ channel: 'tls', certificate: id });
    await engine.service.devices.allowCaller(callers[0]!.id, 'Ultrasound', {}, 'web');
    expect((await echo()).exitCode).toBe(0);
    await visitWhere((visit) => visit.entrance === 'tls' && visit.echoes === 1, 'the echo');
  });
});

needs('dcmtk')('our echo to a device', () => {
  it('is answered by a real node, and says what is wrong where it is not', async () => {
    await start();
    const node = await startStorescp(dir, ['-aet', 'CT1']);
    const target = { host: '127.0.0.1', port: node.port, aeTitle: 'CT1', channel: 'plain' } as const;
    expect((await engine.service.pairing.echo(target, 'web')).roundTripMs).toBeGreaterThan(0);
    await node.stop();
    const gone = { ...target, port: await freePort() };
    await expect(engine.service.pairing.echo(gone, 'web')).rejects.toMatchObject({
      code: 'peer-unreachable',
    });
    // It is a plain port that is asked for TLS.
    const own = { host: '127.0.0.1', port, aeTitle: 'EDGESYNC', channel: 'tls' } as const;
    await expect(engine.service.pairing.echo(own, 'web')).rejects.toMatchObject({ code: /^(peer|tls)-/ });
  });

  it('tells a node that does not know us from one that is not there', async () => {
    await start();
    const self = { host: '127.0.0.1', port, aeTitle: 'EDGESYNC', channel: 'plain' } as const;
    await expect(engine.service.pairing.echo(self, 'web')).rejects.toMatchObject({ code: 'peer-refused' });
  });
});

describe('a look for the reason', () => {
  it('calls both own ports, leaves no visit behind, and says that only this PC can reach them', async () => {
    await start();
    const { selfTests, findings, visits } = await engine.service.pairing.diagnose();
    expect(selfTests).toEqual([
      { entrance: 'plain', host: '127.0.0.1', port, result: 'answers' },
      { entrance: 'tls', host: '127.0.0.1', port: tlsPort, result: 'answers' },
    ]);
    expect(findings.map(({ code }) => code)).toEqual(['loopback-only']);
    expect(visits).toEqual([]);
    const peer = await BytePeer.connect(port);
    peer.socket.end();
    await once(peer.socket, 'close');
    expect((await engine.service.pairing.diagnose()).visits).toEqual([]);
  });
});
