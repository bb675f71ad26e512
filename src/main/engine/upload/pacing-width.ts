import type { ErrorCode } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';

/** Answers and silences by which a line or a service says that it has too much to do. */
const overload: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'cloud-throttled',
  'cloud-server-error',
  'cloud-unreachable',
]);

/** What each slot has under way at once of a large object. */
const blockBytes = 4 * 1024 * 1024;
/** A block that takes longer than this may well run into a time limit: no more large objects at once than that allows. */
const blockMaxMs = 30_000;
/** Slots that large objects leave to others. */
const keptForSmall = 2;

/**
 * How many objects to send at once: additive increase, multiplicative decrease, between one and what is configured. It
 * begins with all of them. Each sign of overload halves it, but those of requests that were begun before the last
 * halving count with that one; as many successes as it is wide make it one wider.
 */
export class AdaptiveWidth {
  readonly #most: number;
  readonly #clock: Clock;
  #width: number;
  #halvedAtMs = Number.NEGATIVE_INFINITY;

  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
    this.#width = most;
  }

  get now(): number {
    return Math.floor(this.#width);
  }

  /** Of these, large objects may have so many at `bytesPerSecond`, the rate of late: at least one, even of one. */
  large(bytesPerSecond: number): number {
    const byLine = Math.floor((bytesPerSecond * blockMaxMs) / 1000 / blockBytes);
    return Math.max(1, Math.min(this.now - keptForSmall, byLine));
  }

  /** `beganMs`: monotonic, when the object was begun. */
  succeeded(beganMs: number): void {
    if (beganMs < this.#halvedAtMs) return;
    this.#width = Math.min(this.#most, this.#width + 1 / this.now);
  }

  failed(code: ErrorCode, beganMs: number): void {
    if (!overload.has(code) || beganMs < this.#halvedAtMs) return;
    this.#width = Math.max(1, this.#width / 2);
    this.#halvedAtMs = this.#clock.monotonicMs();
  }
}
