import type { Clock } from '../ports.ts';

/** The rate is that of the last few seconds: long enough to be calm, short enough to follow a line that gets slow. */
const windowMs = 15_000;
const sampleEveryMs = 500;
/** A rate from less than this would jump about. */
const leastMs = 1000;

/** How fast bytes come in, and so how long the rest will take. */
export class Meter {
  readonly #clock: Clock;
  readonly #samples: { readonly atMs: number; readonly bytes: number }[];
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#samples = [{ atMs: clock.monotonicMs(), bytes: 0 }];
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const atMs = this.#clock.monotonicMs();
    if (atMs - (this.#samples.at(-1)?.atMs ?? 0) < sampleEveryMs) return;
    this.#samples.push({ atMs, bytes: this.#bytes });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) > windowMs)
      this.#samples.shift();
  }

  /** Bytes per second; undefined before there is enough to tell. */
  rate(): number | undefined {
    const first = this.#samples[0];
    const elapsedMs = this.#clock.monotonicMs() - (first?.atMs ?? 0);
    if (first === undefined || elapsedMs < leastMs) return undefined;
    return ((this.#bytes - first.bytes) * 1000) / elapsedMs;
  }
}
