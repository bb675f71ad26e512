import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import {
  caller,
  ctStorage,
  fingerprint,
  plain,
  plainPairing,
  privateClass,
  tls,
  tlsPairing,
  usStorage,
} from '../../../../test/support/devices.ts';
import { until } from '../../../../test/support/dicom-peers.ts';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import { AuditLog } from '../audit/audit-log.ts';
import type { IncidentReport } from '../model.ts';
import type { Authorization } from '../receive/authorize.ts';
import type { RefusedCall } from '../receive/caller-watch.ts';
import { DeviceDesk } from './device-desk.ts';
import { mostObservedPerDevice } from './observed-classes.ts';
import { mostCallers, mostCallersPerAddress } from './refused-callers.ts';

let kit: QueueKit;
let desk: DeviceDesk;
let audit: AuditLog;
let incidents: IncidentReport[];
let resolved: string[];
let changes: number;

beforeEach(() => {
  kit = new QueueKit();
  desk = open();
});
afterEach(async () => {
  await desk.close();
  kit.dispose();
});

function open(): DeviceDesk {
  incidents = [];
  resolved = [];
  changes = 0;
  const { clock, logger } = kit;
  audit = new AuditLog({ store: kit.queue, clock, logger });
  return new DeviceDesk({
    store: kit.queue.devices,
    loopback: 'loopback-allowed',
    audit,
    reportIncident: (incident) => void incidents.push(incident),
    resolveIncident: (code, subject) => void resolved.push(`${code} ${subject}`),
    clock,
    random: new FakeRandom(`desk ${Math.floor(clock.monotonicMs())}`),
    logger,
    onChange: () => (changes += 1),
  });
}

async function reopen(): Promise<void> {
  await desk.close();
  kit.reopen();
  desk = open();
}

function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing thrown',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

function refusedCall(change: Partial<RefusedCall> = {}): RefusedCall {
  return {
    callingAeTitle: 'CT1',
    calledAeTitle: 'EDGESYNC',
    remoteAddress: '192.168.1.20',
    channel: plain,
    proposedClasses: [ctStorage],
    because: 'unknown-title',
    ...change,
  };
}

function accepted(authorization: Authorization): Extract<Authorization, { tag: 'accept' }> {
  if (authorization.tag === 'reject') throw new Error(`rejected: ${authorization.reason}`);
  return authorization;
}

async function auditActions(): Promise<string[]> {
  await audit.settled();
  return kit.queue.auditRows(0, 1000).map(({ action, actor }) => `${action} ${actor}`);
}

