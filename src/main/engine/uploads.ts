/** The upload stages of the configured destinations, as one: one place that knows how a destination is connected. */
import type { DestinationSettings, Settings } from '../../shared/settings.ts';
import { openStore } from './cloud/open-store.ts';
import { createDatasetDigest } from './dicom/dataset-digest.ts';
import { destinationSecret } from './keys/destination-secret.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { ReportIncident } from './model.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import type { Clock, KeyStore, Logger, Random } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { Reheads } from './rehead.ts';
import type { Spool } from './spool/spool-port.ts';
import type { Secret } from './system/secret.ts';
import type { CloudStore } from './cloud/cloud-store.ts';
import { RateLimit } from './upload/pacing-rate.ts';
import { Pacing } from './upload/pacing.ts';
import { UploadStage, type UploadStatus } from './upload/upload-stage.ts';

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
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Uploads {
  readonly #deps: UploadsDeps;
  readonly #reheads: Reheads;
  /** Of all destinations together; none or one. */
  readonly #rateLimit: readonly RateLimit[];
  readonly #stages: ReadonlyMap<string, UploadStage>;
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
      windows: upload.windows,
      onMetered: upload.pauseOnMetered ? 'pause' : 'go-on',
      onChange: () => {
        this.workArrived();
        deps.onChange();
      },
      clock: deps.clock,
      logger: deps.logger.child('upload'),
    });
    this.#stages = new Map(deps.settings.destinations.map((one) => [one.name, this.#stageOf(one)]));
  }

  start(): void {
    for (const stage of this.#stages.values()) stage.start();
  }

  /** Something new may be there to send. */
  workArrived(): void {
    for (const stage of this.#stages.values()) stage.workArrived();
  }

  /** Words proven, credential stored, network back: try what waits. */
  wake(): void {
    for (const stage of this.#stages.values()) stage.wake();
  }

  async stop(): Promise<void> {
    this.pacing.close();
    const giveUp = new AbortController();
    const timer = this.#deps.clock.after(drainMs, () => giveUp.abort(new Error('stopping')));
    await Promise.all([...this.#stages.values()].map((stage) => stage.drain(giveUp.signal)));
    timer.cancel();
  }

  status(destination: string): UploadStatus | undefined {
    return this.#stages.get(destination)?.status;
  }

  get bytesPerSecond(): number {
    return [...this.#stages.values()].reduce((sum, stage) => sum + stage.status.bytesPerSecond, 0);
  }

  /** A connection of its own to a destination, for restore. Throws cloud-secret-*. */
  async connect(destination: DestinationSettings): Promise<CloudStore> {
    const { secrets, keyStore, clock } = this.#deps;
    const secret = await destinationSecret(destination.name, secrets, keyStore);
    return openStore(destination, secret, clock, await outgoingConnections(this.#deps));
  }

  #stageOf(destination: DestinationSettings): UploadStage {
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
      rateLimits: [...limitOf(destination.maxBytesPerSecond ?? 0, clock), ...this.#rateLimit],
      hold: () => this.pacing.hold(),
      rehead: (job) => this.#reheads.rehead(job),
      connect: () => this.connect(destination),
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
