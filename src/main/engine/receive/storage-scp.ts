/** The listener of the DICOM node and its limits. */
import type { Server, Socket } from 'node:net';
import type { EdgeSyncError } from '../../../shared/errors.ts';
import { type AssociateReject, rejections } from '../dicom/pdu.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { IncidentReport, ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { Acceptor, type AcceptorDeps } from './acceptor.ts';
import { loopbackOnly } from './admission.ts';
import type { Authorize } from './authorize.ts';
import { IncidentLimit } from './incident-limit.ts';
import { Listener, makeDicomServer } from './listener.ts';
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
  /** It listens: at the start, and again after it was down. */
  readonly onListening?: (host: string, port: number) => void;
  /** Nobody can reach it, and why; it goes on trying. Not told of an orderly stop. */
  readonly onDown?: (error: EdgeSyncError) => void;
  /** Default: a server of node:net. */
  readonly makeServer?: () => Server;
}

export class StorageScp {
  readonly #deps: StorageScpDeps;
  readonly #clock: Clock;
  readonly #acceptorDeps: AcceptorDeps;
  readonly #places: Places<Acceptor>;
  readonly #incidents: IncidentLimit;
  readonly #work = new Set<Promise<unknown>>();
  #listener: Listener | undefined;
  #isStopping = false;
  #onQuiet: (() => void) | undefined;

  constructor(deps: StorageScpDeps) {
    this.#deps = deps;
    this.#places = new Places(deps.settings.maxAssociations);
    this.#clock = deps.clock;
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
    const { settings, clock, logger, onListening, onDown, makeServer } = this.#deps;
    const listener = new Listener({
      host: settings.host,
      port: settings.port,
      clock,
      logger,
      connected: (socket) => this.#connected(socket),
      onListening: onListening ?? (() => undefined),
      onDown: onDown ?? (() => undefined),
      makeServer: makeServer ?? makeDicomServer,
    });
    this.#isStopping = false;
    const facts = await listener.start();
    this.#listener = listener;
    return facts;
  }

  /**
   * Takes no more callers, lets stores under way finish and be answered (at most 20 s), then ends every association.
   * When it resolves, no intake stream is open. Never rejects.
   */
  async stop(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    this.#isStopping = true;
    const closed = listener.stop();
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
    const acceptor = new Acceptor(socket, { remoteAddress, channel: { tag: 'plain' } }, this.#acceptorDeps, {
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