describe('pairing', () => {
  it('counts at once, is audited, and is there after a restart', async () => {
    expect(desk.authorize(caller())).toEqual({ tag: 'reject', reason: 'unknown-title' });
    const paired = await desk.pair(plainPairing(), 'web');
    expect(accepted(desk.authorize(caller()))).toMatchObject({ deviceId: paired.id, idleMs: 600_000 });
    expect(await auditActions()).toEqual(['device-paired web']);
    expect(changes).toBeGreaterThan(0);
    await reopen();
    expect(desk.list()).toMatchObject([{ id: paired.id, name: 'CT room', aeTitle: 'CT1' }]);
    expect(desk.authorize(caller()).tag).toBe('accept');
  });

  it('keeps single parts that change, and what was not named', async () => {
    const { id } = await desk.pair(plainPairing(), 'web');
    const commitment = { host: '192.168.1.20', port: 104, channel: 'plain' } as const;
    const changed = await desk.change(id, { addresses: ['192.168.1.99'], commitment }, 'local-socket');
    expect(changed).toMatchObject({ name: 'CT room', addresses: ['192.168.1.99'], commitment });
    expect(desk.authorize(caller()).tag).toBe('reject');
    expect(desk.authorize(caller({ remoteAddress: '192.168.1.99' })).tag).toBe('accept');
    await reopen();
    expect(desk.list()).toMatchObject([{ commitment }]);
    expect(kit.queue.devices.get(id)?.commitment).toEqual(commitment);
  });

  it('that ends or changes counts for an association that is open', async () => {
    const { id } = await desk.pair(plainPairing(), 'web');
    const first = accepted(desk.authorize(caller()));
    expect(first.allowsClass(ctStorage)).toBe(true);
    await desk.change(id, { name: 'CT, ground floor' }, 'web');
    expect(first.allowsClass(ctStorage)).toBe(true);
    await desk.change(id, { addresses: ['192.168.1.21'] }, 'web');
    expect(first.allowsClass(ctStorage)).toBe(false);
    await desk.change(id, { addresses: ['192.168.1.20'] }, 'web');
    const second = accepted(desk.authorize(caller()));
    await desk.remove(id, 'web');
    expect(second.allowsClass(ctStorage)).toBe(false);
    expect(desk.authorize(caller()).tag).toBe('reject');
    expect(await auditActions()).toContain('device-removed web');
  });

  it('refuses what pins nothing, and what nobody could tell apart', async () => {
    const bad = [
      plainPairing({ addresses: [] }),
      plainPairing({ addresses: ['0.0.0.0/0'] }),
      plainPairing({ addresses: ['10.0.0.0/15'] }),
      plainPairing({ addresses: ['fd00::/40'] }),
      plainPairing({ certificates: [fingerprint('a')] }),
      tlsPairing({ certificates: [] }),
      plainPairing({ aeTitle: 'A TITLE THAT IS TOO LONG' }),
    ];
    for (const pairing of bad) expect(await codeOf(desk.pair(pairing, 'web'))).toBe('pairing-not-valid');
    await desk.pair(plainPairing(), 'web');
    expect(await codeOf(desk.pair(plainPairing({ name: 'Twin' }), 'web'))).toBe('pairing-exists');
    expect(await codeOf(desk.pair(plainPairing({ addresses: ['::ffff:192.168.1.20'] }), 'web'))).toBe(
      'pairing-exists',
    );
    await desk.pair(tlsPairing(), 'web');
    expect(await codeOf(desk.pair(tlsPairing({ name: 'Twin' }), 'web'))).toBe('pairing-exists');
    await desk.pair(tlsPairing({ name: 'Other', certificates: [fingerprint('b')] }), 'web');
    expect(await codeOf(desk.change('0'.repeat(32), { name: 'x' }, 'web'))).toBe('device-unknown');
    expect(await codeOf(desk.remove('0'.repeat(32), 'web'))).toBe('device-unknown');
  });

  it('does not turn a device plain by a change that leaves its certificates', async () => {
    const { id } = await desk.pair(tlsPairing(), 'web');
    expect(await codeOf(desk.change(id, { channel: 'plain' }, 'web'))).toBe('pairing-not-valid');
    expect(desk.list()[0]?.channel).toBe('tls');
  });

  it('remembers when a device was let in, without writing at each association', async () => {
    await desk.pair(plainPairing(), 'web');
    await kit.clock.advance(5000);
    desk.authorize(caller());
    expect(desk.list()[0]?.lastSeenAt).toBe('2026-01-05T09:00:05.000Z');
    await kit.clock.advance(2000);
    desk.authorize(caller());
    await desk.close();
    expect(kit.queue.devices.list()[0]?.lastSeenAt).toBe('2026-01-05T09:00:05.000Z');
  });

  it('leaves out a row that somebody wrote into the file, and lets nobody in by it', async () => {
    await desk.pair(plainPairing(), 'web');
    const db = kit.queue.devices;
    const [first] = db.list();
    await db.save({ ...first!, id: 'f'.repeat(32), aeTitle: 'EVIL' });
    await desk.close();
    kit.queue.close();
    const { default: Database } = await import('better-sqlite3');
    const raw = new Database(`${kit.dir}/queue.db`);
    raw
      .prepare('UPDATE device SET pairing = (SELECT pairing FROM device WHERE id <> ?) WHERE id = ?')
      .run(first!.id, first!.id);
    raw.close();
    kit.queue = kit.open();
    desk = open();
    expect(desk.list().map(({ aeTitle }) => aeTitle)).toEqual(['EVIL']);
    expect(desk.authorize(caller()).tag).toBe('reject');
  });
});

