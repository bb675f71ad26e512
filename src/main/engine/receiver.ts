/**
 * The DICOM node as the settings want it now: when title, address or port change, a new one takes the callers, and who is
 * connected to the old one finishes there.
 */
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import type { Logger } from './ports.ts';
import type { StorageScp } from './receive/storage-scp.ts';

type DicomSettings = Settings['dicom'];

export interface ReceiverDeps {
  readonly settings: () => DicomSettings;
  readonly make: (settings: DicomSettings, onAssociations: (open: number) => void) => StorageScp;
  /** Of the old ones too. */
  readonly onAssociations: (open: number) => void;
  /** The new settings cannot be listened on, and the old ones never were given up: forget what the new ones told. */
  readonly onKept: (host: string, port: number) => void;
  /** Neither the new settings nor the old ones can be listened on. */
  readonly onDown: (error: EdgeSyncError) => void;
  readonly logger: Logger;
}

export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #open = new Map<StorageScp, number>();
  readonly #leaving = new Set<Promise<void>>();
  #settings: DicomSettings;
  #scp: StorageScp;
  #cutBefore = 0;
  #facts: { readonly host: string; readonly port: number } | undefined;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    this.#settings = copyOf(deps.settings());
    this.#scp = this.#make(this.#settings);
  }

  /** As `StorageScp.start`. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    this.#facts = await this.#scp.start();
    return this.#facts;
  }

  /** Where it listens; undefined before `start`. */
  get ports(): readonly { readonly host: string; readonly port: number }[] {
    if (this.#facts === undefined) return [];
    const { host } = this.#facts;
    return [this.#facts, ...(this.tlsPort === null ? [] : [{ host, port: this.tlsPort }])];
  }

  get tlsPort(): number | null {
    return this.#scp.tlsPort;
  }

  get cutByRevocation(): number {
    return this.#cutBefore + this.#scp.cutByRevocation;
  }

  /**
   * Listens as the settings say now. Throws EdgeSyncError as `StorageScp.start`; then the old settings are listened on
   * as before. Does nothing but take note before `start`.
   */
  async renew(): Promise<void> {
    const before = this.#settings;
    const wanted = this.#onSamePorts(copyOf(this.#deps.settings()));
    const old = this.#scp;
    if (this.#facts === undefined) {
      this.#settings = wanted;
      this.#scp = this.#make(wanted);
      return;
    }
    // A port that both want is free only when the old one has let go of it.
    const mine = new Set(this.ports.map(({ port }) => port));
    const isShared = mine.has(wanted.port) || (wanted.tls.enabled && mine.has(wanted.tls.port));
    if (isShared) this.#leave(old);
    const next = this.#make(wanted);
    try {
      this.#facts = await next.start();
    } catch (error) {
      this.#open.delete(next);
      if (isShared) await this.#back(this.#onSamePorts(before));
      else this.#deps.onKept(this.#facts.host, this.#facts.port);
      throw error;
    }
    this.#cutBefore += old.cutByRevocation;
    this.#scp = next;
    this.#settings = wanted;
    if (!isShared) this.#leave(old);
    this.#deps.logger.info('listening-changed', { port: this.#facts.port });
  }

  /** As `StorageScp.stop`, for all that are open. */
  async stop(): Promise<void> {
    this.#leave(this.#scp);
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  async #back(settings: DicomSettings): Promise<void> {
    const again = this.#make(settings);
    this.#scp = again;
    try {
      this.#facts = await again.start();
    } catch (error) {
      this.#deps.logger.error('listening-lost', {}, error);
      this.#deps.onDown(error instanceof EdgeSyncError ? error : new EdgeSyncError('not-listening'));
    }
  }

  /** Takes no more callers from this moment on; the rest takes its time. */
  #leave(scp: StorageScp): void {
    const gone = scp.stop().then(() => {
      this.#leaving.delete(gone);
      this.#open.delete(scp);
      this.#tellOpen();
    });
    this.#leaving.add(gone);
  }

  #make(settings: DicomSettings): StorageScp {
    const scp: StorageScp = this.#deps.make(settings, (open) => {
      this.#open.set(scp, open);
      this.#tellOpen();
    });
    return scp;
  }

  #tellOpen(): void {
    this.#deps.onAssociations([...this.#open.values()].reduce((sum, open) => sum + open, 0));
  }

  /** "0 picks a free port" is meant once: devices have been told the number. */
  #onSamePorts(settings: DicomSettings): DicomSettings {
    const port = settings.port === 0 ? (this.#facts?.port ?? 0) : settings.port;
    const tlsPort = settings.tls.port === 0 ? (this.tlsPort ?? 0) : settings.tls.port;
    return { ...settings, port, tls: { ...settings.tls, port: tlsPort } };
  }
}

function copyOf(settings: DicomSettings): DicomSettings {
  return { ...settings, tls: { ...settings.tls } };
}
