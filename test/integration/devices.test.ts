/** Pairing over the wire: real sockets, the real engine and database, DCMTK beside our own requestor. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../src/main/engine/engine.ts';
import { status } from '../../src/main/engine/dicom/dimse.ts';
import type { Clock } from '../../src/main/engine/ports.ts';
import type { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { settingsSchema } from '../../src/shared/settings.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeKeyStore } from '../fakes/fake-key-store.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { FakeNetworkInterfaces } from '../fakes/fake-network-interfaces.ts';
import {
  call,
  type CallOptions,
  ctStorage,
  plainPairing,
  privateClass,
  tlsPairing,
  usStorage,
  verification,
} from '../support/devices.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { runPeer, toNode, until } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

let dir: string;
let keyStore: FakeKeyStore;
let engine: Engine | undefined;
let port: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-devices-'));
  keyStore = new FakeKeyStore();
});
afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  await rm(dir, { recursive: true, force: true });
});

interface Wishes {
  readonly dicom?: Record<string, unknown>;
  readonly clock?: Clock;
  readonly interfaces?: FakeNetworkInterfaces;
}

/** Every address of this PC counts as somebody else's, unless said otherwise. */
async function start({ dicom = {}, clock = new SystemClock(), interfaces }: Wishes = {}): Promise<Engine> {
  const opened = await Engine.open({
    dataDir: join(dir, 'data'),
    settings: settingsSchema.parse({
      dicom: { port: 0, allowLoopback: false, ...dicom },
      disk: { refuseBelowBytes: 0 },
    }),
    secrets: new Map(),
    keyStore,
    clock,
    random: new SystemRandom(),
    logger: new FakeLogger(),
    ...(interfaces === undefined ? {} : { interfaces }),
  });
  engine = opened;
  ({ port } = await opened.start());
  return opened;
}

