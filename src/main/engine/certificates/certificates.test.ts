import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateKit, dayMs } from '../../../../test/support/tls-node.ts';
import { Secret } from '../system/secret.ts';
import type { CertificateSummary } from '../../../shared/contract-certificates.ts';

let kit: CertificateKit;

beforeEach(() => {
  kit = new CertificateKit();
});
afterEach(() => kit.dispose());

const byRole = (role: CertificateSummary['role']): CertificateSummary[] =>
  kit.certificates.list().filter((one) => one.role === role);

describe('certificates', () => {
  it('makes nothing before it is needed', () => {
    expect(kit.certificates.list()).toEqual([]);
    expect(kit.certificates.trusted()).toEqual([]);
  });

  it('makes the site CA once, and the same one is there after a restart', async () => {
    const first = await kit.certificates.ca('ecdsa');
    await kit.close();
    kit.open();
    const again = await kit.certificates.ca('ecdsa');
    expect(again.pem).toBe(first.pem);
    expect(byRole('issuer')).toHaveLength(1);
  });

  it('keeps an RSA chain beside the ECDSA one from the first device on that needs it', async () => {
    await kit.certificates.start();
    expect(kit.certificates.identities()).toHaveLength(1);
    await kit.device('OLD', 'rsa-2048');
    expect(kit.certificates.identities()).toHaveLength(2);
    expect(byRole('issuer').map(({ key }) => key)).toEqual(['ecdsa-p256', 'rsa-3072']);
  });

  it('ends no certificate after the CA that signed it', async () => {
    const ca = await kit.certificates.ca('ecdsa');
    kit.clock.shiftMs = 3600 * dayMs;
    const device = await kit.device('US1');
    const [issued] = byRole('device');
    expect(issued?.sha256).toBe(device.sha256);
    expect(issued?.notAfter).toBe(ca.certificate.notAfter);
  });

  it('renews its own certificate in time, by itself and only then', async () => {
    await kit.certificates.start();
    const [first] = byRole('server');
    kit.clock.shiftMs = 600 * dayMs;
    await kit.certificates.start();
    expect(byRole('server')).toHaveLength(1);
    kit.clock.shiftMs = 660 * dayMs;
    await kit.certificates.start();
    expect(byRole('server')).toMatchObject([
      { sha256: first?.sha256, state: 'replaced', inUse: false },
      { state: 'valid', inUse: true },
    ]);
    expect(kit.incidents).toEqual([]);
  });

  it('makes a new one of its own when the PC has another name or address', async () => {
    await kit.certificates.start();
    kit.hosts = [...kit.hosts, '192.0.2.7'];
    await kit.certificates.start();
    const renewed = byRole('server').at(-1);
    expect(renewed?.inUse).toBe(true);
    expect(renewed?.hosts).toContain('192.0.2.7');
    await kit.certificates.start();
    expect(byRole('server')).toHaveLength(2);
  });

  it('counts down for a device: at 60, 30 and 7 days, each told once', async () => {
    const device = await kit.device('US1', 'ecdsa-p256', 100);
    for (const day of [10, 39, 41, 45, 69, 71, 92, 94, 99]) {
      kit.clock.shiftMs = day * dayMs;
      kit.certificates.watch();
    }
    expect(kit.incidents).toEqual([
      { code: 'certificate-expires-soon', subject: device.sha256, detail: '"US1", in 58 days' },
      { code: 'certificate-expires-soon', subject: device.sha256, detail: '"US1", in 28 days' },
      { code: 'certificate-expires-soon', subject: device.sha256, detail: '"US1", in 5 days' },
    ]);
    expect(kit.certificates.standing()).toEqual([]);
    kit.clock.shiftMs = 101 * dayMs;
    expect(kit.certificates.standing()).toMatchObject([{ code: 'certificate-expired' }]);
    await kit.certificates.revoke(device.sha256, 'retired');
    expect(kit.certificates.standing()).toEqual([]);
  });

  it('is quiet about a certificate that was renewed, and tells which one took its place', async () => {
    const old = await kit.device('US1', 'ecdsa-p256', 20);
    kit.certificates.watch();
    expect(kit.incidents).toHaveLength(1);
    const { certificate, key } = await kit.certificates.renew({
      tag: 'device',
      id: old.id,
      days: 730,
      key: { tag: 'same' },
    });
    expect(key).toBeNull();
    expect(kit.resolved).toEqual([old.sha256]);
    expect(kit.renewed).toEqual([`${old.sha256} ${certificate.sha256}`]);
    expect(byRole('device').map(({ state }) => state)).toEqual(['replaced', 'valid']);
    kit.clock.shiftMs = 30 * dayMs;
    expect(kit.certificates.standing()).toEqual([]);
  });

  it('keeps a revocation over a restart', async () => {
    const device = await kit.device('US1');
    await kit.certificates.revoke(device.sha256, 'stolen');
    await kit.close();
    kit.open();
    expect(byRole('device')).toMatchObject([{ state: 'revoked' }]);
    await expect(
      kit.certificates.renew({ tag: 'device', id: device.id, days: 1, key: { tag: 'same' } }),
    ).rejects.toMatchObject({ code: 'certificate-not-found' });
  });

  it('makes another CA and certificate of its own when the CA is revoked', async () => {
    await kit.certificates.start();
    const [ca] = byRole('issuer');
    await kit.certificates.revoke(ca?.sha256 ?? '', 'stolen');
    expect(kit.certificates.trusted()).toHaveLength(1);
    expect(byRole('issuer').map(({ state, inUse }) => `${state} ${inUse}`)).toEqual([
      'revoked false',
      'valid true',
    ]);
    expect(byRole('server').map(({ inUse }) => inUse)).toEqual([false, true]);
  });

  it('moves to another PC by its backup: same CA, same devices, same revocations', async () => {
    await kit.certificates.start();
    const [lost, kept] = [await kit.device('LOST'), await kit.device('KEPT', 'rsa-2048')];
    await kit.certificates.revoke(lost.sha256, 'lost');
    const backup = kit.certificates.exportForBackup();
    const other = new CertificateKit();
    await other.certificates.importFromBackup(backup);
    expect(other.certificates.list()).toEqual(kit.certificates.list());
    const issued = await other.device('NEW');
    expect(other.certificates.list().find(({ sha256 }) => sha256 === issued.sha256)?.issuer).toBe(
      kit.certificates.list().find(({ sha256 }) => sha256 === lost.sha256)?.issuer,
    );
    await other.certificates.importFromBackup(backup);
    expect(other.certificates.list()).toHaveLength(kit.certificates.list().length + 1);
    expect(other.certificates.list().find(({ sha256 }) => sha256 === kept.sha256)?.state).toBe('valid');
    await other.dispose();
  });

  it('refuses a backup that is none, and changes nothing by it', async () => {
    const good = JSON.parse(kit.certificates.exportForBackup().revealText()) as object;
    for (const bad of [
      '',
      '{}',
      JSON.stringify({ ...good, version: 2 }),
      JSON.stringify({ ...good, more: 1 }),
    ])
      await expect(kit.certificates.importFromBackup(Secret.fromText(bad))).rejects.toMatchObject({
        code: 'certificate-import-unusable',
      });
    expect(kit.certificates.list()).toEqual([]);
  });

  it('opens no row that was moved: the key of one certificate cannot be given to another', async () => {
    await kit.certificates.ca('ecdsa');
    await kit.certificates.ca('rsa');
    const path = kit.path('queue.db');
    const { default: Database } = await import('better-sqlite3');
    const db = new Database(path);
    db.exec(
      `UPDATE certificate SET private_key = (SELECT private_key FROM certificate WHERE id = 1) WHERE id = 2`,
    );
    db.close();
    await expect(kit.device('US1', 'rsa-2048')).rejects.toMatchObject({ code: 'object-tampered' });
  });
});
