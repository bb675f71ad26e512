/** Real DICOM peers for tests: DCMTK's programs on free ports, a byte-level peer, and an intake that keeps its bytes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeSyncError } from '../../src/shared/errors.ts';
import type {
  Announcement,
  Intake,
  IntakeOutcome,
  IntakeStream,
} from '../../src/main/engine/intake/intake-port.ts';
import type { IncidentReport } from '../../src/main/engine/model.ts';
import type { Authorize } from '../../src/main/engine/receive/authorize.ts';
import { StorageScp } from '../../src/main/engine/receive/storage-scp.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import type { Clock } from '../../src/main/engine/ports.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { programPath } from './tools.ts';

/** How storescu proposes a file's own syntax; without an entry it proposes the uncompressed ones. */
export const syntaxProposals: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2': '-xi',
  '1.2.840.10008.1.2.2': '-xb',
  '1.2.840.10008.1.2.1.99': '-xd',
  '1.2.840.10008.1.2.5': '-xr',
  '1.2.840.10008.1.2.4.50': '-xy',
  '1.2.840.10008.1.2.4.51': '-xx',
  '1.2.840.10008.1.2.4.57': '-xs',
  '1.2.840.10008.1.2.4.70': '-xs',
  '1.2.840.10008.1.2.4.80': '-xt',
  '1.2.840.10008.1.2.4.81': '-xu',
  '1.2.840.10008.1.2.4.90': '-xv',
  '1.2.840.10008.1.2.4.91': '-xw',
};

export interface ToolResult {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end; stdout and stderr together. Killed after `timeoutMs`. */
export async function runPeer(
  program: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number } = {},
): Promise<ToolResult> {
  const child = spawn(programPath(program), [...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output: Buffer.concat(output).toString('latin1') };
}

/** A port nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** DCMTK's storescp, writing what it gets into `folder`; `stop` ends it. */
export async function startStorescp(
  folder: string,
  args: readonly string[],
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const port = await freePort();
  const child = spawn(programPath('storescp'), ['-od', folder, ...args, String(port)], { stdio: 'ignore' });
  for (let attempt = 0; ; attempt += 1) {
    if (await canConnect(port)) break;
    if (attempt === 100 || child.exitCode !== null) throw new Error('storescp did not start');
    await sleep(50);
  }
  return { port, stop: () => endChild(child) };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ends a process that the test started. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export interface KeptInstance {
  readonly announcement: Announcement;
  readonly dataset: Buffer;
}

/** An intake in memory. Its knobs stand for a slow disk, a full disk and a refusal. */
export class MemoryIntake implements Intake {
  readonly stored: KeptInstance[] = [];
  begun = 0;
  aborted = 0;
  /** Bytes of all streams, kept or not. */
  sizeBytes = 0;
  /** Set to false to count bytes only. */
  keeps = true;
  beforeWrite: ((bytes: number) => Promise<void> | undefined) | undefined;
  beforeFinish: (() => Promise<void> | undefined) | undefined;
  outcome: ((announcement: Announcement) => IntakeOutcome) | undefined;
  unavailable: EdgeSyncError | undefined;

  /** Streams that are neither finished nor aborted. */
  get open(): number {
    return this.begun - this.aborted - this.finished;
  }
  finished = 0;

  refusal(): EdgeSyncError | undefined {
    return this.unavailable;
  }

  begin(announcement: Announcement): IntakeStream {
    this.begun += 1;
    const chunks: Buffer[] = [];
    return {
      write: (chunk) => {
        this.sizeBytes += chunk.length;
        if (this.keeps) chunks.push(Buffer.from(chunk));
        return this.beforeWrite?.(chunk.length);
      },
      finish: async () => {
        await this.beforeFinish?.();
        this.finished += 1;
        const outcome = this.outcome?.(announcement);
        if (outcome !== undefined && outcome.tag === 'refused') return outcome;
        if (this.keeps) this.stored.push({ announcement, dataset: Buffer.concat(chunks) });
        return outcome ?? { tag: 'stored', objectName: '', sizeBytes: 0, flags: [] };
      },
      abort: () => {
        this.aborted += 1;
        return Promise.resolve();
      },
    };
  }
}

export interface TestNode {
  readonly scp: StorageScp;
  readonly port: number;
  readonly intake: MemoryIntake;
  readonly incidents: IncidentReport[];
  readonly logger: FakeLogger;
}

/** A Storage SCP called EDGESYNC on a free loopback port. */
export async function startNode(
  options: {
    readonly maxAssociations?: number;
    readonly authorize?: Authorize;
    readonly clock?: Clock;
    readonly host?: string;
    readonly port?: number;
  } = {},
): Promise<TestNode> {
  const intake = new MemoryIntake();
  const incidents: IncidentReport[] = [];
  const logger = new FakeLogger();
  const scp = new StorageScp({
    intake,
    clock: options.clock ?? new SystemClock(),
    logger,
    reportIncident: (incident) => void incidents.push(incident),
    settings: {
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      aeTitle: 'EDGESYNC',
      maxAssociations: options.maxAssociations ?? 25,
    },
    ...(options.authorize === undefined ? {} : { authorize: options.authorize }),
  });
  const { port } = await scp.start();
  return { scp, port, intake, incidents, logger };
}

/** Arguments that end every DCMTK call to a test node. */
export function toNode(port: number, calledAe = 'EDGESYNC', callingAe = 'MODALITY'): string[] {
  return ['-aet', callingAe, '-aec', calledAe, '127.0.0.1', String(port)];
}

/** A peer that speaks bytes: sends what it is told and gathers what comes back. */
export class BytePeer {
  readonly socket: Socket;
  readonly #received: Buffer[] = [];
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  static async connect(port: number): Promise<BytePeer> {
    const socket = connect({ port, host: '127.0.0.1' });
    const peer = new BytePeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  send(...bytes: readonly Uint8Array[]): void {
    for (const part of bytes) this.socket.write(part);
  }

  /** Whole PDUs received so far: type and body. */
  pdus(): { readonly type: number; readonly body: Buffer }[] {
    const all = this.received;
    const found: { type: number; body: Buffer }[] = [];
    for (let at = 0; at + 6 <= all.length;) {
      const length = all.readUInt32BE(at + 2);
      if (at + 6 + length > all.length) break;
      found.push({ type: all.readUInt8(at), body: all.subarray(at + 6, at + 6 + length) });
      at += 6 + length;
    }
    return found;
  }

  /** Resolves with the PDU of the given number (from 0), or rejects when the connection closes before. */
  async pdu(number: number): Promise<{ readonly type: number; readonly body: Buffer }> {
    for (;;) {
      const found = this.pdus()[number];
      if (found !== undefined) return found;
      if (this.isClosed) throw new Error(`closed before PDU ${number}`);
      const settled = new AbortController();
      const { signal } = settled;
      await Promise.race([once(this.socket, 'data', { signal }), once(this.socket, 'close', { signal })]);
      // Takes away the listener that did not come to anything.
      settled.abort();
    }
  }

  /** In whatever way: a reset closes it too, and comes instead of an orderly end when unread bytes were left. */
  async closed(): Promise<void> {
    if (!this.isClosed) await new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** Vanishes: RST, as when the other PC loses power and its network card answers for it. */
  vanish(): void {
    this.socket.resetAndDestroy();
  }
}

/** Waits for a condition about something outside (a socket, a process); fails after 10 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    if (condition()) return;
    await sleep(10);
  }
  throw new Error(`never happened: ${what}`);
}
