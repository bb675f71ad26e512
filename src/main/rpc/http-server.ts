import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../engine/ports.ts';
import { challengeHeader, challengePath, proofOf } from './runtime-file.ts';

/**
 * Answers a client that wants to know, before it sends anything, whether this is the engine of its runtime file.
 * False when the request is something else.
 */
export function answersChallenge(request: IncomingMessage, response: ServerResponse, token: string): boolean {
  const challenge = request.headers[challengeHeader];
  if (request.url !== challengePath || typeof challenge !== 'string' || challenge.length > 128) return false;
  response.end(proofOf(token, challenge));
  return true;
}

/** Answers with a status and nothing else. */
export function refuse(response: ServerResponse, status: 403 | 404 | 405 | 421): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-length': 0, connection: 'close' }).end();
}

/** More windows, tabs and commands than one PC has; DICOM and the spool need descriptors too. */
const maxConnections = 64;
/** A request of ours is whole at once; answers (event streams) may last. */
const requestWithinMs = 10_000;

/** Bounds a server that is listening: connections, slow requests; an error at run time does not end the engine. */
export function guardServer(server: Server): void {
  server.maxConnections = maxConnections;
  server.headersTimeout = requestWithinMs;
  server.requestTimeout = requestWithinMs;
  server.removeAllListeners('error');
  server.on('error', () => undefined);
}

/** Closes a server: lets answers finish for at most `ms`, then cuts what is left (open event streams). */
export async function endWithin(server: Server, ms: number, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = clock.after(ms, () => server.closeAllConnections());
  await closed;
  cut.cancel();
}
