/**
 * What keeps images from being written though nothing speaks against trying: stands from a failed write until one
 * succeeds, of an image or of a probe. It refuses nothing, for only further attempts can show that it is over.
 */
import type { EdgeSyncError, ErrorCode } from '../../../shared/errors.ts';
import type { IntakeOutcome, IntakeStream } from './intake-port.ts';

/** Faults of the disk or the database; every other refusal is about one image. */
const standingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'disk-error',
  'disk-full',
  'data-dir-not-writable',
  'database-damaged',
]);

export class StandingTrouble {
  #error: EdgeSyncError | undefined;

  get current(): EdgeSyncError | undefined {
    return this.#error;
  }

  /** The same stream; how it ends is taken note of. */
  watch(stream: IntakeStream): IntakeStream {
    return {
      write: (chunk) => stream.write(chunk),
      abort: () => stream.abort(),
      finish: async () => {
        const outcome = await stream.finish();
        this.#learn(outcome);
        return outcome;
      },
    };
  }

  /** Disk and database took a write of the same kind. */
  end(): void {
    this.#error = undefined;
  }

  #learn(outcome: IntakeOutcome): void {
    // A duplicate writes no row, so it proves nothing.
    if (outcome.tag === 'stored') this.#error = undefined;
    else if (outcome.tag === 'refused' && standingCodes.has(outcome.error.code)) this.#error = outcome.error;
  }
}
