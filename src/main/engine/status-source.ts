/** Gathers what the status is made of from the stages, and keeps windows up to date. Reads only. */
import type { AgentEvent } from '../../shared/agent-state.ts';
import type { FailureLedger } from '../../shared/contract-failures.ts';
import { type ErrorReport, reportFor } from '../../shared/errors.ts';
import type { StatusReport } from '../../shared/status.ts';
import { version } from '../version.ts';
import type { EngineParts } from './engine.ts';
import { AgentFeed } from './status/agent-feed.ts';
import { buildStatus } from './status/build-status.ts';
import { PastFailures } from './status/past-failures.ts';
import type { DestinationInput, StatusInputs } from './status/status-inputs.ts';
import { addressScope } from './system/ip-address.ts';

export type StatusSourceDeps = Pick<
  EngineParts,
  | 'options'
  | 'inForce'
  | 'room'
  | 'queue'
  | 'spool'
  | 'keys'
  | 'uploads'
  | 'backFills'
  | 'intake'
  | 'certificates'
  | 'devices'
  | 'incidents'
  | 'alerts'
>;

export type Listening =
  | { readonly tag: 'down'; readonly error: ErrorReport | null }
  | { readonly tag: 'up'; readonly host: string; readonly port: number };

/** The port for devices with certificates. */
export type TlsListening =
  | { readonly tag: 'off' }
  | { readonly tag: 'up'; readonly host: string; readonly port: number }
  | { readonly tag: 'down'; readonly error: ErrorReport };

export class StatusSource {
  readonly #deps: StatusSourceDeps;
  readonly #feed: AgentFeed;
  readonly #startedAtMs: number;
  readonly #past = new PastFailures();
  #listening: Listening = { tag: 'down', error: null };
  #tls: TlsListening = { tag: 'off' };
  #openAssociations = 0;

  constructor(deps: StatusSourceDeps) {
    const { queue, uploads, options } = deps;
    this.#deps = deps;
    this.#startedAtMs = options.clock.nowMs();
    this.#feed = new AgentFeed({
      queue,
      status: () => this.report(),
      studiesTotal: () => queue.status().studies,
      uploadBytesPerSecond: () => uploads.bytesPerSecond,
      clock: options.clock,
      version,
      startedAtMs: this.#startedAtMs,
    });
  }

  listenerUp(host: string, port: number): void {
    this.#listening = { tag: 'up', host, port };
    this.#feed.changed();
  }

  /** `error`: why, when it was not meant to be. */
  listenerDown(error: ErrorReport | null): void {
    this.#listening = { tag: 'down', error };
    this.#feed.changed();
  }

  tlsListening(listening: TlsListening): void {
    this.#tls = listening;
    this.#feed.changed();
  }

  get listening(): Listening {
    return this.#listening;
  }

  get tls(): TlsListening {
    return this.#tls;
  }

  associations(open: number): void {
    this.#openAssociations = open;
    this.#feed.changed();
  }

  /** Something outside the queue changed: destination, recovery, listener. */
  changed(): void {
    this.#feed.changed();
  }

  async report(): Promise<StatusReport> {
    const report = buildStatus(await this.#inputs());
    this.#past.see(report.failures, this.#deps.options.clock.nowMs());
    return report;
  }

  /** Beside the status: what is over since, and what was told outside this PC. */
  ledger(): FailureLedger {
    const { options, queue } = this.#deps;
    const told = (['email', 'webhook'] as const).flatMap((channel) =>
      queue.alerts.told(channel).map(({ code, destination, toldAtMs }) => ({
        channel,
        code,
        destination,
        at: new Date(toldAtMs).toISOString(),
      })),
    );
    return { over: this.#past.over(options.clock.nowMs()), told };
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  watch(signal: AbortSignal): AsyncIterable<AgentEvent> {
    return this.#feed.watch(signal);
  }

  async #inputs(): Promise<StatusInputs> {
    const { options, queue, spool, keys, uploads, intake, certificates, devices, incidents, room } =
      this.#deps;
    const { dicom, destinations, status } = options.settings;
    const listening = this.#listening;
    const lacking = queue.backFill.facts();
    const backFillOf = (name: string): Pick<DestinationInput, 'backFill'> => {
      const facts = lacking.find(({ destination }) => destination === name);
      return facts === undefined ? {} : { backFill: { ...facts, ...this.#deps.backFills.status(name) } };
    };
    const freeBytes = await spool.freeBytes();
    return {
      queue: queue.status(),
      listener: {
        up: listening.tag === 'up',
        host: listening.tag === 'up' ? listening.host : dicom.host,
        port: listening.tag === 'up' ? listening.port : dicom.port,
        aeTitle: dicom.aeTitle,
        error: listening.tag === 'down' ? listening.error : null,
      },
      unrecorded: incidents.unrecorded,
      refusal: intake.standing()?.report ?? null,
      standing: [
        ...publicHosts(listening, this.#tls).map((host) => reportFor('public-address', host)),
        ...(this.#tls.tag === 'down' ? [this.#tls.error] : []),
        ...certificates.standing(),
        ...this.#deps.alerts.standing(),
        // A destination that is not in force gets nothing, whatever somebody believes who has just added it.
        ...(this.#deps.inForce.waiting.length > 0
          ? [reportFor('restart-waiting', this.#deps.inForce.waiting.join(', '))]
          : []),
        // Both kits count until then, and the paper with the new one may be wrong, lost or never written.
        ...(keys.facts.recovery.state === 'replacing' ? [reportFor('recovery-replacing')] : []),
      ],
      destinations: destinations.map(({ name, kind, required }) => {
        const stage = uploads.status(name);
        const hold =
          stage?.hold === undefined ? {} : { hold: { by: stage.hold, untilMs: stage.heldUntilMs ?? null } };
        const state = stage?.state ?? 'paused';
        const backFill = backFillOf(name);
        const provenBy = kind === 'dicomweb' ? { provenBy: queue.datasetProofs.counts(name) } : {};
        const error = stage?.error ?? null;
        return { name, kind, required, state, error, ...hold, ...backFill, ...provenBy };
      }),
      recovery: keys.recoveryState,
      ...recoveryProof(keys, queue),
      access: { ...devices.facts, openAssociations: this.#openAssociations },
      verification: queue.verification.facts(),
      freeBytes,
      room: room.facts,
      warnBelowBytes: room.facts.warnBelowBytes,
      daysLeft: room.daysLeft(freeBytes),
      pendingMaxMinutes: status.pendingMaxMinutes,
      uploadWindows: options.settings.upload.windows,
      startedAtMs: this.#startedAtMs,
      nowMs: options.clock.nowMs(),
    };
  }
}

/** How the words were proven is kept beside the keys; where that is lost it counts as the lesser proof. */
function recoveryProof(
  keys: Pick<StatusSourceDeps['keys'], 'recoveryProvenAtMs'>,
  queue: StatusSourceDeps['queue'],
): Pick<StatusInputs, 'recoveryProof'> {
  const atMs = keys.recoveryProvenAtMs;
  if (atMs === undefined) return {};
  const kept = queue.recoveryDrills.proof();
  return { recoveryProof: { atMs, provenBy: kept?.atMs === atMs ? kept.provenBy : 'test-object' } };
}

/** Only where it was forced: otherwise it is not listened on. Each listener follows its address by itself. */
export function publicHosts(...listeners: readonly (Listening | TlsListening)[]): readonly string[] {
  const hosts = listeners.flatMap((one) => (one.tag === 'up' ? [one.host] : []));
  return [...new Set(hosts)].filter((host) => addressScope(host) === 'public');
}
