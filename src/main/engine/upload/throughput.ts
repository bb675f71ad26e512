import type { Clock } from '../ports.ts';

const windowMs = 10_000;
const slotMs = 500;

/** Bytes confirmed over the last 10 s, in slots of half a second, so that it costs nothing to keep. */
export class Throughput {
  readonly #clock: Clock;
  #slots: { readonly slot: number; bytes: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(bytes: number): void {
    const slot = Math.floor(this.#clock.monotonicMs() / slotMs);
    const last = this.#slots.at(-1);
    if (last?.slot === slot) last.bytes += bytes;
    else this.#slots.push({ slot, bytes });
    this.#forget(slot);
  }

  /** 0 when idle. */
  bytesPerSecond(): number {
    this.#forget(Math.floor(this.#clock.monotonicMs() / slotMs));
    const bytes = this.#slots.reduce((sum, one) => sum + one.bytes, 0);
    return (bytes * 1000) / windowMs;
  }

  #forget(slot: number): void {
    this.#slots = this.#slots.filter((one) => one.slot > slot - windowMs / slotMs);
  }
}
