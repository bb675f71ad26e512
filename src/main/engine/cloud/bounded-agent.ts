import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { trustedAuthorities } from '../system/trusted-authorities.ts';

/** A connection on which nothing moves, in either direction, for this long is dead. */
export const stallTimeoutMs = 60_000;
/** More than the requests one destination has under way at once (32 objects at most, a few blocks each). */
const maxSockets = 64;

type Created = (error: Error | null, stream: Duplex) => void;

export class StalledError extends Error {
  readonly code = 'ETIMEDOUT';
}

export function watchForStall(stream: Duplex | null | undefined): typeof stream {
  if (stream !== null && stream !== undefined && 'setTimeout' in stream) {
    stream.on('timeout', () => stream.destroy(new StalledError('nothing moved on the connection')));
  }
  return stream;
}

export const connectionOptions = {
  keepAlive: true,
  timeout: stallTimeoutMs,
  maxSockets,
  maxFreeSockets: 16,
  noDelay: true,
};

/**
 * While it waits for reuse a connection has the time that the service's Keep-Alive header gives it, mostly a few
 * seconds. Node leaves it at that for the next request too, which would end one that is only slow.
 */
export function inUseAgain(stream: Duplex, timeoutMs = stallTimeoutMs): void {
  if ('setTimeout' in stream && typeof stream.setTimeout === 'function') {
    (stream as Socket).setTimeout(timeoutMs);
  }
}

class BoundedHttpAgent extends http.Agent {
  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(socket, request);
    inUseAgain(socket);
  }

  override createConnection(request: http.ClientRequestArgs, created?: Created): Duplex | null | undefined {
    return watchForStall(super.createConnection(request, created));
  }
}

class BoundedHttpsAgent extends https.Agent {
  override reuseSocket(socket: Duplex, request: http.ClientRequest): void {
    super.reuseSocket(socket, request);
    inUseAgain(socket);
  }

  override createConnection(
    request: https.RequestOptions,
    created?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    return watchForStall(super.createConnection(request, created));
  }
}

/**
 * Keep-alive connections of one store: a stalled one is destroyed, and `destroy()` closes them all.
 * @param ca PEM; who is trusted, default: the runtime's and the operating system's.
 */
export function boundedAgentFor(
  url: string,
  ca: readonly string[] | undefined = trustedAuthorities(),
): http.Agent | https.Agent {
  if (!url.startsWith('https:')) return new BoundedHttpAgent(connectionOptions);
  return new BoundedHttpsAgent({ ...connectionOptions, ...(ca === undefined ? {} : { ca: [...ca] }) });
}