describe('a caller that was refused', () => {
  it('is listed with what it wanted, and is an incident', async () => {
    const proposedClasses = [
      ctStorage,
      privateClass,
      'Doe^Jane',
      ...Array.from({ length: 100 }, (_, n) => `1.2.${n}`),
    ];
    desk.refused(refusedCall({ channel: tls('c'), because: 'other-certificate', proposedClasses }));
    desk.refused(refusedCall({ channel: tls('c'), because: 'other-certificate', proposedClasses }));
    await kit.clock.advance(0);
    const [one] = desk.callers();
    expect(one).toMatchObject({
      callingAeTitle: 'CT1',
      calledAeTitle: 'EDGESYNC',
      address: '192.168.1.20',
      channel: 'tls',
      certificate: fingerprint('c'),
      count: 2,
      dismissed: false,
    });
    expect(one?.classes).toHaveLength(64);
    expect(one?.classes.slice(0, 2)).toEqual([
      { uid: ctStorage, keyword: 'CTImageStorage' },
      { uid: privateClass, keyword: null },
    ]);
    expect(incidents).toEqual([
      {
        code: 'association-refused',
        subject: 'CT1@192.168.1.20',
        detail: 'it showed another certificate than the one it is paired with',
        times: 2,
      },
    ]);
    expect(desk.facts).toMatchObject({ waitingCallers: 1 });
  });

  it('is still there after a restart', async () => {
    desk.refused(refusedCall());
    await kit.clock.advance(0);
    const before = desk.callers();
    await reopen();
    expect(desk.callers()).toEqual(before);
  });

  it('is allowed as it came, which answers its incident', async () => {
    desk.refused(refusedCall());
    desk.refused(refusedCall({ remoteAddress: '192.168.1.50' }));
    await kit.clock.advance(0);
    const wanted = desk.callers().find(({ address }) => address === '192.168.1.20');
    const device = await desk.allowCaller(wanted!.id, 'CT room', {}, 'web');
    expect(device).toMatchObject({
      aeTitle: 'CT1',
      addresses: ['192.168.1.20'],
      channel: 'plain',
      classes: 'standard',
    });
    expect(resolved).toEqual(['association-refused CT1@192.168.1.20']);
    expect(desk.callers().map(({ address }) => address)).toEqual(['192.168.1.50']);
    expect(desk.authorize(caller()).tag).toBe('accept');
    await kit.clock.advance(2000);
    await reopen();
    expect(desk.callers()).toHaveLength(1);
  });

  it('with a certificate is known by it from then on, not by its address', async () => {
    desk.refused(refusedCall({ channel: tls('d') }));
    const device = await desk.allowCaller(desk.callers()[0]!.id, '', {}, 'web');
    expect(device).toMatchObject({
      name: 'CT1',
      channel: 'tls',
      addresses: [],
      certificates: [fingerprint('d')],
    });
  });

  it('is settled by a pairing that was typed in, too', async () => {
    desk.refused(refusedCall());
    await desk.pair(plainPairing({ addresses: ['192.168.1.0/24'] }), 'web');
    expect(desk.callers()).toEqual([]);
    expect(resolved).toEqual(['association-refused CT1@192.168.1.20']);
  });

  it('cannot be allowed where that would not help or would give up its encryption', async () => {
    desk.refused(refusedCall({ callingAeTitle: 'A', because: 'other-called-title', calledAeTitle: 'OTHER' }));
    desk.refused(refusedCall({ callingAeTitle: 'B', because: 'tls-only' }));
    desk.refused(refusedCall({ callingAeTitle: 'unreadable AE title', because: 'odd-title' }));
    const idOf = (title: string | null): string =>
      desk.callers().find((one) => one.callingAeTitle === title)!.id;
    expect(await codeOf(desk.allowCaller(idOf('A'), 'x', {}, 'web'))).toBe('caller-wrong-title');
    expect(await codeOf(desk.allowCaller(idOf('B'), 'x', {}, 'web'))).toBe('caller-downgrade');
    expect(await codeOf(desk.allowCaller(idOf(null), 'x', {}, 'web'))).toBe('pairing-not-valid');
    expect(await codeOf(desk.allowCaller('0'.repeat(32), 'x', {}, 'web'))).toBe('caller-unknown');
    expect(desk.list()).toEqual([]);
  });

  it('without encryption is not allowed under a title that is paired for TLS, whatever its address', async () => {
    await desk.pair(tlsPairing({ aeTitle: 'CT1', addresses: ['10.0.0.5'] }), 'web');
    // As it was listed before the pairing, or beside a plain pairing of the same title.
    desk.refused(refusedCall({ remoteAddress: '10.0.0.9', because: 'other-address' }));
    const [one] = desk.callers();
    expect(await codeOf(desk.allowCaller(one!.id, 'x', {}, 'web'))).toBe('caller-downgrade');
    expect(desk.authorize(caller({ remoteAddress: '10.0.0.9' })).tag).toBe('reject');
    expect(desk.list()).toHaveLength(1);
  });

  it('leaves the incident to another one of the same title and address until that is decided too', async () => {
    desk.refused(refusedCall());
    desk.refused(refusedCall({ channel: tls('b') }));
    const [first, second] = desk.callers();
    desk.dismiss(first!.id, 'web');
    expect(resolved).toEqual([]);
    desk.dismiss(second!.id, 'web');
    expect(resolved).toEqual(['association-refused CT1@192.168.1.20']);
    desk.refused(refusedCall({ remoteAddress: '192.168.1.7' }));
    desk.refused(refusedCall({ remoteAddress: '192.168.1.7', channel: tls('b') }));
    await desk.pair(plainPairing({ addresses: ['192.168.1.7'] }), 'web');
    expect(resolved).toHaveLength(1);
  });

  it('that is dismissed is quiet for a day, also over a restart', async () => {
    desk.refused(refusedCall());
    await kit.clock.advance(0);
    desk.dismiss(desk.callers()[0]!.id, 'web');
    expect(resolved).toEqual(['association-refused CT1@192.168.1.20']);
    expect(desk.facts.waitingCallers).toBe(0);
    await kit.clock.advance(3_600_000);
    await reopen();
    desk.refused(refusedCall());
    await kit.clock.advance(2000);
    expect(incidents).toEqual([]);
    expect(desk.callers()).toMatchObject([{ dismissed: true, count: 2 }]);
    await kit.clock.advance(24 * 3_600_000);
    desk.refused(refusedCall());
    // Commits take time of their own: at the end everything that is owed is written.
    await desk.close();
    expect(incidents).toHaveLength(1);
    expect(desk.callers()).toMatchObject([{ dismissed: false }]);
  });
});

