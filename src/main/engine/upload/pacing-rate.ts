/** How fast objects are read for their upload: token buckets between the spool and the store. */
import type { ObjectSource } from '../cloud/cloud-store.ts';
import type { Clock } from '../ports.ts';

/** What was not used within this may be used at once: small enough that no second holds more than a tenth too much. */
const creditMs = 100;
/** Each turn of a source is as much as the line carries in this time, so that turns are short and of equal size. */
const turnMs = 100;
const leastTurnBytes = 512;
const mostTurnBytes = 256 * 1024;

/**
 * A token bucket. Its turns are given in the order of asking, and everybody asks for one turn at a time: those who read
 * at once get equal shares.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  /** Monotonic: until then everything is given away. */
  #givenUntilMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** The most that is asked for at once. */
  get turnBytes(): number {
    return Math.min(mostTurnBytes, Math.max(leastTurnBytes, Math.floor(this.#bytesPerMs * turnMs)));
  }

  /** Resolves when so many bytes may go. Rejects with the signal's reason; what was given then is lost. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const startMs = Math.max(nowMs - creditMs, this.#givenUntilMs);
    this.#givenUntilMs = startMs + bytes / this.#bytesPerMs;
    if (startMs > nowMs) await this.#clock.sleep(startMs - nowMs, signal);
  }
}

/** `source`, read no faster than every one of `limits` allows; without any, as it is. */
export function paced(source: ObjectSource, limits: readonly RateLimit[], signal: AbortSignal): ObjectSource {
  if (limits.length === 0) return source;
  const turnBytes = Math.min(...limits.map((limit) => limit.turnBytes));
  return {
    sizeBytes: source.sizeBytes,
    async *read(start) {
      for await (const chunk of source.read(start)) {
        for (let at = 0; at < chunk.length; at += turnBytes) {
          const turn = chunk.subarray(at, at + turnBytes);
          for (const limit of limits) await limit.take(turn.length, signal);
          yield turn;
        }
      }
    },
  };
}
