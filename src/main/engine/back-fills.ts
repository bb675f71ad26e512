/** Copying from one destination to another, for each destination that keeps sealed objects: how it is wired. */
import { isArchive } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { DestinationSettings, Settings } from '../../shared/settings.ts';
import { createDatasetDigest } from './dicom/dataset-digest.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { ReportIncident, SpoolId } from './model.ts';
import type { Clock, Logger, Random } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { BackFillStage, type BackFillStatus, type Standing } from './upload/back-fill-stage.ts';
import type { Spool } from './spool/spool-port.ts';
import type { Uploads } from './uploads.ts';

export interface BackFillsDeps {
  readonly settings: Settings;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly spool: Pick<Spool, 'create' | 'remove' | 'freeBytes'>;
  readonly uploads: Pick<Uploads, 'status' | 'connect' | 'rateLimits'>;
  /** A cloud copy was not what it should be when it was read for another destination. */
  readonly onBadCopy: (destination: string, instanceId: number) => void;
  readonly reportIncident: ReportIncident;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class BackFills {
  readonly #deps: BackFillsDeps;
  readonly #stages: ReadonlyMap<string, BackFillStage>;

  constructor(deps: BackFillsDeps) {
    this.#deps = deps;
    const { destinations } = deps.settings;
    const archives = destinations.filter(isArchive).map(({ name }) => name);
    this.#stages = new Map(
      destinations.map((one) => [
        one.name,
        this.#stageOf(
          one,
          archives.filter((other) => other !== one.name),
        ),
      ]),
    );
  }

  start(): void {
    for (const stage of this.#stages.values()) stage.start();
  }

  /** Something may be there to copy. */
  workArrived(): void {
    for (const stage of this.#stages.values()) stage.workArrived();
  }

  /** Network or credential changed: what could not be read is tried now. */
  wake(): void {
    for (const stage of this.#stages.values()) stage.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#stages.values()].map((stage) => stage.stop()));
  }

  status(destination: string): BackFillStatus {
    return this.#stages.get(destination)?.status ?? { active: 0, bytesPerSecond: 0, error: null };
  }

  #stageOf(target: DestinationSettings, sources: readonly string[]): BackFillStage {
    const { keys, queue, spool, settings, uploads, logger } = this.#deps;
    const { name } = target;
    const byThisPc = {
      spool,
      adopt: (instanceId: number, spoolId: SpoolId, sizeBytes: number) =>
        queue.backFill.adopt(instanceId, spoolId, sizeBytes),
      hasRoom: async (sizeBytes: number) =>
        (await spool.freeBytes()) - sizeBytes > settings.disk.warnBelowBytes,
    };
    return new BackFillStage({
      ...this.#deps,
      destination: name,
      sources,
      openers: keys.openers,
      newDatasetDigest: createDatasetDigest,
      get rateLimits() {
        return uploads.rateLimits(name);
      },
      ...(isArchive(target) ? {} : { byThisPc }),
      connect: (destination) => {
        const found = settings.destinations.find((one) => one.name === destination);
        return found === undefined
          ? Promise.reject(new EdgeSyncError('no-destination', destination))
          : uploads.connect(found);
      },
      standing: (destination, use) => this.#standing(destination, use),
      logger: logger.child('upload'),
    });
  }

  #standing(destination: string, use: 'target' | 'source'): Standing {
    const status = this.#deps.uploads.status(destination);
    if (status?.link !== 'open') return 'closed';
    // A pause is about what is sent: what is there can be read.
    if (use === 'source') return status.state === 'ok' || status.hold !== undefined ? 'ok' : 'closed';
    if (status.state !== 'ok') return 'closed';
    return status.active > 0 ? 'busy' : 'ok';
  }
}
