/** Refuses images before the disk is full: the database and the uploads need room to go on. */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';

/** Other programs fill disks too, so it is looked at again even when nothing is received. */
const checkEveryMs = 10_000;
/** After this much was received, sooner: a fast CT fills 5 GB in a minute. */
const checkAfterBytes = 256 * 1024 * 1024;

export interface DiskGuardOptions {
  /** Free bytes on the spool's disk. */
  readonly freeBytes: () => Promise<number>;
  /** settings.disk.refuseBelowBytes. */
  readonly refuseBelowBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #freeBytes: number;
  #acceptedBytes = 0;
  #timer: Cancel | undefined;
  #checking = false;
  #closed = false;

  private constructor(options: DiskGuardOptions, freeBytes: number) {
    this.#options = options;
    this.#freeBytes = freeBytes;
    this.#schedule();
  }

  /** Looks at the disk once before it answers. Throws EdgeSyncError disk-error when that fails. */
  static async open(options: DiskGuardOptions): Promise<DiskGuard> {
    try {
      return new DiskGuard(options, await options.freeBytes());
    } catch (error) {
      throw toEdgeSyncError(error, 'disk-error');
    }
  }

  /** Why nothing can be received now, or undefined. */
  refusal(): EdgeSyncError | undefined {
    return this.#freeBytes - this.#acceptedBytes < this.#options.refuseBelowBytes
      ? new EdgeSyncError('disk-full')
      : undefined;
  }

  /** So many bytes are on their way to the disk. */
  accepted(sizeBytes: number): void {
    this.#acceptedBytes += sizeBytes;
    if (this.#acceptedBytes >= checkAfterBytes) void this.check();
  }

  /** Looks at the disk now. Never rejects: a failure keeps the last figure. */
  async check(): Promise<void> {
    if (this.#checking || this.#closed) return;
    this.#checking = true;
    this.#timer?.cancel();
    const acceptedBefore = this.#acceptedBytes;
    const wasFull = this.refusal() !== undefined;
    try {
      this.#freeBytes = await this.#options.freeBytes();
      this.#acceptedBytes -= acceptedBefore;
      const isFull = this.refusal() !== undefined;
      if (isFull !== wasFull) {
        this.#options.logger.warn(isFull ? 'disk is full, images are refused' : 'disk has room again', {
          freeBytes: this.#freeBytes,
        });
      }
    } catch (error) {
      this.#options.logger.warn('free space is not known', {
        code: toEdgeSyncError(error, 'disk-error').code,
      });
    } finally {
      this.#checking = false;
      this.#schedule();
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(checkEveryMs, () => void this.check());
  }
}