describe('a flood of refused callers', () => {
  it('writes at most once a second, keeps a bounded list, and loses no count', async () => {
    let commits = 0;
    kit.queue.onChange(() => (commits += 1));
    const total = 20_000;
    for (let n = 0; n < total; n += 1) {
      desk.refused(
        refusedCall({ callingAeTitle: `FLOOD${n % 3000}`, remoteAddress: `10.0.${n % 7}.${n % 250}` }),
      );
      if (n % 1000 === 999) await kit.clock.advance(250);
    }
    await desk.close();
    expect(commits).toBeLessThanOrEqual(8);
    expect(desk.callers()).toHaveLength(mostCallers);
    expect(kit.queue.devices.callers()).toHaveLength(mostCallers);
    expect(incidents.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(total);
  });

  it('from one address does not push the others out', async () => {
    desk.refused(refusedCall());
    for (let n = 0; n < 1000; n += 1)
      desk.refused(refusedCall({ callingAeTitle: `FLOOD${n}`, remoteAddress: '10.0.0.66' }));
    await kit.clock.advance(0);
    expect(desk.callers()).toHaveLength(mostCallersPerAddress + 1);
    expect(desk.callers().some(({ address }) => address === '192.168.1.20')).toBe(true);
  });

  it('is written later where the disk refuses, and nothing of it is lost', async () => {
    const devices = kit.queue.devices;
    const write = devices.write.bind(devices);
    devices.write = () => Promise.reject(new Error('disk'));
    desk.refused(refusedCall());
    await kit.clock.advance(1000);
    expect(kit.queue.devices.callers()).toEqual([]);
    devices.write = write;
    await kit.clock.advance(11_000);
    await until(() => kit.queue.devices.callers()[0]?.count === 1, 'the caller written');
  });
});

describe('a class that is not accepted', () => {
  const unknown = [{ abstractSyntax: privateClass, code: 'dicom-class-unknown' }] as const;

  it('of a device is allowed for that device alone, and kept', async () => {
    const ct1 = await desk.pair(plainPairing(), 'web');
    const ct2 = await desk.pair(plainPairing({ aeTitle: 'CT2' }), 'web');
    const from = { callingAeTitle: 'CT1', remoteAddress: '192.168.1.20', deviceId: ct1.id };
    expect(desk.lacked(from, unknown)).toEqual(unknown);
    await kit.clock.advance(0);
    const [seen] = desk.observedClasses();
    expect(seen).toMatchObject({ deviceId: ct1.id, uid: privateClass, state: 'seen', count: 1 });
    await desk.allowClass(seen!.id, 'web');
    expect(resolved).toContain(`dicom-class-unknown ${ct1.id} ${privateClass}`);
    await reopen();
    const allows = (callingAeTitle: string): boolean =>
      accepted(desk.authorize(caller({ callingAeTitle }))).allowsClass(privateClass);
    expect(allows('CT1')).toBe(true);
    expect(allows('CT2')).toBe(false);
    expect(desk.list().find(({ id }) => id === ct2.id)?.privateClasses).toEqual([]);
    expect(await auditActions()).toContain('class-allowed web');
  });

  it('can be dismissed, which is quiet about it and takes an earlier permission back', async () => {
    const { id } = await desk.pair(plainPairing(), 'web');
    const from = { callingAeTitle: 'CT1', remoteAddress: '192.168.1.20', deviceId: id };
    desk.lacked(from, unknown);
    const [seen] = desk.observedClasses();
    await desk.allowClass(seen!.id, 'web');
    const open = accepted(desk.authorize(caller()));
    expect(open.allowsClass(privateClass)).toBe(true);
    await desk.dismissClass(seen!.id, 'web');
    expect(open.allowsClass(privateClass)).toBe(false);
    expect(desk.lacked(from, unknown)).toEqual([]);
  });

  it('of the standard that a pairing leaves out is added to it', async () => {
    const { id } = await desk.pair(plainPairing({ classes: [ctStorage] }), 'web');
    const { allowsClass } = accepted(desk.authorize(caller()));
    expect([allowsClass(ctStorage), allowsClass(usStorage)]).toEqual([true, false]);
    const told = desk.lacked({ callingAeTitle: 'CT1', remoteAddress: '192.168.1.20', deviceId: id }, [
      { abstractSyntax: usStorage, code: 'dicom-class-not-allowed' },
    ]);
    expect(told).toEqual([]);
    expect(desk.facts.waitingClasses).toBe(0);
    await desk.allowClass(desk.observedClasses()[0]!.id, 'web');
    expect(desk.list()[0]?.classes).toEqual([ctStorage, usStorage]);
    expect(allowsClass(usStorage)).toBe(true);
  });

  it('of a program on this PC is allowed by its title, also over a restart', async () => {
    desk.lacked({ callingAeTitle: 'PACS', remoteAddress: '127.0.0.1', deviceId: null }, unknown);
    await desk.allowClass(desk.observedClasses()[0]!.id, 'web');
    await kit.clock.advance(2000);
    await reopen();
    const here = (callingAeTitle: string): boolean =>
      accepted(desk.authorize(caller({ callingAeTitle, remoteAddress: '127.0.0.1' }))).allowsClass(
        privateClass,
      );
    expect([here('PACS'), here('OTHER')]).toEqual([true, false]);
  });

  it('is forgotten with its device, and bounded', async () => {
    const { id } = await desk.pair(plainPairing(), 'web');
    const from = { callingAeTitle: 'CT1', remoteAddress: '192.168.1.20', deviceId: id };
    for (let n = 0; n < 500; n += 1)
      desk.lacked(from, [{ abstractSyntax: `1.3.4.${n}`, code: 'dicom-class-unknown' }]);
    expect(desk.observedClasses()).toHaveLength(mostObservedPerDevice);
    await desk.remove(id, 'web');
    expect(desk.observedClasses()).toEqual([]);
  });

  it('that is none, or is served in another syntax, is told but not listed', () => {
    const from = { callingAeTitle: 'CT1', remoteAddress: '127.0.0.1', deviceId: null };
    const odd = [
      { abstractSyntax: 'Doe^Jane', code: 'dicom-class-unknown' },
      { abstractSyntax: ctStorage, code: 'dicom-syntax-refused' },
    ] as const;
    expect(desk.lacked(from, odd)).toEqual(odd);
    expect(desk.observedClasses()).toEqual([]);
  });
});
