/** The listener of the DICOM node and its limits. */
import { createServer, type Server, type Socket } from 'node:net';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { socketBufferBytes } from '../dicom/association-socket.ts';
import { type AssociateReject, rejections } from '../dicom/pdu.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { IncidentReport, ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { Acceptor, type AcceptorDeps } from './acceptor.ts';
import { type Authorize, loopbackOnly } from './admission.ts';
import { IncidentLimit } from './incident-limit.ts';
import { Places } from './places.ts';
import { RefusedClassReports } from './refused-classes.ts';

/** How long `stop` waits for stores under way. */
const drainMs = 20_000;

export interface StorageScpSettings {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly aeTitle: string;
  readonly maxAssociations: number;
}

export interface StorageScpDeps {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly settings: StorageScpSettings;
  /** Default: callers on this PC only. */
  readonly authorize?: Authorize;
}

export class StorageScp {
  readonly #settings: StorageScpSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #acceptorDeps: AcceptorDeps;
  readonly #places: Places<Acceptor>;
  readonly #incidents: IncidentLimit;
  readonly #work = new Set<Promise<unknown>>();
  #server: Server | undefined;
  #isStopping = false;
  #onQuiet: (() => void) | undefined;

  constructor(deps: StorageScpDeps) {
    this.#settings = deps.settings;
    this.#places = new Places(deps.settings.maxAssociations);
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#incidents = new IncidentLimit(deps.reportIncident, deps.clock, deps.logger);
    const reportIncident = (incident: IncidentReport): void => this.#incidents.report(incident);
    this.#acceptorDeps = {
      intake: deps.intake,
      clock: deps.clock,
      logger: deps.logger,
      reportIncident,
      refusedClasses: new RefusedClassReports(reportIncident, deps.clock),
      aeTitle: deps.settings.aeTitle,
      authorize: deps.authorize ?? loopbackOnly,
    };
  }

  get activeAssociations(): number {
    return this.#places.associations.length;
  }

  /** Listens. Throws EdgeSyncError `port-taken` or `port-not-allowed`. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#settings;
    const server = createServer({ noDelay: true, keepAlive: true, highWaterMark: socketBufferBytes });
    server.on('connection', (socket) => this.#connected(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, host, port)));
      server.listen({ host, port, exclusive: true }, resolve);
    });
    server.removeAllListeners('error');
    // After listening: a failed accept (too many open files). The listener goes on.
    server.on('error', (error) => this.#logger.error('listener', {}, error));
    this.#server = server;
    this.#isStopping = false;
    const address = server.address();
    return { host, port: typeof address === 'object' && address !== null ? address.port : port };
  }

  /**
   * Takes no more callers, lets stores under way finish and be answered (at most 20 s), then ends every association.
   * When it resolves, no intake stream is open. Never rejects.
   */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const acceptor of this.#places.associations) acceptor.drain();
    if (this.activeAssociations > 0) await this.#quiet();
    for (const acceptor of [...this.#places.associations, ...this.#places.waiting]) acceptor.abort();
    await closed;
    while (this.#work.size > 0) await Promise.allSettled([...this.#work]);
    this.#incidents.close();
  }

  #connected(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || this.#isStopping) {
      socket.destroy();
      return;
    }
    const acceptor = new Acceptor(socket, remoteAddress, this.#acceptorDeps, {
      claimPlace: (one) => this.#claimPlace(one),
      associationEnded: (one) => this.#associationEnded(one),
      connectionClosed: (one) => this.#places.leave(one),
      settles: (work) => this.#settles(work),
    });
    this.#places.arrive(acceptor)?.cut();
    acceptor.start();
  }

  #claimPlace(acceptor: Acceptor): AssociateReject | undefined {
    return this.#isStopping ? rejections.temporaryCongestion : this.#places.claim(acceptor);
  }

  #associationEnded(acceptor: Acceptor): void {
    this.#places.release(acceptor)?.cut();
    if (this.activeAssociations === 0) this.#onQuiet?.();
  }

  #settles(work: Promise<unknown>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work)).catch(() => undefined);
  }

  /** Resolves when no association is left, or time is up. */
  async #quiet(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(drainMs, resolve);
      this.#onQuiet = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#onQuiet = undefined;
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EdgeSyncError {
  const code = error.code === 'EADDRINUSE' ? 'port-taken' : 'port-not-allowed';
  return new EdgeSyncError(code, `${host}:${port}`, { cause: error });
}
