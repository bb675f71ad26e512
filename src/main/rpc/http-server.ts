import type { Server, ServerResponse } from 'node:http';
import type { Clock } from '../engine/ports.ts';

/** Answers with a status and nothing else. */
export function refuse(response: ServerResponse, status: 403 | 404 | 405 | 421): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-length': 0, connection: 'close' }).end();
}

/** Closes a server: lets answers finish for at most `ms`, then cuts what is left (open event streams). */
export async function endWithin(server: Server, ms: number, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = clock.after(ms, () => server.closeAllConnections());
  await closed;
  cut.cancel();
}
