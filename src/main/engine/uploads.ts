/** The upload stages of the configured destinations, as one: one place that knows how a destination is connected. */
import {
  isArchive,
  type ArchiveDestinationSettings,
  type DicomwebDestinationSettings,
} from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { DestinationSettings, Settings } from '../../shared/settings.ts';
import type { DatasetStore } from './cloud/dataset-store.ts';
import { isSameSignIn } from './cloud/entra-sign-in.ts';
import { openDatasetStore, openStore } from './cloud/open-store.ts';
import { createDatasetDigest } from './dicom/dataset-digest.ts';
import { destinationSecret, renewDestinationSecret } from './keys/destination-secret.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { ReportIncident } from './model.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import type { Clock, KeyStore, Logger, Random } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { Reheads } from './rehead.ts';
import type { Spool } from './spool/spool-port.ts';
import type { Secret } from './system/secret.ts';
import type { CloudStore } from './cloud/cloud-store.ts';
import { DatasetStage } from './upload/dataset-stage.ts';
import type { DestinationStage, UploadStatus } from './upload/destination-stage.ts';
import type { GiveWay } from './upload/give-way.ts';
import { RateLimit } from './upload/pacing-rate.ts';
import { Pacing } from './upload/pacing.ts';
import { UploadStage } from './upload/upload-stage.ts';

/** How long an orderly end waits for uploads under way; what is cut off resumes at the next start. */
const drainMs = 10_000;

