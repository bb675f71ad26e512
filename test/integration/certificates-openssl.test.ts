/** What the site CA makes and takes, judged by stock OpenSSL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CertificateKit, dayMs } from '../support/tls-node.ts';
import { needs, programPath } from '../support/tools.ts';

let kit: CertificateKit;

beforeEach(() => {
  kit = new CertificateKit();
});
afterEach(() => kit.dispose());

function openssl(...args: readonly string[]): string {
  return execFileSync(programPath('openssl'), args, { cwd: kit.dir, encoding: 'utf8', stdio: 'pipe' });
}

/** A CA of somebody else, with its key, and what it has signed so far. */
function clinicCa(name: string): { readonly crt: string; readonly key: string } {
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3000'],
    ...['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  return { crt: read(`${name}.crt`), key: read(`${name}.key`) };
}

/** A key and a certificate request: NAME.key, NAME.csr. */
function request(name: string, subject: string, ...extra: readonly string[]): void {
  openssl(
    ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`],
    ...['-subj', subject, ...extra],
  );
}

const read = (name: string): string => readFileSync(kit.path(name), 'utf8');
const passphrase = 'a passphrase of 24 chars';

needs('openssl')('the site CA and OpenSSL', () => {
  it.each(['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const)(
    'issues %s certificates that pass strict checking as client and as server',
    async (key) => {
      const device = await kit.device('US 1', key);
      for (const purpose of ['sslclient', 'sslserver'])
        expect(
          openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', device.ca, device.cert),
        ).toContain('OK');
      const text = openssl('x509', '-in', device.cert, '-noout', '-text');
      expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
      expect(text).toMatch(/Key Usage: critical\s+Digital Signature/);
      expect(text).toMatch(/TLS Web Client Authentication, TLS Web Server Authentication/);
      expect(text).toMatch(/Subject Key Identifier/);
      expect(text).toMatch(/Authority Key Identifier/);
      const serial = /Serial Number:\s+([0-9a-f:]+)/.exec(text)?.[1]?.split(':').length ?? 0;
      expect(serial).toBeGreaterThanOrEqual(16);
      const ca = openssl('x509', '-in', device.ca, '-noout', '-text');
      expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
      expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
    },
  );

  it('gives a PKCS#12 file that opens with its passphrase, and with no other', async () => {
    const issued = await kit.certificates.issue({
      name: 'Ultraschall Süd',
      hosts: ['us1.clinic.example', '10.1.2.3'],
      key: 'ecdsa-p256',
      days: 730,
      format: { tag: 'pkcs12', passphrase },
    });
    if (issued.key.tag !== 'pkcs12') throw new Error(issued.key.tag);
    kit.write('us.p12', Buffer.from(issued.key.base64, 'base64'));
    const opened = openssl('pkcs12', '-in', 'us.p12', '-passin', `pass:${passphrase}`, '-nodes');
    expect(opened).toContain('friendlyName: Ultraschall S');
    kit.write('us.pem', opened);
    const ofKey = openssl('pkey', '-in', 'us.pem', '-pubout');
    kit.write('us.crt', issued.certificatePem);
    expect(openssl('x509', '-in', 'us.crt', '-noout', '-pubkey')).toBe(ofKey);
    expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const info = spawnSync(
      programPath('openssl'),
      ['pkcs12', '-in', kit.path('us.p12'), '-passin', `pass:${passphrase}`, '-info', '-noout'],
      { encoding: 'utf8' },
    ).stderr;
    expect(info).toContain('PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256');
    expect(info).toContain('MAC: sha256');
    // In one piece: not every reader takes ciphertext in several.
    expect(openssl('asn1parse', '-inform', 'DER', '-in', 'us.p12')).not.toMatch(/cons:\s+OCTET STRING/);
    expect(() => openssl('pkcs12', '-in', 'us.p12', '-passin', 'pass:another one', '-nodes')).toThrow();
  });

  it('gives a private key under a passphrase that OpenSSL opens', async () => {
    const issued = await kit.certificates.issue({
      name: 'CT1',
      hosts: [],
      key: 'rsa-2048',
      days: 30,
      format: { tag: 'encrypted-pem', passphrase },
    });
    if (issued.key.tag !== 'pem') throw new Error(issued.key.tag);
    expect(issued.key.pem).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    kit.write('ct.key', issued.key.pem);
    expect(openssl('pkey', '-in', 'ct.key', '-passin', `pass:${passphrase}`, '-check', '-noout')).toContain(
      'valid',
    );
    expect(() => openssl('pkey', '-in', 'ct.key', '-passin', 'pass:wrong', '-noout')).toThrow();
  });

  it('signs a request made by OpenSSL: its names, and none of the rights it asks for', async () => {
    request(
      'd',
      '/CN=MR1',
      ...['-addext', 'subjectAltName=DNS:mr1.clinic.example,IP:10.0.0.9,email:x@y.example'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign'],
    );
    const signed = await kit.certificates.sign({ requestPem: read('d.csr'), days: 100 });
    kit.write('d.crt', signed.certificatePem);
    kit.write('ca.crt', signed.chainPem);
    expect(openssl('verify', '-x509_strict', '-CAfile', 'ca.crt', 'd.crt')).toContain('OK');
    const text = openssl('x509', '-in', 'd.crt', '-noout', '-text');
    expect(text).toContain('Subject: CN = MR1');
    expect(text).toContain('DNS:mr1.clinic.example, IP Address:10.0.0.9\n');
    expect(text).toContain('CA:FALSE');
    expect(text).not.toContain('Certificate Sign');
    expect(openssl('x509', '-in', 'd.crt', '-noout', '-pubkey')).toBe(
      openssl('pkey', '-in', 'd.key', '-pubout'),
    );
    expect(signed.certificate).toMatchObject({ role: 'device', origin: 'signed', daysLeft: 99 });
  });

  it('signs no request with a key that is too small, a curve of its own, or a broken signature', async () => {
    const make = (...key: string[]): string => {
      openssl('req', '-new', ...key, '-nodes', '-keyout', 'w.key', '-out', 'w.csr', '-subj', '/CN=W');
      return read('w.csr');
    };
    const small = make('-newkey', 'rsa:1024');
    const curve = make('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1');
    const der = Buffer.from(make('-newkey', 'rsa:2048').replace(/-----[^-]+-----|\s/g, ''), 'base64');
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
    const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    for (const requestPem of [small, curve, broken, 'nonsense', ''])
      await expect(kit.certificates.sign({ requestPem, days: 10 })).rejects.toMatchObject({
        code: 'certificate-request-unusable',
      });
    expect(kit.certificates.list().filter(({ role }) => role === 'device')).toEqual([]);
  });

  it("issues under a clinic's CA once it has been imported with its key", async () => {
    const ca = clinicCa('Clinic');
    await kit.certificates.import({ tag: 'ca', pem: ca.crt, key: { pem: ca.key } });
    const device = await kit.device('US1');
    expect(openssl('verify', '-x509_strict', '-CAfile', 'Clinic.crt', device.cert)).toContain('OK');
    expect(kit.certificates.list()).toMatchObject([
      { role: 'issuer', origin: 'imported', name: 'Clinic', inUse: true },
      { role: 'device', issuer: 'Clinic' },
    ]);
  });

  it('opens the key of a CA that lies under a passphrase, and says when the passphrase is wrong', async () => {
    const ca = clinicCa('Clinic');
    openssl(
      'pkcs8',
      '-topk8',
      '-in',
      'Clinic.key',
      '-out',
      'enc.key',
      '-passout',
      'pass:secret',
      '-v2',
      'aes256',
    );
    const wrong = kit.certificates.import({
      tag: 'ca',
      pem: ca.crt,
      key: { pem: read('enc.key'), passphrase: 'other' },
    });
    await expect(wrong).rejects.toThrow('the passphrase does not open the private key');
    await kit.certificates.import({
      tag: 'ca',
      pem: ca.crt,
      key: { pem: read('enc.key'), passphrase: 'secret' },
    });
    expect(kit.certificates.list()).toHaveLength(1);
  });

  it('takes no CA that is none, has ended, is not whole, or comes with the key of another', async () => {
    const [ca, other] = [clinicCa('Clinic'), clinicCa('Other')];
    const device = await kit.device('US1');
    request('s', '/CN=Sub');
    kit.write('s.ext', 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n');
    openssl(
      ...['x509', '-req', '-in', 's.csr', '-CA', 'Clinic.crt', '-CAkey', 'Clinic.key', '-CAcreateserial'],
      ...['-days', '300', '-extfile', 's.ext', '-out', 's.crt'],
    );
    const attempts = [
      [{ pem: readFileSync(device.cert, 'utf8') }, 'is no CA'],
      [{ pem: ca.crt, key: { pem: other.key } }, 'the private key is not the one'],
      [{ pem: read('s.crt') }, 'the CAs above "Sub" are missing'],
      [{ pem: read('s.crt') + other.crt }, '"Sub" is not signed by "Other"'],
      [{ pem: 'nothing' }, 'there is no certificate'],
      [{ pem: ca.crt.repeat(17) }, 'more than 16'],
    ] as const;
    for (const [attempt, problem] of attempts)
      await expect(kit.certificates.import({ tag: 'ca', ...attempt })).rejects.toThrow(problem);
    kit.clock.shiftMs = 3001 * dayMs;
    await expect(kit.certificates.import({ tag: 'ca', pem: ca.crt })).rejects.toThrow('has ended');
    kit.clock.shiftMs = 0;
    await kit.certificates.import({ tag: 'ca', pem: read('s.crt') + ca.crt, key: { pem: read('s.key') } });
    const sub = await kit.device('US2');
    expect(openssl('verify', '-CAfile', 'Clinic.crt', '-untrusted', 's.crt', sub.cert)).toContain('OK');
    expect(readFileSync(sub.ca, 'utf8').trim()).toBe(ca.crt.trim());
  });

  it('takes the revocation list of a trusted CA, and of nobody else', async () => {
    clinicCa('Clinic');
    request('d', '/CN=D');
    kit.write('index.txt', '');
    kit.write('crlnumber', '01\n');
    kit.write(
      'ca.cnf',
      '[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n',
    );
    openssl(
      ...['x509', '-req', '-in', 'd.csr', '-CA', 'Clinic.crt', '-CAkey', 'Clinic.key', '-CAcreateserial'],
      ...['-days', '30', '-out', 'd.crt'],
    );
    const ca = ['ca', '-config', 'ca.cnf', '-cert', 'Clinic.crt', '-keyfile', 'Clinic.key'];
    openssl(...ca, '-revoke', 'd.crt');
    openssl(...ca, '-gencrl', '-crldays', '30', '-out', 'clinic.crl');
    const { X509Certificate } = await import('node:crypto');
    const certificate = new X509Certificate(read('d.crt'));
    const list = { tag: 'revocation-list', pem: read('clinic.crl') } as const;
    await expect(kit.certificates.import(list)).rejects.toThrow('no CA that is trusted here signed');
    await kit.certificates.import({ tag: 'ca', pem: read('Clinic.crt') });
    expect(kit.certificates.isRevoked(certificate)).toBe(false);
    await kit.certificates.import(list);
    expect(kit.certificates.isRevoked(certificate)).toBe(true);
    expect(kit.certificates.isRevoked(new X509Certificate(read('Clinic.crt')))).toBe(false);
  });

  it('shows a server certificate that was imported, and refuses one whose chain does not hold', async () => {
    const ca = clinicCa('Clinic');
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'n.key',
      '-out',
      'n.csr',
      '-subj',
      '/CN=node',
    );
    openssl(
      ...['x509', '-req', '-in', 'n.csr', '-CA', 'Clinic.crt', '-CAkey', 'Clinic.key', '-CAcreateserial'],
      ...['-days', '300', '-out', 'n.crt'],
    );
    const key = { pem: read('n.key') };
    await expect(kit.certificates.import({ tag: 'server', pem: read('n.crt'), key })).rejects.toThrow(
      'the CA that issued "node" is missing',
    );
    await kit.certificates.start();
    await kit.certificates.import({ tag: 'server', pem: read('n.crt') + ca.crt, key });
    const shown = kit.certificates.identities().map(({ certificatePem }) => certificatePem.trim());
    expect(shown).toContain(read('n.crt').trim());
  });

  it('leaves no private key in the data folder or in the log', async () => {
    await kit.certificates.start();
    const device = await kit.device('US1', 'rsa-2048');
    const keys = [
      readFileSync(device.key, 'utf8'),
      ...kit.certificates.identities().map(({ keyPem }) => keyPem.revealText()),
      ...kit.queue.certificates
        .all()
        .filter(({ hasKey }) => hasKey)
        .map(({ id }) => kit.queue.certificates.key(id).reveal()),
    ];
    expect(keys).toHaveLength(1 + 2 + 4);
    const ders = keys.map((key) =>
      typeof key === 'string' ? Buffer.from(key.replace(/-----[^-]+-----|\s/g, ''), 'base64') : key,
    );
    const log = JSON.stringify(kit.logger.lines);
    for (const name of ['US1.key', 'US1.crt', 'US1.ca'])
      expect(statSync(kit.path(name)).mode & 0o077).toBe(0);
    const files = readdirSync(kit.dir).filter((name) => name.startsWith('queue.db'));
    expect(files).toContain('queue.db-wal');
    for (const name of files) {
      const bytes = readFileSync(join(kit.dir, name));
      for (const der of ders) {
        // The private part: not the whole, which a header might part.
        const canary = der.subarray(-40);
        expect(bytes.includes(canary)).toBe(false);
        expect(bytes.includes(canary.toString('base64').slice(0, 40))).toBe(false);
        expect(log.includes(canary.toString('base64').slice(2, 40))).toBe(false);
      }
      expect(bytes.includes('PRIVATE KEY')).toBe(false);
    }
  });
});
