import { randomBytes, timingSafeEqual } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from '../../shared/contract.ts';
import { EdgeSyncError, isErrorCode } from '../../shared/errors.ts';
import {
  challengeHeader,
  challengePath,
  proofOf,
  readRuntime,
  tokenHeader,
  type Runtime,
} from './runtime-file.ts';

/** A busy engine answers later; one that does not answer for this long is of no use to a person. */
const proofWithinMs = 10_000;

export type EngineClient = ContractRouterClient<Contract>;

/**
 * A client of the engine that runs on `dataDir`. Each call looks the engine up anew, so the client outlives restarts
 * of the engine. Calls reject with EdgeSyncError: `engine-not-running` when nobody answers, else the engine's own code.
 */
export function createEngineClient(where: { readonly dataDir: string }): EngineClient {
  const link = new RPCLink({
    url: 'http://engine/rpc',
    fetch: async (request) => {
      const runtime = await readRuntime(where.dataDir);
      if (runtime === undefined || !(await isOurs(runtime))) throw new EdgeSyncError('engine-not-running');
      return socketFetch(runtime.socketPath, runtime.token, request);
    },
    interceptors: [withOurErrors],
  });
  return createORPCClient(link);
}

/** An interceptor of oRPC's clients: calls and streams reject with the EdgeSyncError that the engine threw. */
export async function withOurErrors<Result>(call: { readonly next: () => Promise<Result> }): Promise<Result> {
  try {
    const result = await call.next();
    return isStream(result) ? (translated(result) as Result) : result;
  } catch (error) {
    throw fromRpcError(error);
  }
}

function isStream(result: unknown): result is AsyncIteratorObject<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result && 'next' in result;
}

/** The same stream; not a generator, which would not pass on an end that comes before its first event. */
function translated(events: AsyncIteratorObject<unknown>): AsyncIteratorObject<unknown> {
  const told = (error: unknown): never => {
    throw fromRpcError(error);
  };
  const stream: AsyncIteratorObject<unknown> = {
    next: () => events.next().catch(told),
    return: async (value) => (await events.return?.(value)) ?? { done: true, value },
    throw: async (error: unknown) => (await events.throw?.(error)) ?? told(error),
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => {
      await events.return?.();
    },
  };
  return stream;
}

/** Turns what oRPC throws back into the EdgeSyncError the engine threw. */
function fromRpcError(error: unknown): unknown {
  if (!(error instanceof ORPCError)) return error;
  // The contract's own check of arguments: nothing the engine did.
  if (error.code === 'BAD_REQUEST')
    return new EdgeSyncError('usage', 'a value is too long or of the wrong form', { cause: error });
  const data: unknown = error.data;
  if (typeof data === 'object' && data !== null && 'code' in data && isErrorCode(data.code)) {
    const message = 'message' in data && typeof data.message === 'string' ? data.message : undefined;
    return new EdgeSyncError(data.code, detailOf(data.code, message), { cause: error });
  }
  return new EdgeSyncError('internal', undefined, { cause: error });
}

/** The part of a report's message behind "facts: ", so that the rebuilt error reads the same. */
function detailOf(code: EdgeSyncError['code'], message: string | undefined): string | undefined {
  const plain = new EdgeSyncError(code).message;
  return message?.startsWith(`${plain}: `) === true ? message.slice(plain.length + 2) : undefined;
}

/**
 * Whether it is our engine that answers at the address, before a token, word or credential is sent there: after a
 * crash somebody else may have taken the place.
 */
async function isOurs(runtime: Runtime): Promise<boolean> {
  const challenge = randomBytes(32).toString('hex');
  const answer = await new Promise<string>((resolve) => {
    const asked = httpRequest(
      {
        socketPath: runtime.socketPath,
        path: challengePath,
        headers: { [challengeHeader]: challenge, host: 'engine' },
        agent: false,
        timeout: proofWithinMs,
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk;
          if (text.length > 1024) incoming.destroy();
        });
        incoming.once('close', () => resolve(text));
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(''));
    asked.end();
  });
  const expected = Buffer.from(proofOf(runtime.token, challenge));
  const given = Buffer.from(answer);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** fetch over a Unix socket or named pipe. Streams both ways; an aborted request closes the connection. */
async function socketFetch(socketPath: string, token: string, request: Request): Promise<Response> {
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const url = new URL(request.url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath,
        path: url.pathname + url.search,
        method: request.method,
        headers: { ...Object.fromEntries(request.headers), [tokenHeader]: token, host: 'engine' },
        // One that is kept open is closed by the engine after a while, perhaps just as the next call goes out on it.
        agent: false,
        signal: request.signal,
      },
      (incoming) => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(incoming.headers)) {
          if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
        }
        const status = incoming.statusCode ?? 500;
        const empty = status === 204 || status === 304;
        resolve(
          new Response(empty ? null : (Readable.toWeb(incoming) as unknown as ReadableStream), {
            status,
            headers,
          }),
        );
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const gone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(gone ? new EdgeSyncError('engine-not-running', undefined, { cause: error }) : error);
    });
    outgoing.end(body);
  });
}