export interface UploadsDeps {
  readonly settings: Settings;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly keyStore: KeyStore;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly spool: Spool;
  readonly reportIncident: ReportIncident;
  readonly onChange: () => void;
  /** Receiving goes first. */
  readonly giveWay: GiveWay;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Uploads {
  readonly #deps: UploadsDeps;
  readonly #reheads: Reheads;
  /** Of all destinations together; none or one. */
  #rateLimit: readonly RateLimit[];
  /** By destination; those of `#rateLimit` are in each. */
  readonly #limits = new Map<string, readonly RateLimit[]>();
  readonly #stages: Map<string, DestinationStage>;
  /** What is woken with the stages. */
  readonly #others: { workArrived(): void; wake(): void }[] = [];
  #phase: 'new' | 'started' | 'stopped' = 'new';
  #renewing: Promise<void> = Promise.resolve();
  /** Whether uploads may run now. */
  readonly pacing: Pacing;

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
    const { keys, queue, spool } = deps;
    this.#reheads = new Reheads({
      spool,
      queue,
      openers: keys.openers,
      newDatasetDigest: createDatasetDigest,
      addRecoveryRecipient: (head) => keys.addRecoveryRecipient(head),
      recoveryFingerprint: () => keys.sealers.recoveryFingerprint,
    });
    const { upload } = deps.settings;
    this.#rateLimit = limitOf(upload.maxBytesPerSecond, deps.clock);
    this.pacing = new Pacing({
      store: queue.uploadPause,
      destinations: deps.settings.destinations.map(({ name }) => name),
      get windows() {
        return deps.settings.upload.windows;
      },
      get onMetered() {
        return deps.settings.upload.pauseOnMetered ? 'pause' : 'go-on';
      },
      onChange: () => {
        this.workArrived();
        deps.onChange();
      },
      clock: deps.clock,
      logger: deps.logger.child('upload'),
    });
    this.#stages = new Map(deps.settings.destinations.map((one) => [one.name, this.#newStage(one)]));
  }

  start(): void {
    this.#phase = 'started';
    for (const stage of this.#stages.values()) stage.start();
  }

  /** Something new may be there to send. */
  workArrived(): void {
    for (const stage of [...this.#stages.values(), ...this.#others]) stage.workArrived();
  }

  /** Words proven, credential stored, network back: try what waits. */
  wake(): void {
    for (const stage of [...this.#stages.values(), ...this.#others]) stage.wake();
  }

  async stop(): Promise<void> {
    this.#phase = 'stopped';
    await this.#renewing;
    this.pacing.close();
    const giveUp = new AbortController();
    const timer = this.#deps.clock.after(drainMs, () => giveUp.abort(new Error('stopping')));
    await Promise.all([...this.#stages.values()].map((stage) => stage.drain(giveUp.signal)));
    timer.cancel();
  }

  /**
   * Connections, width and limits as the settings are now: each destination finishes what is under way (at most 10 s; the
   * rest goes on from its last block) and begins anew. Never rejects.
   */
  renew(): Promise<void> {
    this.#renewing = this.#renewing
      .then(() => this.#renew())
      .catch((error: unknown) => this.#deps.logger.error('uploads-not-renewed', {}, error));
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const { settings, clock, onChange } = this.#deps;
    if (this.#phase === 'stopped') return;
    this.#rateLimit = limitOf(settings.upload.maxBytesPerSecond, clock);
    this.#limits.clear();
    const giveUp = new AbortController();
    const timer = clock.after(drainMs, () => giveUp.abort(new Error('settings changed')));
    await Promise.all(
      settings.destinations.map(async (destination) => {
        const old = this.#stages.get(destination.name);
        await old?.drain(giveUp.signal);
        const stage = this.#newStage(destination);
        this.#stages.set(destination.name, stage);
        if (old !== undefined && this.#phase === 'started') stage.start();
      }),
    );
    timer.cancel();
    onChange();
  }

  /** `other` is told from now on when something may be there to do, and when to try what waits. */
  wakesToo(other: { workArrived(): void; wake(): void }): void {
    this.#others.push(other);
  }

  /** How fast anything may be sent there: its own limit and that of all, the same for everybody who sends. */
  rateLimits(destination: string): readonly RateLimit[] {
    const known = this.#limits.get(destination);
    if (known !== undefined) return known;
    const { settings, clock } = this.#deps;
    const found = settings.destinations.find(({ name }) => name === destination);
    const limits = [...limitOf(found?.maxBytesPerSecond ?? 0, clock), ...this.#rateLimit];
    this.#limits.set(destination, limits);
    return limits;
  }

  status(destination: string): UploadStatus | undefined {
    return this.#stages.get(destination)?.status;
  }

  get bytesPerSecond(): number {
    return [...this.#stages.values()].reduce((sum, stage) => sum + stage.status.bytesPerSecond, 0);
  }

  /** A connection of its own to an archive, for restore. Throws cloud-secret-*, destination-not-archive. */
  async connect(destination: DestinationSettings): Promise<CloudStore> {
    const { secrets, keyStore, clock } = this.#deps;
    const secret = await destinationSecret(destination.name, secrets, keyStore);
    return openStore(destination, secret, clock, await outgoingConnections(this.#deps), async (kept) => {
      const isOurs = (current: Secret): boolean => isSameSignIn(current, kept);
      await renewDestinationSecret(destination.name, isOurs, kept, keyStore, this.#deps.random);
    });
  }

  /** As `connect`, to a place that must read the images. */
  async #connectDataset(destination: DicomwebDestinationSettings): Promise<DatasetStore> {
    const { secrets, keyStore } = this.#deps;
    // Nothing is asked of the key store where nothing is needed of it.
    const secret =
      destination.auth === 'none' ? undefined : await destinationSecret(destination.name, secrets, keyStore);
    return openDatasetStore(destination, secret, this.#deps, await outgoingConnections(this.#deps));
  }

  #newStage(destination: DestinationSettings): DestinationStage {
    return isArchive(destination) ? this.#stageOf(destination) : this.#datasetStageOf(destination);
  }

  #datasetStageOf(destination: DicomwebDestinationSettings): DatasetStage {
    const { keys, queue, spool, settings, reportIncident, onChange, clock, random } = this.#deps;
    const { name, url, required, proof = required ? 'identical' : 'listed' } = destination;
    return new DatasetStage({
      destination: name,
      url,
      wantedProof: proof,
      concurrency: settings.upload.concurrency,
      queue,
      proofs: queue.datasetProofs,
      spool,
      openers: keys.openers,
      newDatasetDigest: createDatasetDigest,
      mayUpload: () => keys.recoveryState === 'proven',
      rateLimits: this.rateLimits(destination.name),
      hold: () => this.pacing.hold(destination.name),
      turns: this.#deps.giveWay.newTurns(),
      connect: () => this.#connectDataset(destination),
      lastProofAtMs: () => queue.lastProofAtMs(name),
      reportIncident,
      onChange,
      clock,
      random,
      logger: this.#deps.logger.child('upload'),
    });
  }

  #stageOf(destination: ArchiveDestinationSettings): UploadStage {
    const { keys, queue, spool, settings, reportIncident, onChange, clock, random } = this.#deps;
    return new UploadStage({
      destination: destination.name,
      concurrency: settings.upload.concurrency,
      queue,
      spool,
      sealers: keys.sealers,
      openers: keys.openers,
      newDatasetDigest: createDatasetDigest,
      manifestMac: (bytes) => keys.manifestMac(bytes),
      installationId: queue.installationId,
      archiveId: keys.archiveId,
      mayUpload: () => keys.recoveryState === 'proven',
      rateLimits: this.rateLimits(destination.name),
      hold: () => this.pacing.hold(destination.name),
      turns: this.#deps.giveWay.newTurns(),
      rehead: (job) => this.#reheads.rehead(job),
      connect: () => {
        // Images that were proven in a PACS of this name are in no archive.
        if (queue.datasetProofs.placeOf(destination.name) !== undefined) {
          throw new EdgeSyncError('destination-changed', destination.name);
        }
        return this.connect(destination);
      },
      archiveKeyRecords: () => keys.archiveKeyRecords(),
      lastProofAtMs: () => queue.lastProofAtMs(destination.name),
      reportIncident,
      onChange,
      clock,
      random,
      logger: this.#deps.logger.child('upload'),
    });
  }
}

function limitOf(bytesPerSecond: number, clock: Clock): readonly RateLimit[] {
  return bytesPerSecond === 0 ? [] : [new RateLimit(bytesPerSecond, clock)];
}
