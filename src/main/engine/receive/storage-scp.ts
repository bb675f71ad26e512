/** The listener of the DICOM node and its limits. */
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EdgeSyncError } from '../../../shared/errors.ts';
import type { CommitmentScp } from '../commitment/commitment-port.ts';
import { type AssociateReject, rejections } from '../dicom/pdu.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { IncidentReport, ReportIncident } from '../model.ts';
import type { Clock, Logger, NetworkInterfaces } from '../ports.ts';
import { AddressLog } from './address-log.ts';
import { Acceptor, type AcceptorDeps } from './acceptor.ts';
import { loopbackOnly } from './admission.ts';
import type { Authorize, PeerFacts } from './authorize.ts';
import { type CallerWatch, reportingWatch } from './caller-watch.ts';
import { FairTurns } from './fair-turns.ts';
import { IncidentLimit } from './incident-limit.ts';
import { type ListenOn, listenOn } from './listen-address.ts';
import { Listener, makeDicomServer } from './listener.ts';
import { Places } from './places.ts';
import { RefusedClassReports } from './refused-classes.ts';
import { type Handshake, looksLikeTls, TlsDoor, type TlsTrust } from './tls-door.ts';
import type { VisitWatch } from './visit-watch.ts';

/** How long `stop` waits for stores under way. */
export const drainMs = 20_000;

export interface StorageScpSettings {
  /** An address, or the name of an interface. */
  readonly host: string;
  /** Default: no. */
  readonly allowPublicAddress?: boolean;
  /** 0 picks a free port. */
  readonly port: number;
  readonly aeTitle: string;
  readonly maxAssociations: number;
}

export interface StorageScpDeps {
  readonly intake: Intake;
  /** Answers storage commitment; without it an N-ACTION is an unrecognised operation. */
  readonly commitment?: CommitmentScp | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly settings: StorageScpSettings;
  /** Default: callers on this PC only. */
  readonly authorize?: Authorize;
  /** Default: whoever is refused is an incident. */
  readonly callers?: CallerWatch;
  /** Keeps an eye on every connection; nobody does by default. */
  readonly visits?: VisitWatch | undefined;
  /** How many associations are open, whenever that changes: the PC does not go to sleep under one. */
  readonly onAssociations?: (open: number) => void;
  /** It listens: at the start, and again after it was down. */
  readonly onListening?: (host: string, port: number) => void;
  /** Nobody can reach it, and why; it goes on trying. Not told of an orderly stop. */
  readonly onDown?: (error: EdgeSyncError) => void;
  /** Where `host` is looked for and followed; without it, it is taken as it is. */
  readonly interfaces?: NetworkInterfaces;
  /** Default: a server of node:net. */
  readonly makeServer?: () => Server;
  /** Of the engine's thread, of late, between 0 and 1; without it callers take turns as if it never had time to spare. */
  readonly load?: () => number;
  /** The port for devices with certificates; without it there is none. */
  readonly tls?: StorageScpTls;
}

export interface StorageScpTls {
  /** On the same host; 0 picks a free one. */
  readonly port: number;
  readonly trust: TlsTrust;
  readonly onListening?: (host: string, port: number) => void;
  readonly onDown?: (error: EdgeSyncError) => void;
}

export class StorageScp {
  readonly #deps: StorageScpDeps;
  readonly #clock: Clock;
  readonly #acceptorDeps: AcceptorDeps;
  readonly #places: Places<Acceptor | Handshake>;
  readonly #incidents: IncidentLimit;
  readonly #log: AddressLog;
  readonly #work = new Set<Promise<unknown>>();
  #listener: Listener | undefined;
  #tlsListener: Listener | undefined;
  #door: TlsDoor | undefined;
  #tlsPort: number | null = null;
  #isStopping = false;
  #onQuiet: (() => void) | undefined;

