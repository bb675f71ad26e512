/** The listening socket: tells when it is up and when it is not, and listens again when it went down by itself. */
import { createServer, type Server, type Socket } from 'node:net';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { socketBufferBytes } from '../dicom/association-socket.ts';
import type { Clock, Logger } from '../ports.ts';

/** A device tries again within half a minute; an address that is gone is not asked for more often than this. */
const pauseMs = 5000;

export interface ListenerDeps {
  readonly host: string;
  /** 0 picks a free port, which is kept when it has to listen again. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connected: (socket: Socket) => void;
  readonly onListening: (host: string, port: number) => void;
  /** It went down by itself, or could not be brought up again: at every attempt, with the reason. */
  readonly onDown: (error: EdgeSyncError) => void;
  readonly makeServer: () => Server;
}

/** A server as the Storage SCP wants it. */
export function makeDicomServer(): Server {
  return createServer({ noDelay: true, keepAlive: true, highWaterMark: socketBufferBytes });
}

export class Listener {
  readonly #deps: ListenerDeps;
  readonly #ending = new AbortController();
  #server: Server | undefined;
  #comingBack: Promise<void> = Promise.resolve();

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
  }

  /** Throws EdgeSyncError `port-taken` or `port-not-allowed`, and leaves it at that. */
  start(): Promise<{ readonly host: string; readonly port: number }> {
    return this.#listen(this.#deps.port);
  }

  /** Takes no more callers at once; resolves when those that are here have gone. Never rejects. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('stopping'));
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    await Promise.all([closed, this.#comingBack]);
  }

  async #listen(wantedPort: number): Promise<{ readonly host: string; readonly port: number }> {
    const { host, connected, onListening, makeServer } = this.#deps;
    const server = makeServer();
    server.on('connection', connected);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, host, wantedPort)));
      server.listen({ host, port: wantedPort, exclusive: true }, resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : wantedPort;
    server.removeAllListeners('error');
    if (this.#ending.signal.aborted) {
      server.close();
      return { host, port };
    }
    this.#server = server;
    // An accept that failed (too many open files), or an address that went away: a new socket is the way out of both.
    server.on('error', (error: NodeJS.ErrnoException) => this.#wentDown(server, port, error));
    server.on('close', () => this.#wentDown(server, port, undefined));
    onListening(host, port);
    return { host, port };
  }

  #wentDown(server: Server, port: number, cause: NodeJS.ErrnoException | undefined): void {
    // Stopped, or known already: closing what is left of it tells once more.
    if (server !== this.#server) return;
    this.#server = undefined;
    this.#deps.logger.error('listener-down', {}, cause);
    server.close();
    this.#deps.onDown(new EdgeSyncError('not-listening', cause?.code, { cause }));
    this.#comingBack = this.#listenAgain(port);
  }

  async #listenAgain(port: number): Promise<void> {
    const { clock, logger, onDown } = this.#deps;
    const { signal } = this.#ending;
    for (;;) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#listen(port);
        logger.warn('listener-up-again');
        return;
      } catch (error) {
        const told = toEdgeSyncError(error, 'not-listening');
        logger.warn('listener-still-down', { code: told.code });
        onDown(told);
      }
    }
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EdgeSyncError {
  const code = error.code === 'EADDRINUSE' ? 'port-taken' : 'port-not-allowed';
  return new EdgeSyncError(code, `${host}:${port}`, { cause: error });
}
