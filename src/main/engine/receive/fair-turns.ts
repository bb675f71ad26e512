/**
 * Shares the node between callers. One that sends without end, or on many associations, takes as much as it likes while
 * it is alone; while another has data too, it waits for that one to have had as much. Programs and devices are told apart
 * by address and AE title.
 */
import type { Wait } from '../dicom/pdu-reader.ts';
import type { Clock } from '../ports.ts';

/** A caller counts as busy this long after its last bytes. */
const busyMs = 30;
/** How far one may be ahead of a busy other before it waits. */
const headStartMs = 2;
/** Of all connections together: some thirty new ones at once wait for nobody. */
const connectingHeadStartMs = 10;
/**
 * How much a caller that was quiet may catch up: it does not save up turns. A turn that it does not take passes with the
 * time, so one that sends a little now and then holds a busy one up for no more than this each time.
 */
const mostCreditMs = 12;
/** Taken in advance by whoever stops waiting, so that many associations of one caller do not all go at once. */
const entryMs = 1;
const waitMs = 2;
/** Then its turn comes in any case: slower, never stopped. */
const mostWaits = 100;
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
  /** All connections without an association: they wait for callers that have one, and nobody waits for them. */
  readonly #connecting: Share = { usedMs: 0, lastMs: 0 };
  #mostUsedMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#clock = clock;
  }

  /** Work that took `costMs` was done for `caller`; a promise asks to wait before more of its bytes are looked at. */
  took(caller: string, costMs: number): Wait {
    const share = this.charge(caller, costMs);
    return this.#shares.size > 1 && this.#isAhead(share) ? this.#fallBack(share) : undefined;
  }

  /** As `took`, for what a connection sends before it has an association. */
  connects(costMs: number): Wait {
    this.#use(this.#connecting, costMs);
    return this.#isAhead(this.#connecting) ? this.#fallBack(this.#connecting) : undefined;
  }

  /** As `took`, for work that is done beside its bytes: nothing is waited for now. */
  charge(caller: string, costMs: number): Share {
    const share = this.#shareOf(caller);
    this.#use(share, costMs);
    return share;
  }

  #use(share: Share, costMs: number): void {
    share.lastMs = this.#clock.monotonicMs();
    share.usedMs = Math.max(share.usedMs, this.#mostUsedMs - mostCreditMs) + costMs;
    this.#mostUsedMs = Math.max(this.#mostUsedMs, share.usedMs);
  }

  async #fallBack(share: Share): Promise<void> {
    for (let wait = 0; wait < mostWaits && this.#isAhead(share); wait += 1) await this.#clock.sleep(waitMs);
    share.usedMs += entryMs;
  }

  #isAhead(share: Share): boolean {
    const headStart = share === this.#connecting ? connectingHeadStartMs : headStartMs;
    const nowMs = this.#clock.monotonicMs();
    for (const other of this.#shares.values()) {
      const quietMs = nowMs - other.lastMs;
      if (other === share || quietMs >= busyMs) continue;
      if (share.usedMs > other.usedMs + quietMs + headStart) return true;
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
