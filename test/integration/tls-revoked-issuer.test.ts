/** What a CA below a clinic's root has signed, once that CA is revoked: by hand, or on the root's list. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/dicom-peers.ts';
import { CertificateKit, dayMs, TlsNode } from '../support/tls-node.ts';
import { needs, programPath } from '../support/tools.ts';

let kit: CertificateKit;
let node: TlsNode;

beforeEach(async () => {
  kit = new CertificateKit();
  node = await TlsNode.start(kit);
  makeCas();
});
afterEach(async () => {
  await node.scp.stop();
  await kit.dispose();
});

const read = (name: string): string => readFileSync(kit.path(name), 'utf8');
const codes = (): string[] => node.incidents.map(({ code }) => code);

function openssl(...args: readonly string[]): void {
  execFileSync(programPath('openssl'), args, { cwd: kit.dir, stdio: 'pipe' });
}

/** Root, issuing CA below it, and a device below that. */
function makeCas(): void {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = 'keyUsage=critical,keyCertSign,cRLSign';
  openssl(
    ...['req', '-x509', ...ec, '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=Root'],
    ...['-days', '100', '-addext', ca],
  );
  kit.write('sub.ext', `basicConstraints=critical,CA:TRUE\n${ca}\n`);
  kit.write('dev.ext', 'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n');
  for (const [name, issuer] of [
    ['sub', 'root'],
    ['dev', 'sub'],
  ] as const) {
    openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`],
      ...['-CAcreateserial', '-extfile', `${name}.ext`, '-days', '50', '-out', `${name}.pem`],
    );
  }
  kit.write('index.txt', '');
  kit.write('crlnumber', '01\n');
  kit.write(
    'ca.cnf',
    '[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n',
  );
}

function revocationList(file: string): void {
  openssl(
    ...['ca', '-config', 'ca.cnf', '-cert', 'root.pem', '-keyfile', 'root.key'],
    ...['-gencrl', '-crldays', '30', '-out', file],
  );
}

function revokeSub(): void {
  openssl(...['ca', '-config', 'ca.cnf', '-cert', 'root.pem', '-keyfile', 'root.key', '-revoke', 'sub.pem']);
}

/** The device, with the CAs that it sends along. */
function call(...along: readonly string[]): TLSSocket {
  const socket = connect({
    port: node.tlsPort,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    cert: [read('dev.pem'), ...along.map(read)].join(''),
    key: read('dev.key'),
  });
  socket.on('error', () => undefined);
  return socket.resume();
}

/** The open connection of a device that was let in. */
async function letIn(...along: readonly string[]): Promise<TLSSocket> {
  const socket = call(...along);
  await once(socket, 'secureConnect');
  // The server answers the echo of nothing with nothing: it is in when it is still there after its verdict.
  await until(() => node.logger.lines.some(({ event }) => event === 'tls'), 'a verdict');
  expect(socket.destroyed).toBe(false);
  return socket;
}

needs('openssl')('a CA below the root', () => {
  it.each([[['sub.pem']], [[]]])(
    'that is revoked by hand takes its devices with it, open or not (sent along: %j)',
    async (along) => {
      await kit.certificates.import({ tag: 'ca', pem: read('sub.pem') + read('root.pem') });
      const open = await letIn(...along);
      const cut = once(open, 'close');
      const { fingerprint256 } = new X509Certificate(read('sub.pem'));
      await kit.certificates.revoke(fingerprint256.replaceAll(':', '').toLowerCase(), 'stolen');
      await cut;
      expect(node.scp.cutByRevocation).toBe(1);
      await once(call('sub.pem'), 'close');
      await until(() => codes().length === 1, 'an incident');
      expect(kit.certificates.isRevoked(new X509Certificate(read('dev.pem')))).toBe(true);
    },
  );

  it('that is on the list of the root takes its devices with it', async () => {
    await kit.certificates.import({ tag: 'ca', pem: read('sub.pem') + read('root.pem') });
    const open = await letIn('sub.pem');
    const cut = once(open, 'close');
    revokeSub();
    revocationList('root.crl');
    await kit.certificates.import({ tag: 'revocation-list', pem: read('root.crl') });
    await cut;
    await once(call('sub.pem'), 'close');
    await until(() => codes().length === 1, 'an incident');
    expect(node.incidents).toMatchObject([{ code: 'tls-certificate-revoked' }]);
    expect(kit.certificates.list().find(({ name }) => name === 'sub')?.state).toBe('revoked');
  });

  it('that is not held here lets nobody in, even when it comes along under a trusted root', async () => {
    await kit.certificates.import({ tag: 'ca', pem: read('root.pem') });
    await once(call('sub.pem'), 'close');
    await until(() => codes().length === 1, 'an incident');
    expect(node.incidents).toMatchObject([
      { code: 'tls-certificate-foreign', detail: expect.stringContaining('import it') as string },
    ]);
  });
});

needs('openssl')('a revocation list', () => {
  it('that is older than the one held is refused, and takes no revocation back', async () => {
    await kit.certificates.import({ tag: 'ca', pem: read('sub.pem') + read('root.pem') });
    revocationList('old.crl');
    revokeSub();
    revocationList('new.crl');
    const sub = new X509Certificate(read('sub.pem'));
    await kit.certificates.import({ tag: 'revocation-list', pem: read('new.crl') });
    expect(kit.certificates.isRevoked(sub)).toBe(true);
    await expect(
      kit.certificates.import({ tag: 'revocation-list', pem: read('old.crl') }),
    ).rejects.toMatchObject({
      code: 'certificate-import-unusable',
      detail: expect.stringContaining('newer') as string,
    });
    expect(kit.certificates.isRevoked(sub)).toBe(true);
    // The same one again changes nothing.
    await kit.certificates.import({ tag: 'revocation-list', pem: read('new.crl') });
  });

  it('that should have been replaced stands in the status until a newer one is imported', async () => {
    await kit.certificates.import({ tag: 'ca', pem: read('root.pem') });
    revocationList('root.crl');
    await kit.certificates.import({ tag: 'revocation-list', pem: read('root.crl') });
    expect(kit.certificates.standing()).toEqual([]);
    kit.clock.shiftMs = 31 * dayMs;
    expect(kit.certificates.standing()).toMatchObject([
      { code: 'revocation-list-old', message: expect.stringContaining('"Root"') as string },
    ]);
  });
});
