/**
 * Ends associations whose peer stands still: silent between messages for longer than it may, or slower within a message
 * than a working sender ever is. Time that we ourselves hold the peer up does not count.
 */
import type { Cancel, Clock } from '../ports.ts';

/** DESIGN section 5. */
export const defaultIdleMs = 60_000;
export const rateWindowMs = 60_000;
/** Bytes that must arrive in a window while a message is under way: 4 KB/s. */
export const rateWindowBytes = (4_096 * rateWindowMs) / 1_000;

export type Stall = 'idle' | 'too-slow';

export class ProgressWatch {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #onStall: (stall: Stall) => void;
  #timer: Cancel | undefined;
  #lastBytesAtMs: number;
  #windowStartMs = 0;
  #windowBytes = 0;
  #isInMessage = false;
  #heldSinceMs: number | undefined;

  constructor(clock: Clock, idleMs: number, onStall: (stall: Stall) => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onStall = onStall;
    this.#lastBytesAtMs = clock.monotonicMs();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Anything at all came in. */
  received(): void {
    this.#lastBytesAtMs = this.#clock.monotonicMs();
  }

  /** Bytes of a command or dataset came in; empty fragments are no progress. */
  progressed(bytes: number): void {
    this.#windowBytes += bytes;
  }

  /** Whether, after what came in so far, a message or PDU waits for its rest. */
  within(place: 'message' | 'gap'): void {
    const isInMessage = place === 'message';
    if (isInMessage === this.#isInMessage) return;
    this.#isInMessage = isInMessage;
    if (isInMessage) this.#openWindow();
    // An idle time longer than a window: the timer may be set too late for the message.
    if (isInMessage && this.#idleMs > rateWindowMs) this.#arm();
  }

  /** We make the peer wait. */
  hold(): void {
    this.#heldSinceMs ??= this.#clock.monotonicMs();
  }

  /** We take more again. */
  release(): void {
    if (this.#heldSinceMs === undefined) return;
    const now = this.#clock.monotonicMs();
    this.#windowStartMs += now - this.#heldSinceMs;
    this.#lastBytesAtMs = now;
    this.#heldSinceMs = undefined;
  }

  #openWindow(): void {
    this.#windowStartMs = this.#clock.monotonicMs();
    this.#windowBytes = 0;
  }

  #check(): void {
    if (this.#heldSinceMs === undefined) {
      const now = this.#clock.monotonicMs();
      const silentMs = now - this.#lastBytesAtMs;
      // Inside a message the stricter of both counts.
      if (silentMs >= (this.#isInMessage ? Math.min(this.#idleMs, rateWindowMs) : this.#idleMs))
        return this.#onStall('idle');
      if (this.#isInMessage && now - this.#windowStartMs >= rateWindowMs) {
        if (this.#windowBytes < rateWindowBytes) return this.#onStall('too-slow');
        this.#openWindow();
      }
    }
    this.#arm();
  }

  #arm(): void {
    this.stop();
    const now = this.#clock.monotonicMs();
    const idleLeftMs = this.#lastBytesAtMs + this.#idleMs - now;
    const windowLeftMs = this.#windowStartMs + rateWindowMs - now;
    const dueMs = this.#isInMessage ? Math.min(idleLeftMs, windowLeftMs) : Math.min(idleLeftMs, rateWindowMs);
    // Held up: nothing can fall due before it is released, so looking again later is enough.
    const waitMs = this.#heldSinceMs === undefined ? Math.max(dueMs, 1) : rateWindowMs;
    this.#timer = this.#clock.after(waitMs, () => this.#check());
  }
}