async function outcome(options: Omit<CallOptions, 'port'>): Promise<string> {
  try {
    const requestor = await call({ port, ...options });
    const accepted = [...requestor.accepted.keys()];
    await requestor.release();
    return `accepted ${accepted.join(' ')}`.trim();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

/** The C-STORE status. */
async function store(requestor: Requestor, name: string, sopClassUid = ctStorage): Promise<number> {
  const file = makeDicomFile({ sopClassUid, sopInstanceUid: testUid(name), seed: name });
  const answer = await requestor.request(
    1,
    {
      tag: 'c-store-rq',
      messageId: requestor.nextMessageId,
      sopClassUid,
      sopInstanceUid: file.sopInstanceUid,
      priority: 0,
      dataset: 'follows',
    },
    (async function* () {
      yield await Promise.resolve(file.dataset);
    })(),
    undefined,
  );
  if (answer.tag !== 'c-store-rsp') throw new Error(`answered with ${answer.tag}`);
  return answer.status;
}

describe('who may come in', () => {
  it('is who was paired, from where it was paired, while it runs and after a restart', async () => {
    const { service } = await start();
    expect(await outcome({ from: '127.0.0.2' })).toBe('peer-refused');
    const device = await service.devices.pair(plainPairing({ addresses: ['127.0.0.2'] }), 'web');
    expect(await outcome({ from: '127.0.0.2' })).toBe('accepted 1');
    expect(await outcome({ from: '127.0.0.3' })).toBe('peer-refused');
    expect(await outcome({ from: '127.0.0.2', callingAe: 'CT2' })).toBe('peer-refused');
    await engine?.stop();
    const again = await start();
    expect(await outcome({ from: '127.0.0.2' })).toBe('accepted 1');
    await again.service.devices.remove(device.id, 'web');
    expect(await outcome({ from: '127.0.0.2' })).toBe('peer-refused');
  });

  it('is a program on this PC too, as long as these need not be paired', async () => {
    await start({ dicom: { allowLoopback: true } });
    expect(await outcome({ classes: [verification, ctStorage, privateClass] })).toBe('accepted 1 3');
  });

  it('is not a device that is paired for TLS and comes without', async () => {
    const { service } = await start();
    await service.devices.pair(tlsPairing({ aeTitle: 'CT1' }), 'web');
    expect(await outcome({ from: '127.0.0.2' })).toBe('peer-refused');
    await until(() => service.devices.callers().length === 1, 'the caller listed');
    expect(service.devices.callers()).toMatchObject([{ because: 'tls-only', channel: 'plain' }]);
  });

  it('is listed when refused, and let in once somebody allows it; the headline knows both', async () => {
    const { service } = await start();
    const refused = async (): Promise<boolean> =>
      (await service.status()).failures.some(({ code }) => code === 'association-refused');
    await outcome({ from: '127.0.0.2', classes: [ctStorage, privateClass] });
    await until(() => service.devices.callers().length === 1, 'the caller listed');
    const [caller] = service.devices.callers();
    expect(caller).toMatchObject({ callingAeTitle: 'CT1', address: '127.0.0.2', because: 'unknown-title' });
    expect(caller?.classes.map(({ uid }) => uid)).toEqual([ctStorage, privateClass]);
    for (let turn = 0; turn < 200 && !(await refused()); turn += 1) await pause();
    expect(await refused()).toBe(true);
    expect((await service.status()).access).toMatchObject({ waitingCallers: 1 });
    await service.devices.allowCaller(caller!.id, 'CT room', {}, 'web');
    expect(await outcome({ from: '127.0.0.2' })).toBe('accepted 1');
    for (let turn = 0; turn < 200 && (await refused()); turn += 1) await pause();
    expect(await refused()).toBe(false);
    const { access } = await service.status();
    expect(access).toMatchObject({ waitingCallers: 0, devices: [{ name: 'CT room', channel: 'plain' }] });
    expect(access?.devices[0]?.warning?.code).toBe('device-plain');
  });

  it('is told to a window as it happens', async () => {
    const { service } = await start();
    const ending = new AbortController();
    const seen = (async () => {
      for await (const event of service.watch(ending.signal)) {
        const access = event.tag === 'snapshot' ? event.state.status.access : event.status?.access;
        if (access?.waitingCallers === 1) return access.revision;
      }
      return 0;
    })();
    await outcome({ from: '127.0.0.2' });
    expect(await seen).toBeGreaterThan(0);
    ending.abort();
  });
});

needs('dcmtk')('pairing, met by DCMTK', () => {
  it('answers a stranger with "calling AE title not recognised", and a paired device with an echo', async () => {
    const { service } = await start();
    const stranger = await runPeer('echoscu', toNode(port, 'EDGESYNC', 'STRANGER'));
    expect(stranger.output).toContain('Calling AE Title Not Recognized');
    await service.devices.pair(plainPairing({ aeTitle: 'STRANGER', addresses: ['127.0.0.1'] }), 'web');
    expect((await runPeer('echoscu', toNode(port, 'EDGESYNC', 'STRANGER'))).exitCode).toBe(0);
  });

  it('stores what storescu and dcmsend send from a paired device, and only its classes', async () => {
    const { service } = await start();
    const file = join(dir, 'ct.dcm');
    await writeFile(file, makeDicomFile({ sopClassUid: ctStorage }).bytes);
    const device = await service.devices.pair(
      plainPairing({ aeTitle: 'MODALITY', addresses: ['127.0.0.0/24'], classes: [usStorage] }),
      'web',
    );
    expect((await runPeer('storescu', [...toNode(port), file])).exitCode).not.toBe(0);
    const seen = service.devices.observedClasses().find(({ uid }) => uid === ctStorage);
    expect(seen).toMatchObject({ keyword: 'CTImageStorage', deviceId: device.id });
    await service.devices.allowClass(seen!.id, 'web');
    expect((await runPeer('storescu', [...toNode(port), file])).exitCode).toBe(0);
    expect(
      (await runPeer('dcmsend', ['-aet', 'MODALITY', '-aec', 'EDGESYNC', '127.0.0.1', String(port), file]))
        .exitCode,
    ).toBe(0);
    expect((await service.status()).counts.received).toBe(1);
  });
});

describe('a device with a certificate', () => {
  it('is let in by it from anywhere, and not without it or with another', async () => {
    const { service } = await start({ dicom: { tls: { enabled: true, port: 0 } } });
    const issue = async (
      name: string,
    ): Promise<{ cert: string; key: string; ca: string; sha256: string }> => {
      const format = { tag: 'pem' } as const;
      const one = await service.certificates.issue(
        { name, hosts: [], key: 'ecdsa-p256', days: 30, format },
        'web',
      );
      if (one.key.tag !== 'pem') throw new Error(one.key.tag);
      return {
        cert: one.certificatePem,
        key: one.key.pem,
        ca: one.trustPem,
        sha256: one.certificate.sha256,
      };
    };
    const mine = await issue('ct');
    const other = await issue('us');
    const { tlsPort } = service.devices.connection();
    const over = async (tls: typeof mine, from: string): Promise<string> => {
      try {
        await (await call({ port: tlsPort ?? 0, from, tls })).release();
        return 'accepted';
      } catch (error) {
        return String((error as { code?: unknown }).code);
      }
    };
    expect(await over(mine, '127.0.0.2')).toBe('peer-refused');
    await until(() => service.devices.callers().length === 1, 'the caller listed');
    const [caller] = service.devices.callers();
    expect(caller).toMatchObject({ channel: 'tls', certificate: mine.sha256 });
    await service.devices.allowCaller(caller!.id, 'CT room', {}, 'web');
    expect(await over(mine, '127.0.0.2')).toBe('accepted');
    expect(await over(mine, '127.0.0.9')).toBe('accepted');
    expect(await over(other, '127.0.0.2')).toBe('peer-refused');
    expect(await outcome({ from: '127.0.0.2' })).toBe('peer-refused');
    await until(() => service.devices.callers().length === 2, 'both listed');
    expect(service.devices.callers().map(({ because }) => because)).toEqual([
      'tls-only',
      'other-certificate',
    ]);
  });
});

describe('a private class', () => {
  it('is observed, allowed, and then stored like any other', async () => {
    const { service } = await start();
    await service.devices.pair(plainPairing({ addresses: ['127.0.0.2'] }), 'web');
    const from = { port, from: '127.0.0.2', classes: [privateClass] };
    const before = await call(from);
    expect(before.accepted.size).toBe(0);
    await before.release();
    const [seen] = service.devices.observedClasses();
    expect(seen).toMatchObject({ uid: privateClass, state: 'seen' });
    await service.devices.allowClass(seen!.id, 'web');
    const after = await call(from);
    expect(await store(after, 'private', privateClass)).toBe(status.success);
    await after.release();
    expect((await service.status()).counts.received).toBe(1);
  });
});

describe('an association that is open', () => {
  it('is answered "not authorised" from the moment its pairing ends, and counted while it lasts', async () => {
    const { service } = await start();
    const device = await service.devices.pair(plainPairing({ addresses: ['127.0.0.2'] }), 'web');
    const open = await call({ port, from: '127.0.0.2', classes: [ctStorage] });
    expect((await service.status()).access?.openAssociations).toBe(1);
    expect(await store(open, 'before')).toBe(status.success);
    await service.devices.remove(device.id, 'web');
    expect(await store(open, 'after')).toBe(status.notAuthorised);
    await open.release();
    expect((await service.status()).access?.openAssociations).toBe(0);
    expect((await service.status()).counts.received).toBe(1);
  });
});

describe('a C-STORE of another class than its context carries', () => {
  it('is "not authorised" where the pairing leaves the class out, else "class not supported"', async () => {
    const { service } = await start();
    await service.devices.pair(plainPairing({ addresses: ['127.0.0.2'], classes: [ctStorage] }), 'web');
    const open = await call({ port, from: '127.0.0.2', classes: [ctStorage] });
    expect(await store(open, 'left out', usStorage)).toBe(status.notAuthorised);
    expect(await store(open, 'unknown', privateClass)).toBe(status.sopClassNotSupported);
    expect(await store(open, 'allowed')).toBe(status.success);
    await open.release();
  });
});

describe('a flood of strangers', () => {
  it('is kept in bounds, and a paired device goes on meanwhile', async () => {
    const { service } = await start();
    await service.devices.pair(plainPairing({ addresses: ['127.0.0.2'] }), 'web');
    const open = await call({ port, from: '127.0.0.2', classes: [ctStorage] });
    for (let round = 0; round < 20; round += 1) {
      const strangers = Array.from({ length: 15 }, (_, n) =>
        outcome({ from: `127.0.${round}.${n + 10}`, callingAe: `X${round}-${n}` }),
      );
      expect(new Set(await Promise.all(strangers))).toEqual(new Set(['peer-refused']));
      if (round % 5 === 0) expect(await store(open, `round ${round}`)).toBe(status.success);
    }
    await open.release();
    expect(service.devices.callers()).toHaveLength(200);
    expect((await service.status()).counts.received).toBe(4);
  });
});

describe('the address that is listened on', () => {
  it('follows its interface; associations that are open go on', async () => {
    const clock = new FakeClock();
    const interfaces = new FakeNetworkInterfaces([{ interface: 'office', address: '127.0.0.2' }]);
    const { service } = await start({ dicom: { host: 'office', allowLoopback: true }, clock, interfaces });
    expect(service.devices.connection()).toMatchObject({ host: '127.0.0.2', interface: 'office' });
    const open = await call({ port, to: '127.0.0.2', classes: [ctStorage] });
    interfaces.set({ interface: 'office', address: '127.0.0.3' });
    await untilListening(clock, service, '127.0.0.3');
    expect((await service.status()).listener).toMatchObject({ up: true, host: '127.0.0.3', port });
    expect(await outcome({ to: '127.0.0.3' })).toBe('accepted 1');
    await expect(call({ port, to: '127.0.0.2' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await store(open, 'over the change')).toBe(status.success);
    await open.release();
  });

  it('is told when its interface is gone, and comes back by itself', async () => {
    const clock = new FakeClock();
    const interfaces = new FakeNetworkInterfaces([{ interface: 'office', address: '127.0.0.2' }]);
    const { service } = await start({ dicom: { host: 'office' }, clock, interfaces });
    interfaces.set();
    await untilListening(clock, service, null);
    const gone = await service.status();
    expect(gone).toMatchObject({ headline: 'not-receiving', listener: { up: false } });
    expect(gone.failures.map(({ code }) => code)).toContain('interface-missing');
    await expect(call({ port, to: '127.0.0.2' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    interfaces.set({ interface: 'office', address: '127.0.0.2' });
    await untilListening(clock, service, '127.0.0.2');
    expect((await service.status()).listener).toMatchObject({ up: true, port });
  });

  it('may be missing at the start: it is listened on when it comes', async () => {
    const clock = new FakeClock();
    const interfaces = new FakeNetworkInterfaces([]);
    const { service } = await start({ dicom: { host: 'office' }, clock, interfaces });
    expect(service.devices.connection()).toMatchObject({ reach: 'nobody', host: null });
    interfaces.set({ interface: 'office', address: '127.0.0.2' });
    await untilListening(clock, service, '127.0.0.2');
  });

  it('is refused when it is a public one', async () => {
    const interfaces = new FakeNetworkInterfaces([{ interface: 'wan', address: '8.8.8.8' }]);
    await expect(start({ dicom: { host: 'wan' }, interfaces })).rejects.toMatchObject({
      code: 'public-address-refused',
    });
  });

  it('is never all of them', () => {
    for (const host of ['0.0.0.0', '::', '*'])
      expect(settingsSchema.safeParse({ dicom: { host } }).error?.issues[0]?.message).toContain(
        'all interfaces',
      );
  });
});

async function untilListening(
  clock: FakeClock,
  service: Engine['service'],
  host: string | null,
): Promise<void> {
  for (let turn = 0; turn < 100 && service.devices.connection().host !== host; turn += 1)
    await clock.advance(1000);
  expect(service.devices.connection().host).toBe(host);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
