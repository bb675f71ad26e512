/**
 * The listening socket: tells when it is up and when it is not, listens again when it went down by itself, and follows
 * the address it is meant for (a lease ends, a cable is pulled). Associations that are open go on in any case.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { socketBufferBytes } from '../dicom/association-socket.ts';
import type { Clock, Logger } from '../ports.ts';
import type { ListenOn } from './listen-address.ts';

/** A device tries again within half a minute; an address that is gone is not asked for more often than this. */
const pauseMs = 5000;
/** How often the interfaces are looked at: a modality's own retry is longer. */
export const followMs = 10_000;

export interface ListenerFacts {
  readonly host: string;
  readonly port: number;
}

export interface ListenerDeps {
  /** Asked at start, at every attempt, and now and then. */
  readonly on: ListenOn;
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
  #address: string | undefined;
  #port: number;
  /** Servers that take nobody any more and whose connections are not all gone. */
  readonly #closing = new Set<Promise<void>>();
  #comingBack: Promise<void> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
    this.#port = deps.port;
  }

  /**
   * Listens, or tells why not yet: an interface or address that is absent now is listened on when it comes. Throws
   * EdgeSyncError for what waiting does not mend, and leaves it at that: port-taken, port-not-allowed, listen-on-all,
   * public-address-refused.
   */
  async start(): Promise<ListenerFacts> {
    const { on, onDown, logger } = this.#deps;
    let facts: ListenerFacts = { host: on.host, port: this.#port };
    try {
      facts = await this.#listen();
    } catch (error) {
      const told = toEdgeSyncError(error, 'not-listening');
      if (!isAbsent(told)) throw told;
      logger.warn('listener-waits', { code: told.code });
      onDown(told);
      this.#comingBack = this.#listenAgain();
    }
    if (on.following === 'followed') this.#following = this.#follow();
    return facts;
  }

  /** Takes no more callers at once; resolves when those that are here have gone. Never rejects. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('stopping'));
    this.#letGo();
    await Promise.all([this.#comingBack, this.#following]);
    await Promise.all(this.#closing);
  }

  async #listen(): Promise<ListenerFacts> {
    const { on, connected, onListening, makeServer } = this.#deps;
    const choice = on.choose(this.#address);
    if (choice.tag !== 'listen') throw choice.error;
    const { address } = choice;
    const wantedPort = this.#port;
    const server = makeServer();
    server.on('connection', connected);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, address, wantedPort)));
      server.listen({ host: address, port: wantedPort, exclusive: true }, resolve);
    });
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : wantedPort;
    server.removeAllListeners('error');
    if (this.#ending.signal.aborted) {
      server.close();
      return { host: address, port };
    }
    this.#server = server;
    this.#address = address;
    this.#port = port;
    // An accept that failed (too many open files), or an address that went away: a new socket is the way out of both.
    server.on('error', (error: NodeJS.ErrnoException) => this.#wentDown(server, error));
    server.on('close', () => this.#wentDown(server, undefined));
    onListening(address, port);
    return { host: address, port };
  }

  #wentDown(server: Server, cause: NodeJS.ErrnoException | undefined): void {
    // Stopped, or known already: closing what is left of it tells once more.
    if (server !== this.#server) return;
    this.#deps.logger.error('listener-down', {}, cause);
    this.#letGo();
    this.#deps.onDown(new EdgeSyncError('not-listening', cause?.code, { cause }));
    this.#comingBack = this.#listenAgain();
  }

  /** Takes nobody any more; who is here stays. */
  #letGo(): void {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  async #listenAgain(): Promise<void> {
    const { clock, logger, onDown } = this.#deps;
    const { signal } = this.#ending;
    for (;;) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#listen();
        logger.warn('listener-up-again');
        return;
      } catch (error) {
        const told = toEdgeSyncError(error, 'not-listening');
        logger.warn('listener-still-down', { code: told.code });
        onDown(told);
      }
    }
  }

  /** While it is up: whether the address is still the right one. A socket on one that is gone hears nothing, silently. */
  async #follow(): Promise<void> {
    const { clock, logger, on, onDown } = this.#deps;
    const { signal } = this.#ending;
    for (;;) {
      await clock.sleep(followMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#server === undefined) continue;
      const choice = on.choose(this.#address);
      if (choice.tag === 'listen' && choice.address === this.#address) continue;
      this.#letGo();
      if (choice.tag === 'listen') {
        try {
          await this.#listen();
          logger.warn('listener-moved');
          continue;
        } catch (error) {
          onDown(toEdgeSyncError(error, 'not-listening'));
        }
      } else {
        logger.warn('listener-address-gone', { code: choice.error.code });
        onDown(choice.error);
      }
      this.#comingBack = this.#listenAgain();
    }
  }
}

function isAbsent({ code }: EdgeSyncError): boolean {
  return code === 'interface-missing' || code === 'address-missing';
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EdgeSyncError {
  const detail = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new EdgeSyncError('port-taken', detail, { cause: error });
    case 'EADDRNOTAVAIL':
      return new EdgeSyncError('address-missing', host, { cause: error });
    default:
      return new EdgeSyncError('port-not-allowed', detail, { cause: error });
  }
}
