/**
 * TLS in front of a plain port, with certificates of its own authority that can be made wrong while it runs. Made by
 * OpenSSL. `present` also cuts what is connected: a kept connection has shown its certificate already.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { programPath } from './tools.ts';

export type TlsFault = 'none' | 'unknown-authority' | 'expired' | 'wrong-name' | 'garbage' | 'hangs-up';

export interface TlsFront {
  readonly port: number;
  /** PEM of the authority whose certificates are right. */
  readonly authority: string;
  present(fault: TlsFault): void;
  stop(): Promise<void>;
}

/** `name`: the domain with its hosts, or IP address, that the right certificate is for. */
export async function startTlsFront(name: string, targetPort: () => number): Promise<TlsFront> {
  const certificates = makeCertificates(name);
  const sockets = new Set<Socket>();
  let fault: TlsFault = 'none';
  const secured = tls.createServer(certificates.none, (client) => {
    const target = net.connect(targetPort(), '127.0.0.1');
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
    client.pipe(target).pipe(client);
  });
  secured.on('tlsClientError', () => undefined);
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    switch (fault) {
      case 'garbage':
        socket.end(Buffer.from('220 this is no TLS\r\n'));
        return;
      case 'hangs-up':
        socket.once('data', () => socket.destroy());
        return;
      default:
        secured.setSecureContext(certificates[fault]);
        secured.emit('connection', socket);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    authority: certificates.authority,
    present: (next) => {
      fault = next;
      for (const socket of sockets) socket.destroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Pair {
  readonly key: string;
  readonly cert: string;
}

function makeCertificates(
  name: string,
): Readonly<Record<Exclude<TlsFault, 'garbage' | 'hangs-up'>, Pair>> & { readonly authority: string } {
  const dir = mkdtempSync(join(tmpdir(), 'edge-sync-tls-front-'));
  const openssl = (...args: readonly string[]): void => {
    execFileSync(programPath('openssl'), args, { cwd: dir, stdio: 'ignore' });
  };
  const authority = (file: string): void =>
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9'],
      ...['-subj', `/CN=${file}`, '-keyout', `${file}.key`, '-out', `${file}.crt`],
      ...['-addext', 'keyUsage=critical,keyCertSign', '-addext', 'basicConstraints=critical,CA:TRUE'],
    );
  const request = (file: string, host: string): void => {
    const alternative = net.isIP(host) === 0 ? `DNS:${host},DNS:*.${host}` : `IP:${host}`;
    writeFileSync(join(dir, `${file}.ext`), `subjectAltName=${alternative}\n`);
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${file}`],
      ...['-keyout', `${file}.key`, '-out', `${file}.csr`],
    );
  };
  const read = (file: string): Pair => ({
    key: readFileSync(join(dir, `${file}.key`), 'utf8'),
    cert: readFileSync(join(dir, `${file}.crt`), 'utf8'),
  });
  const pair = (file: string, of: string, host: string): Pair => {
    request(file, host);
    openssl(
      ...['x509', '-req', '-in', `${file}.csr`, '-CA', `${of}.crt`, '-CAkey', `${of}.key`, '-CAcreateserial'],
      ...['-days', '9', '-extfile', `${file}.ext`, '-out', `${file}.crt`],
    );
    return read(file);
  };
  const expired = (file: string, of: string, host: string): Pair => {
    request(file, host);
    writeFileSync(join(dir, 'index'), '');
    writeFileSync(join(dir, 'serial'), '01');
    writeFileSync(
      join(dir, 'ca.cnf'),
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n',
    );
    openssl(
      ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', `${of}.crt`, '-keyfile', `${of}.key`],
      ...['-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-extfile', `${file}.ext`],
      ...['-in', `${file}.csr`, '-out', `${file}.crt`],
    );
    return read(file);
  };
  try {
    authority('right');
    authority('unknown');
    return {
      none: pair('good', 'right', name),
      'unknown-authority': pair('stranger', 'unknown', name),
      expired: expired('old', 'right', name),
      'wrong-name': pair('other', 'right', 'other.example'),
      authority: readFileSync(join(dir, 'right.crt'), 'utf8'),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
