/** Which proxy a PAC script chooses for a service: the script fetched now and then, evaluated apart, answers kept. */
import { open } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { boundedAgentFor } from './bounded-agent.ts';
import type { PacQuestion, PacReply } from './pac-worker.ts';
import { systemCode } from './service-answers.ts';

/** Those of large companies have some tens of kilobytes. */
export const maxScriptBytes = 256 * 1024;
const fetchTimeoutMs = 10_000;
const evaluateTimeoutMs = 10_000;
/** So often it is fetched again; what cannot be fetched then is used as it was, for a day. */
export const refetchMs = 30 * 60_000;
const longestUseMs = 24 * 3_600_000;
/** A script may answer by the time of day or the network this PC is in. */
export const keepAnswerMs = 5 * 60_000;
const mostAnswers = 200;
const mostChoices = 8;
/** Whether the first of several proxies answers at all. */
const connectTimeoutMs = 5000;
const workerHeapMiB = 64;

/** One way out; `proxy` is an address without a credential. */
export type Way = { readonly tag: 'direct' } | { readonly tag: 'proxy'; readonly proxy: string };

export interface PacScriptOptions {
  /** A whole path, or an http(s) address. */
  readonly from: string;
  /** Trusted when it is fetched over https; undefined: as everywhere. */
  readonly authorities?: readonly string[] | undefined;
  /** An address of this PC, for myIpAddress(). */
  readonly ownAddress: () => string;
  readonly clock: Clock;
}

export class PacScript {
  readonly #options: PacScriptOptions;
  #script: { readonly text: string; readonly atMs: number } | undefined;
  #loading: Promise<string> | undefined;
  /** By scheme and host; monotonic. */
  readonly #answers = new Map<string, { readonly ways: readonly Way[]; readonly atMs: number }>();

  constructor(options: PacScriptOptions) {
    this.#options = options;
  }

  /**
   * The way to `url`: of several that the script names the first whose proxy takes connections.
   * @throws EdgeSyncError proxy-script-unreadable, proxy-script-failed.
   */
  async wayTo(url: string): Promise<Way> {
    const ways = await this.#waysTo(new URL(url));
    const [first] = ways;
    if (first === undefined)
      throw new EdgeSyncError('proxy-script-failed', 'it named no proxy that is known');
    if (ways.length === 1) return first;
    for (const way of ways) if (way.tag === 'direct' || (await takesConnections(way.proxy))) return way;
    return first;
  }

  async #waysTo({ protocol, hostname }: URL): Promise<readonly Way[]> {
    const { clock, ownAddress } = this.#options;
    const key = `${protocol}//${hostname}/`;
    const known = this.#answers.get(key);
    if (known !== undefined && clock.monotonicMs() - known.atMs < keepAnswerMs) return known.ways;
    const script = await this.#load();
    const host = hostname.replace(/^\[|\]$/g, '');
    const ways = waysOf(await evaluate({ script, url: key, host, ownAddress: ownAddress() }, clock));
    if (this.#answers.size >= mostAnswers) this.#answers.clear();
    this.#answers.set(key, { ways, atMs: clock.monotonicMs() });
    return ways;
  }

