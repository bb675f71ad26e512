/**
 * Shares the node between callers. One that sends without end, or on many associations, takes as much as it likes while
 * it is alone; while another has data too, it waits for that one to have had as much. Programs and devices are told apart
 * by address and AE title.
 */
import type { Wait } from '../dicom/pdu-reader.ts';
import type { Clock } from '../ports.ts';

/** A caller counts as busy this long after its last bytes: senders pause to read the next image from their disk. */
const busyMs = 8;
/** How far one may be ahead of a busy other before it waits. */
const headStartMs = 4;
/** How much a caller that was quiet may catch up: it does not save up turns. */
const mostCreditMs = 40;
const waitMs = 2;
/** Then its turn comes in any case: slower, never stopped. */
const mostWaits = 25;
/** Remembered callers; quiet ones are forgotten first. */
const mostCallers = 64;

export interface Share {
  /** Work done for it, milliseconds, on a scale that all share. */
  usedMs: number;
  lastMs: number;
}

export class FairTurns {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #shares = new Map<string, Share>();
  #mostUsedMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#clock = clock;
  }

  /** Work that took `costMs` was done for `caller`; a promise asks to wait before more of its bytes are looked at. */
  took(caller: string, costMs: number): Wait {
    const share = this.charge(caller, costMs);
    return this.#shares.size > 1 && this.#isAhead(share) ? this.#fallBack(share) : undefined;
  }

  /** As `took`, for work that is done beside its bytes: nothing is waited for now. */
  charge(caller: string, costMs: number): Share {
    const share = this.#shareOf(caller);
    share.lastMs = this.#clock.monotonicMs();
    share.usedMs = Math.max(share.usedMs, this.#mostUsedMs - mostCreditMs) + costMs;
    this.#mostUsedMs = Math.max(this.#mostUsedMs, share.usedMs);
    return share;
  }

  async #fallBack(share: Share): Promise<void> {
    for (let wait = 0; wait < mostWaits && this.#isAhead(share); wait += 1) await this.#clock.sleep(waitMs);
  }

  #isAhead(share: Share): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const other of this.#shares.values()) {
      if (other !== share && nowMs - other.lastMs < busyMs && share.usedMs > other.usedMs + headStartMs)
        return true;
    }
    return false;
  }

  #shareOf(caller: string): Share {
    const known = this.#shares.get(caller);
    if (known !== undefined) return known;
    if (this.#shares.size >= mostCallers) this.#forgetQuiet();
    const share = { usedMs: 0, lastMs: 0 };
    this.#shares.set(caller, share);
    return share;
  }

  #forgetQuiet(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [caller, { lastMs }] of this.#shares)
      if (nowMs - lastMs >= busyMs) this.#shares.delete(caller);
    if (this.#shares.size >= mostCallers) this.#shares.clear();
  }
}
