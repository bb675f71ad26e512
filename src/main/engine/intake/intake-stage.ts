/** Begins instances: see README.md. */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { Logger } from '../ports.ts';
import type { IntakeQueue } from '../queue/queue-port.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { Announcement, Intake, IntakeStream } from './intake-port.ts';
import { InstanceStream, RefusedStream } from './intake-stream.ts';
import { StagingPool } from './staging-pool.ts';
import { StandingTrouble } from './standing-trouble.ts';

/** HMAC over SOP Instance UID, transfer syntax and SHA-256 (hex) of the dataset: 64 hex digits. */
export type NameObject = (sopInstanceUid: string, transferSyntaxUid: string, datasetSha256: string) => string;

export interface IntakeDeps {
  /** Throws EdgeSyncError (keychain-unavailable, ...) while the key cannot be used. */
  readonly sealers: () => SealerFactory;
  readonly spool: Pick<Spool, 'create' | 'remove'>;
  readonly queue: IntakeQueue;
  readonly objectName: NameObject;
  readonly disk: Pick<DiskGuard, 'refusal' | 'accepted'>;
  /** An image begins to come in. */
  readonly onBegin?: () => void;
  readonly logger: Logger;
}

export class IntakeStage implements Intake {
  readonly #deps: IntakeDeps;
  readonly #staging = new StagingPool();
  readonly #trouble = new StandingTrouble();

  constructor(deps: IntakeDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('intake') };
  }

  begin(announcement: Announcement): IntakeStream {
    try {
      const full = this.#deps.disk.refusal();
      if (full !== undefined) return new RefusedStream(full);
      this.#deps.onBegin?.();
      const stream = new InstanceStream(announcement, this.#deps.sealers(), this.#deps, this.#staging);
      return this.#trouble.watch(stream);
    } catch (error) {
      return new RefusedStream(this.#told(error));
    }
  }

  refusal(): EdgeSyncError | undefined {
    try {
      const full = this.#deps.disk.refusal();
      if (full === undefined) this.#deps.sealers();
      return full;
    } catch (error) {
      return this.#told(error);
    }
  }

  /**
   * Why nothing can be received, as far as is known: the refusal, or the fault of disk or database that the last
   * attempt met. The latter refuses nothing: attempts go on, and the first that succeeds ends it.
   */
  standing(): EdgeSyncError | undefined {
    return this.refusal() ?? this.#trouble.current;
  }

  /**
   * Ends a standing trouble when `write` succeeds: a durable write to the spool's disk and to the database. Without it
   * "not receiving" would stay until the next image, which a device that has given up may never send. Never rejects.
   */
  async retry(write: () => Promise<void>): Promise<void> {
    const before = this.#trouble.current;
    if (before === undefined) return;
    try {
      await write();
    } catch (error) {
      this.#deps.logger.warn('the disk still takes no writes', { code: toEdgeSyncError(error).code });
      return;
    }
    // Another attempt may have failed meanwhile: that one stands.
    if (this.#trouble.current === before) this.#trouble.end();
  }

  #told(error: unknown): EdgeSyncError {
    if (!(error instanceof EdgeSyncError))
      this.#deps.logger.error('an instance could not be begun', {}, error);
    return toEdgeSyncError(error);
  }
}
