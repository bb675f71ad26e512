/**
 * Orthanc as a PACS with DICOMweb on loopback, in a temp folder; and what lies in it, read past our code. TLS ends in front
 * of it, as with a reverse proxy: Debian's Orthanc 1.10.1 crashes when it does TLS itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { endChild, freePort } from './dicom-peers.ts';
import { makeTestAuthority, type TestAuthority } from './test-authority.ts';
import { programPath } from './tools.ts';

const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const user = 'edge';
const password = 'a pass:word with a colon';

export interface DicomwebOrthanc {
  /** Root of its DICOMweb service. */
  readonly url: string;
  readonly authority: TestAuthority;
  /** PEM file with the authority's certificate. */
  readonly authorityFile: string;
  /** USER:PASSWORD. */
  readonly credential: string;
  readonly folder: string;
  /** Orthanc's own interface. */
  ask(path: string, method?: 'GET' | 'DELETE'): Promise<{ readonly status: number; readonly body: Buffer }>;
  /** The only file with this SOP Instance UID, as it lies there. */
  fileOf(sopInstanceUid: string): Promise<Buffer>;
  instances(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** `clients`: what it asks of who connects. */
export async function startDicomwebOrthanc(
  clients: 'password' | 'certificate' = 'password',
  more: Readonly<Record<string, unknown>> = {},
): Promise<DicomwebOrthanc> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-pacs-'));
  const authority = await makeTestAuthority();
  const server = await authority.server();
  const port = await freePort();
  const authorityFile = join(folder, 'authority.pem');
  await writeFile(authorityFile, authority.certificate);
  const config = {
    Name: 'pacs',
    StorageDirectory: join(folder, 'data'),
    IndexDirectory: join(folder, 'data'),
    Plugins: [plugin],
    HttpPort: port,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: clients === 'password',
    RegisteredUsers: { [user]: password },
    DicomServerEnabled: false,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
    ...more,
  };
  const file = join(folder, 'orthanc.json');
  await writeFile(file, JSON.stringify(config));
  const child: ChildProcess = spawn(programPath('Orthanc'), [file], { stdio: 'ignore' });
  const ask = (path: string, method: 'GET' | 'DELETE' = 'GET'): Promise<{ status: number; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port, path, method, agent: false, auth: `${user}:${password}` },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
          );
          response.on('error', reject);
        },
      );
      request.on('error', reject);
      request.end();
    });
  const sockets = new Set<Socket>();
  const front = tls.createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: authority.certificate,
      requestCert: clients === 'certificate',
      rejectUnauthorized: clients === 'certificate',
    },
    (client) => {
      const target = net.connect(port, '127.0.0.1');
      for (const socket of [client, target]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
      client.once('close', () => target.destroy());
      target.once('close', () => client.destroy());
      client.pipe(target).pipe(client);
    },
  );
  front.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => front.close(resolve));
    await endChild(child);
    await rm(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask('/system').catch(() => undefined);
    if (answer?.status === 200) break;
    if (attempt === 300 || child.exitCode !== null) {
      await stop();
      throw new Error(`Orthanc did not start (${answer?.status ?? 'no answer'})`);
    }
    await sleep(100);
  }
  const instances = async (): Promise<readonly string[]> =>
    JSON.parse((await ask('/instances')).body.toString()) as string[];
  return {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}/dicom-web`,
    authority,
    authorityFile,
    credential: `${user}:${password}`,
    folder,
    ask,
    instances,
    fileOf: async (sopInstanceUid) => {
      const found: Buffer[] = [];
      for (const id of await instances()) {
        const uid = (await ask(`/instances/${id}/content/0008,0018`)).body.toString().replace(/[\0 ]+$/, '');
        if (uid === sopInstanceUid) found.push((await ask(`/instances/${id}/file`)).body);
      }
      const [only, ...others] = found;
      if (only === undefined || others.length > 0) throw new Error(`it holds ${found.length} of them`);
      return only;
    },
    stop,
  };
}