  #load(): Promise<string> {
    const { clock, from } = this.#options;
    const had = this.#script;
    if (had !== undefined && clock.monotonicMs() - had.atMs < refetchMs) return Promise.resolve(had.text);
    this.#loading ??= (isWebAddress(from) ? this.#fetch(from) : readScript(from))
      .then((text) => {
        this.#script = { text, atMs: clock.monotonicMs() };
        return text;
      })
      .catch((error: unknown) => {
        if (had !== undefined && clock.monotonicMs() - had.atMs < longestUseMs) return had.text;
        throw error;
      })
      .finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #fetch(address: string): Promise<string> {
    const { authorities } = this.#options;
    const agent = boundedAgentFor(address, authorities);
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    try {
      return await new Promise<string>((resolve, reject) => {
        const request = (address.startsWith('https:') ? https : http).get(address, { agent, signal });
        request.once('error', reject);
        request.once('response', (answer) => {
          if (answer.statusCode !== 200) {
            answer.destroy();
            reject(unreadable(`the answer was ${answer.statusCode ?? 0}`));
            return;
          }
          const chunks: Buffer[] = [];
          let bytes = 0;
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            chunks.push(chunk);
            if (bytes > maxScriptBytes) answer.destroy(unreadable('it is too long'));
          });
          answer.once('error', reject);
          answer.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
        });
      });
    } catch (error) {
      if (error instanceof EdgeSyncError) throw error;
      throw unreadable(signal.aborted ? 'no answer in time' : systemCode(error), error);
    } finally {
      agent.destroy();
    }
  }
}

export function isWebAddress(from: string): boolean {
  return /^https?:\/\//i.test(from);
}

/**
 * What FindProxyForURL gives back: `PROXY host:port; SOCKS host:port; DIRECT`. What is not understood is passed over.
 */
export function waysOf(answer: string): readonly Way[] {
  return answer
    .split(';')
    .slice(0, mostChoices)
    .flatMap((one): readonly Way[] => {
      const [kind = '', target = '', ...rest] = one.trim().split(/\s+/);
      if (kind.toUpperCase() === 'DIRECT' && target === '') return [{ tag: 'direct' }];
      const scheme = schemes.get(kind.toUpperCase());
      if (scheme === undefined || rest.length > 0 || !/^[A-Za-z0-9.[\]:_-]{1,260}$/.test(target)) return [];
      const proxy = `${scheme}://${target}`;
      return URL.canParse(proxy) && new URL(proxy).hostname !== '' ? [{ tag: 'proxy', proxy }] : [];
    });
}

const schemes: ReadonlyMap<string, string> = new Map([
  ['PROXY', 'http'],
  ['HTTP', 'http'],
  ['HTTPS', 'https'],
  ['SOCKS', 'socks5'],
  ['SOCKS5', 'socks5'],
  ['SOCKS4', 'socks4'],
]);

const usualPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

async function takesConnections(proxy: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(proxy);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: port === '' ? (usualPorts[protocol] ?? 1080) : Number(port) });
  socket.setTimeout(connectTimeoutMs);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('timeout', () => resolve(false));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

async function readScript(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(maxScriptBytes + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      if (bytesRead > maxScriptBytes) throw unreadable('it is too long');
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof EdgeSyncError ? error : unreadable(systemCode(error), error);
  }
}

async function evaluate(question: PacQuestion, clock: Clock): Promise<string> {
  const script = import.meta.url.endsWith('.ts') ? './pac-worker.ts' : './pac-worker.js';
  const worker = new Worker(new URL(script, import.meta.url), {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: workerHeapMiB },
    // Nothing of it gets anywhere: no standard streams, no environment.
    stdin: false,
    stdout: true,
    stderr: true,
    env: {},
    execArgv: [],
  });
  const { promise, resolve } = Promise.withResolvers<PacReply | 'too-slow'>();
  const timer = clock.after(evaluateTimeoutMs, () => resolve('too-slow'));
  worker.once('message', (reply: PacReply) => resolve(reply));
  worker.once('error', () => resolve({ tag: 'failed' }));
  worker.once('exit', () => resolve({ tag: 'failed' }));
  try {
    const reply = await promise;
    if (reply === 'too-slow') throw new EdgeSyncError('proxy-script-failed', 'it took too long');
    if (reply.tag === 'failed') throw new EdgeSyncError('proxy-script-failed');
    return reply.text;
  } finally {
    timer.cancel();
    await worker.terminate();
  }
}

function unreadable(detail: string, cause?: unknown): EdgeSyncError {
  return new EdgeSyncError('proxy-script-unreadable', detail === '' ? undefined : detail, { cause });
}
