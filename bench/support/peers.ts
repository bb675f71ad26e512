/** The receivers and the sender of the benches, each in a folder of its own. */
import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findProgram,
  howToGet,
  isPresent,
  repositoryRoot,
  requiredTool,
} from '../../scripts/required-tools.ts';
import { background, freePort, mustRun, runToEnd, untilReady, type Background } from './process.ts';

/** Installs missing Debian packages as root. @throws Error with the command to run otherwise */
export async function ensurePeers(tools: readonly string[], say: (line: string) => void): Promise<void> {
  const missing = tools.map(requiredTool).filter((tool) => !isPresent(tool));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0)
    throw new Error(`bench: missing on this machine; as root: ${howToGet(missing)}`);
  const packages = missing.flatMap(({ source }) => (source.tag === 'debian' ? [source.package] : []));
  say(`installing ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await mustRun('apt-get', ['update', '-qq'], { env });
  await mustRun('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

/** A receiver that runs. */
export interface Receiver {
  readonly aeTitle: string;
  readonly port: number;
  readonly pid: number;
  /** More arguments for storescu: certificates, for a receiver that wants TLS. */
  readonly senderArguments?: readonly string[];
  /** How many images it holds now. */
  stored(): Promise<number>;
  stop(): Promise<void>;
}

export type StartReceiver = (folder: string, nagle: Nagle) => Promise<Receiver>;

/**
 * `off`: DCMTK's programs and Orthanc, which is built on it, send small packets at once, at both ends. Measured here:
 * with storescp it is the receiver's setting that decides, since its answers are two writes each.
 * `on`: Debian's DCMTK as it comes.
 */
export type Nagle = 'off' | 'on';

function nagleEnvironment(nagle: Nagle): Readonly<Record<string, string>> {
  return nagle === 'off' ? { TCP_NODELAY: '1' } : {};
}

function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`bench: ${name} is not installed`);
  return path;
}

async function echoes(aeTitle: string, port: number): Promise<boolean> {
  const { code } = await runToEnd(program('echoscu'), [
    '-to',
    '1',
    '-aec',
    aeTitle,
    '127.0.0.1',
    String(port),
  ]);
  return code === 0;
}

const passphrase = 'bench only, nothing is kept';

/** The engine's settings, and what is done with it when it runs. */
interface EngineWishes {
  readonly dicom: Readonly<Record<string, unknown>>;
  readonly prepare: (folder: string, ready: ReadyLine) => Promise<Pick<Receiver, 'port' | 'senderArguments'>>;
}

const plainEngine: EngineWishes = {
  dicom: { port: 0 },
  prepare: (_folder, ready) => Promise.resolve({ port: ready.dicom.port }),
};

/** A certificate for the sender by the engine's own site CA, and a pairing by its fingerprint. */
const tlsEngine: EngineWishes = {
  dicom: { port: 0, tls: { enabled: true, port: 0 } },
  prepare: async (folder, ready) => {
    const certificate = join(folder, 'sender');
    await edgeSync(folder, ['certificates', 'issue', 'bench', '--out', certificate]);
    const { fingerprint256 } = new X509Certificate(await readFile(`${certificate}.crt`));
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
    await edgeSync(folder, ['devices', 'pair', 'bench', '--aet', 'STORESCU', '--certificate', fingerprint]);
    const port = ready.dicom.tlsPort;
    if (port === null) throw new Error('bench: the engine does not listen with TLS');
    const files = [`${certificate}.key`, `${certificate}.crt`, '+cf', `${certificate}.ca.crt`];
    return { port, senderArguments: ['+tls', ...files] };
  },
};

export const engineScript = join(repositoryRoot, 'bin/edge-sync.js');
export const engineEnvironment = { EDGE_SYNC_PASSPHRASE: passphrase } as const;

/** Our engine with a passphrase key store and the destinations given (none: it only receives). */
export function startEdgeSync(
  destinations: readonly unknown[] = [],
  environment: Readonly<Record<string, string>> = {},
  wishes: EngineWishes = plainEngine,
): StartReceiver {
  return async (folder) => {
    const config = join(folder, 'config.json');
    const dataDir = join(folder, 'data');
    const settings = {
      dicom: wishes.dicom,
      keys: { store: 'passphrase' },
      destinations,
      log: { level: 'warn' },
    };
    await writeFile(config, JSON.stringify(settings));
    const engine = background(
      process.execPath,
      [engineScript, 'serve', '--data-dir', dataDir, '--config', config],
      {
        cwd: folder,
        env: { ...engineEnvironment, ...environment },
      },
    );
    const ready = await engine.line(parseReady);
    return {
      aeTitle: ready.dicom.aet,
      pid: ready.pid,
      ...(await wishes.prepare(folder, ready)),
      stored: async () => (await edgeSyncStatus(folder)).counts.received,
      stop: () => engine.stop(),
    };
  };
}

/** The same over mutual TLS (1.3, where the sender knows it). */
export function startEdgeSyncWithTls(): StartReceiver {
  return startEdgeSync([], {}, tlsEngine);
}

interface ReadyLine {
  readonly dicom: { readonly port: number; readonly tlsPort: number | null; readonly aet: string };
  readonly pid: number;
}

function parseReady(line: string): ReadyLine | undefined {
  if (!line.startsWith('{')) return undefined;
  const value = JSON.parse(line) as { readonly event?: string; readonly message?: string };
  if (value.event === 'failed') throw new Error(`the engine did not start: ${value.message ?? ''}`);
  return value.event === 'ready' ? (value as unknown as ReadyLine) : undefined;
}

export interface EngineCounts {
  readonly counts: {
    readonly received: number;
    readonly verified: number;
    readonly failed: number;
    readonly parked: number;
  };
}

function placesOf(folder: string): readonly string[] {
  return ['--data-dir', join(folder, 'data'), '--config', join(folder, 'config.json')];
}

/** A command to the engine in `folder`; what it prints. */
function edgeSync(folder: string, command: readonly string[]): Promise<string> {
  return mustRun(process.execPath, [engineScript, ...command, ...placesOf(folder)], {
    env: engineEnvironment,
  });
}

/** `edge-sync status --json` of the engine in `folder`. */
export async function edgeSyncStatus(folder: string): Promise<EngineCounts> {
  const args = [engineScript, 'status', '--json', ...placesOf(folder)];
  const { out, err } = await runToEnd(process.execPath, args, { env: engineEnvironment });
  try {
    return JSON.parse(out) as EngineCounts;
  } catch {
    throw new Error(`edge-sync status gave no JSON: ${err.trim()}`);
  }
}

/** DCMTK's storescp, bit-preserving; `extra` for forking or a command per image. */
export function startStorescp(extra: (inbox: string) => readonly string[] = () => []): StartReceiver {
  return async (folder, nagle) => {
    const inbox = join(folder, 'inbox');
    await mkdir(inbox, { recursive: true });
    const port = await freePort();
    const args = ['+B', '-aet', 'STORESCP', '-pdu', '131072', '-od', inbox, ...extra(inbox), String(port)];
    const server = background(program('storescp'), args, { cwd: folder, env: nagleEnvironment(nagle) });
    await untilReady('storescp', () => echoes('STORESCP', port));
    return receiverOf(server, 'STORESCP', port, async () => (await readdir(inbox)).length);
  };
}

/** Orthanc with its index and storage in the folder, no plugins. */
export const startOrthanc: StartReceiver = async (folder, nagle) => {
  const port = await freePort();
  const httpPort = await freePort();
  const config = join(folder, 'orthanc.json');
  const storage = join(folder, 'storage');
  await writeFile(
    config,
    JSON.stringify({
      Name: 'bench',
      StorageDirectory: storage,
      IndexDirectory: storage,
      HttpPort: httpPort,
      DicomPort: port,
      DicomAet: 'ORTHANC',
      DicomAlwaysAllowStore: true,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      Plugins: [],
    }),
  );
  const server = background(program('Orthanc'), [config], { cwd: folder, env: nagleEnvironment(nagle) });
  await untilReady('Orthanc', () => echoes('ORTHANC', port));
  return receiverOf(server, 'ORTHANC', port, async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/statistics`);
    return ((await response.json()) as { CountInstances: number }).CountInstances;
  });
};

function receiverOf(
  server: Background,
  aeTitle: string,
  port: number,
  stored: () => Promise<number>,
): Receiver {
  return { aeTitle, port, pid: server.pid, stored, stop: () => server.stop() };
}

/** Sends whole folders with storescu, one process and association per folder, all at once. */
export async function sendFolders(
  receiver: Receiver,
  folders: readonly string[],
  nagle: Nagle,
): Promise<void> {
  const env = nagleEnvironment(nagle);
  const one = (folder: string): Promise<string> =>
    mustRun(
      program('storescu'),
      [
        ...['-aec', receiver.aeTitle, '-pdu', '131072', ...(receiver.senderArguments ?? [])],
        ...['+sd', '127.0.0.1', String(receiver.port), folder],
      ],
      { env },
    );
  await Promise.all(folders.map(one));
}
