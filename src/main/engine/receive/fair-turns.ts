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
/** Of all connections together: some twenty new ones at once wait for nobody. */
const connectingHeadStartMs = 30;
/** What stands back counts as this much: with others busy it has a fifth of the node, not half of it. */
const backWeight = 4;
/** Of a connection that came to nothing, beside its work. */
const inVainMs = 5;
/** Of one that broke the protocol: what it sent into the socket's buffers meanwhile was work for this PC as well. */
const brokenMs = 20;
/** No further than this are connections behind those that have an association. */
const mostInVainMs = 100;
/** A caller that broke the protocol stands back this long. */
const grudgeMs = 10_000;
/**
 * How much a caller that was quiet may catch up: it does not save up turns. A turn that it does not take passes with the
 * time, so one that sends a little now and then holds a busy one up for no more than this each time.
 */
const mostCreditMs = 12;
/** Taken in advance by whoever stops waiting, so that many associations of one caller do not all go at once. */
const entryMs = 1;
const tickMs = 2;
/** Then its turn comes in any case: slower, never stopped. */
const mostWaitMs = 200;
/** As `mostWaitMs`, for connections: who floods comes back at once, on many of them. A device waits 30 s for its answer. */
const mostConnectionWaitMs = 400;
/**
 * Of this thread's time. Who takes less than `light` while the thread is not `saturated` has what it asks for: it sends a
 * byte now and then, and nobody has to wait for it to have had as much.
 */
const light = 0.12;
const saturated = 0.9;
/** Over about this long. */
const shareMs = 100;
/** Remembered callers; quiet ones are forgotten first. */
const mostCallers = 64;

/** `bulk`: what takes long in any case, and what others should not have to wait behind. */
export type Burden = 'usual' | 'bulk';

interface Share {
  /** Work done for it, milliseconds, on a scale that all share. */
  usedMs: number;
  lastMs: number;
  /** Of the thread's time, of late. */
  part: number;
  /** Until then all it asks for stands back. */
  backUntilMs: number;
}

interface Waiter {
  readonly sinceMs: number;
  readonly go: () => void;
}

export class FairTurns {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #shares = new Map<string, Share>();
  /** All connections without an association: they wait for callers that have one, and nobody waits for them. */
  readonly #connecting: Share = { usedMs: 0, lastMs: 0, part: 0, backUntilMs: 0 };
  /** In the order they came. One timer wakes all of them: there may be many. */
  readonly #waiting = new Map<Share, Waiter[]>();
  #isTicking = false;
  readonly #load: () => number;
  #mostUsedMs = 0;

  /** `load`: of this thread, of late, between 0 and 1. */
  constructor(clock: Pick<Clock, 'monotonicMs' | 'sleep'>, load: () => number) {
    this.#clock = clock;
    this.#load = load;
  }

  /** Work that took `costMs` was done for `caller`; a promise asks to wait before more of its bytes are looked at. */
  took(caller: string, costMs: number, burden: Burden = 'usual'): Wait {
    const share = this.#charge(caller, costMs, burden);
    return this.#shares.size > 1 && this.#isAhead(share) ? this.#fallBack(share) : undefined;
  }

  /** As `took`, for what a connection sends before it has an association. */
  connects(costMs: number): Wait {
    const share = this.#connecting;
    share.usedMs = Math.max(share.usedMs, this.#mostUsedMs - mostCreditMs);
    this.#delayConnections(costMs * backWeight);
    return this.#isAhead(share) ? this.#fallBack(share) : undefined;
  }

  /** As `took`, for work that is done beside its bytes: nothing is waited for now. */
  charge(caller: string, costMs: number): void {
    this.#charge(caller, costMs, 'usual');
  }

  /** A connection was refused, or ended without an image or an orderly end: more like it have to wait. */
  cameToNothing(how: 'in-vain' | 'broken'): void {
    this.#delayConnections(how === 'broken' ? brokenMs : inVainMs);
  }

  /** The caller sent something that is not DICOM: for a while it stands back when others are busy. */
  brokeProtocol(caller: string): void {
    this.#shareOf(caller).backUntilMs = this.#clock.monotonicMs() + grudgeMs;
  }

  #delayConnections(ms: number): void {
    const share = this.#connecting;
    share.usedMs = Math.min(share.usedMs + ms, Math.max(share.usedMs, this.#mostUsedMs + mostInVainMs));
  }

  #charge(caller: string, costMs: number, burden: Burden): Share {
    const share = this.#shareOf(caller);
    const nowMs = this.#clock.monotonicMs();
    const weight = burden === 'bulk' || nowMs < share.backUntilMs ? backWeight : 1;
    share.part = share.part * Math.exp((share.lastMs - nowMs) / shareMs) + costMs / shareMs;
    share.lastMs = nowMs;
    share.usedMs = Math.max(share.usedMs, this.#mostUsedMs - mostCreditMs) + costMs * weight;
    this.#mostUsedMs = Math.max(this.#mostUsedMs, share.usedMs);
    return share;
  }

  #fallBack(share: Share): Promise<void> {
    return new Promise((go) => {
      const line = this.#waiting.get(share) ?? [];
      line.push({ sinceMs: this.#clock.monotonicMs(), go });
      this.#waiting.set(share, line);
      if (!this.#isTicking) void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(tickMs);
      for (const [share, line] of this.#waiting) {
        while (line[0] !== undefined && this.#mayGo(share, line[0])) {
          line.shift()?.go();
          share.usedMs += entryMs;
        }
        if (line.length === 0) this.#waiting.delete(share);
      }
    }
    this.#isTicking = false;
  }

  #mayGo(share: Share, { sinceMs }: Waiter): boolean {
    const mostMs = share === this.#connecting ? mostConnectionWaitMs : mostWaitMs;
    return !this.#isAhead(share) || this.#clock.monotonicMs() - sinceMs >= mostMs;
  }

  #isAhead(share: Share): boolean {
    const headStart = share === this.#connecting ? connectingHeadStartMs : headStartMs;
    const nowMs = this.#clock.monotonicMs();
    for (const other of this.#shares.values()) {
      const quietMs = nowMs - other.lastMs;
      if (other === share || quietMs >= busyMs) continue;
      if (share.usedMs <= other.usedMs + quietMs + headStart) continue;
      if (share === this.#connecting || other.part >= light || this.#load() >= saturated) return true;
    }
    return false;
  }

  #shareOf(caller: string): Share {
    const known = this.#shares.get(caller);
    if (known !== undefined) return known;
    if (this.#shares.size >= mostCallers) this.#forgetQuiet();
    const share = { usedMs: 0, lastMs: 0, part: 0, backUntilMs: 0 };
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
