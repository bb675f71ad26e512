/** The receivers and the sender of the benches, each in a folder of its own. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
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

export const engineScript = join(repositoryRoot, 'bin/edge-sync.js');
export const engineEnvironment = { EDGE_SYNC_PASSPHRASE: passphrase } as const;

/** Our engine with a passphrase key store and the destinations given (none: it only receives). */
export function startEdgeSync(
  destinations: readonly unknown[] = [],
  environment: Readonly<Record<string, string>> = {},
): StartReceiver {
  return async (folder) => {
    const config = join(folder, 'config.json');
    const dataDir = join(folder, 'data');
    const settings = {
      dicom: { port: 0 },
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
      port: ready.dicom.port,
      pid: ready.pid,
      stored: async () => (await edgeSyncStatus(folder)).counts.received,
      stop: () => engine.stop(),
    };
  };
}

interface ReadyLine {
  readonly dicom: { readonly port: number; readonly aet: string };
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

/** `edge-sync status --json` of the engine in `folder`. */
export async function edgeSyncStatus(folder: string): Promise<EngineCounts> {
  const args = [
    'status',
    '--json',
    '--data-dir',
    join(folder, 'data'),
    '--config',
    join(folder, 'config.json'),
  ];
  const { out, err } = await runToEnd(process.execPath, [engineScript, ...args], { env: engineEnvironment });
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
      ['-aec', receiver.aeTitle, '-pdu', '131072', '+sd', '127.0.0.1', String(receiver.port), folder],
      { env },
    );
  await Promise.all(folders.map(one));
}
