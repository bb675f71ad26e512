import http from 'node:http';
import https from 'node:https';
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

function watchForStall(stream: Duplex | null | undefined): typeof stream {
  if (stream !== null && stream !== undefined && 'setTimeout' in stream) {
    stream.on('timeout', () => stream.destroy(new StalledError('nothing moved on the connection')));
  }
  return stream;
}

const options = { keepAlive: true, timeout: stallTimeoutMs, maxSockets, maxFreeSockets: 16, noDelay: true };

class BoundedHttpAgent extends http.Agent {
  override createConnection(request: http.ClientRequestArgs, created?: Created): Duplex | null | undefined {
    return watchForStall(super.createConnection(request, created));
  }
}

class BoundedHttpsAgent extends https.Agent {
  override createConnection(
    request: https.RequestOptions,
    created?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    return watchForStall(super.createConnection(request, created));
  }
}

/** Keep-alive connections of one store: a stalled one is destroyed, and `destroy()` closes them all. */
export function boundedAgentFor(url: string): http.Agent | https.Agent {
  if (!url.startsWith('https:')) return new BoundedHttpAgent(options);
  const ca = trustedAuthorities();
  return new BoundedHttpsAgent({ ...options, ...(ca === undefined ? {} : { ca: [...ca] }) });
}