  constructor(deps: StorageScpDeps) {
    this.#deps = deps;
    this.#places = new Places(deps.settings.maxAssociations);
    this.#clock = deps.clock;
    this.#log = AddressLog.over(deps.logger, deps.clock);
    this.#incidents = new IncidentLimit(deps.reportIncident, deps.clock, deps.logger);
    const reportIncident = (incident: IncidentReport): void => this.#incidents.report(incident);
    this.#acceptorDeps = {
      intake: deps.intake,
      commitment: deps.commitment,
      clock: deps.clock,
      logger: this.#log,
      reportIncident,
      refusedClasses: new RefusedClassReports(reportIncident, deps.clock),
      aeTitle: deps.settings.aeTitle,
      authorize: deps.authorize ?? loopbackOnly,
      callers: deps.callers ?? reportingWatch(reportIncident),
      turns: new FairTurns(deps.clock, deps.load ?? (() => 1)),
    };
  }

  get activeAssociations(): number {
    return this.#places.associations.length;
  }

  get #listenOn(): ListenOn {
    const { settings, interfaces } = this.#deps;
    const publicAddress = settings.allowPublicAddress === true ? 'allowed' : 'refused';
    return listenOn({ host: settings.host, publicAddress }, interfaces);
  }

  /** Listens, or waits for an address that is absent. Throws EdgeSyncError as `Listener.start`. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    const { settings, clock, logger, onListening, onDown, makeServer } = this.#deps;
    const listener = new Listener({
      on: this.#listenOn,
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
    try {
      await this.#startTls();
    } catch (error) {
      await this.stop();
      throw error;
    }
    return facts;
  }

  /** The TLS port it listens on, or null without TLS. */
  get tlsPort(): number | null {
    return this.#tlsPort;
  }

  /** Connections that a revocation has cut so far. */
  get cutByRevocation(): number {
    return this.#door?.cutByRevocation ?? 0;
  }

  async #startTls(): Promise<void> {
    const { clock, logger, tls } = this.#deps;
    if (tls === undefined) return;
    const door = new TlsDoor({
      trust: tls.trust,
      clock,
      logger: this.#log,
      turns: this.#acceptorDeps.turns,
      reportIncident: this.#acceptorDeps.reportIncident,
      visits: this.#deps.visits,
      arrived: (handshake) => this.#places.arrive(handshake)?.cut(),
      left: (handshake) => this.#places.leave(handshake),
      opened: (socket, remoteAddress, certificateSha256) =>
        this.#accept(socket, { remoteAddress, channel: { tag: 'tls', certificateSha256 } }),
    });
    this.#door = door;
    const listener = new Listener({
      on: this.#listenOn,
      port: tls.port,
      clock,
      logger: logger.child('tls'),
      connected: (socket) => (this.#isStopping ? socket.destroy() : door.connected(socket)),
      onListening: tls.onListening ?? (() => undefined),
      onDown: tls.onDown ?? (() => undefined),
      makeServer: makeDicomServer,
    });
    this.#tlsPort = (await listener.start()).port;
    this.#tlsListener = listener;
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
    this.#door?.close();
    const closed = Promise.all([listener.stop(), this.#tlsListener?.stop()]);
    this.#tlsListener = undefined;
    for (const acceptor of this.#places.associations) acceptor.drain();
    if (this.activeAssociations > 0) await this.#quiet();
    for (const acceptor of [...this.#places.associations, ...this.#places.waiting]) acceptor.abort();
    await closed;
    while (this.#work.size > 0) await Promise.allSettled([...this.#work]);
    this.#incidents.close();
    this.#log.close();
  }

  #connected(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || this.#isStopping) {
      socket.destroy();
      return;
    }
    const peer: PeerFacts = { remoteAddress, channel: { tag: 'plain' } };
    const visit = this.#deps.visits?.arrived(peer);
    socket.once('data', (chunk: Buffer) => {
      if (!looksLikeTls(chunk)) return;
      visit?.spokeTls();
      this.#tlsOnPlainPort(remoteAddress);
    });
    this.#accept(socket, peer, visit);
  }

  /** It ends by itself: to the association these bytes are a PDU that does not exist. */
  #tlsOnPlainPort(remoteAddress: string): void {
    this.#log.warn('TLS on the plain port', { remoteAddress });
    this.#incidents.report({
      code: 'tls-on-plain-port',
      subject: remoteAddress,
      detail: `from ${remoteAddress}`,
    });
  }

  #accept(socket: Duplex, peer: PeerFacts, visit = this.#deps.visits?.arrived(peer)): void {
    if (this.#isStopping) {
      socket.destroy();
      return;
    }
    const acceptor = new Acceptor(socket, peer, this.#acceptorDeps, {
      visit,
      claimPlace: (one) => this.#claimPlace(one),
      associationEnded: (one) => this.#associationEnded(one),
      connectionClosed: (one) => this.#places.leave(one),
      settles: (work) => this.#settles(work),
    });
    this.#places.arrive(acceptor)?.cut();
    acceptor.start();
  }

  #claimPlace(acceptor: Acceptor): AssociateReject | undefined {
    if (this.#isStopping) return rejections.temporaryCongestion;
    const rejection = this.#places.claim(acceptor);
    if (rejection === undefined) this.#deps.onAssociations?.(this.activeAssociations);
    return rejection;
  }

  #associationEnded(acceptor: Acceptor): void {
    this.#places.release(acceptor)?.cut();
    this.#deps.onAssociations?.(this.activeAssociations);
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
