import type { EdgeSyncError, ErrorReport } from '../../../shared/errors.ts';
import type { Clock, Random } from '../ports.ts';
import { firstPauseMs, longestGateMs, longestWindowMs, nextWaitMs } from './retry-policy.ts';

/** ok; retrying: it fails for now; paused: it waits for something on this PC; refused: the cloud said no. */
export type DestinationState = 'ok' | 'retrying' | 'paused' | 'refused';

/** So many different objects in a row have to fail before the destination itself is held to be down. */
const failuresBeforeClosing = 3;

/**
 * Says whether a destination is worth a request now. While it is down one request at a time goes through, after a wait
 * that grows; the first success opens it again. One object that fails over and over never closes it.
 */
export class DestinationGate {
  readonly #clock: Clock;
  readonly #random: Random;
  #failed = new Set<string>();
  #closings = 0;
  #closedUntilMs = 0;
  #error: { readonly tag: 'failing' | 'paused'; readonly error: EdgeSyncError } | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Milliseconds until the next request may go; 0 when it may now. */
  waitMs(): number {
    return Math.max(0, this.#closedUntilMs - this.#clock.monotonicMs());
  }

  /** all: as many as configured. one: it was down when last seen, so a single request finds out. */
  width(): 'all' | 'one' {
    return this.#closings === 0 ? 'all' : 'one';
  }

  /** `what` names the object, so that the same one failing again is not taken for the destination. */
  failed(error: EdgeSyncError, what: string): void {
    this.#failed.add(what);
    if (this.#error?.tag !== 'paused') this.#error = { tag: 'failing', error };
    const isDown = this.#failed.size >= failuresBeforeClosing || this.#closings > 0;
    if (error.retryAfterMs !== undefined || isDown) this.#close(error, longestGateMs, 0);
  }

  /** Not even a connection: nothing else could work either. */
  down(error: EdgeSyncError): void {
    this.#error = { tag: 'failing', error };
    this.#close(error, longestGateMs, 0);
  }

  /** Waits for a person: a credential, a clock, a key. */
  paused(error: EdgeSyncError): void {
    this.#error = { tag: 'paused', error };
    this.#close(error, longestWindowMs, firstPauseMs);
  }

  /** @returns true when it had been down, or failing. */
  succeeded(): boolean {
    const wasDown = this.#closings > 0;
    this.#failed = new Set();
    this.#closings = 0;
    this.#closedUntilMs = 0;
    this.#error = undefined;
    return wasDown;
  }

  /** The network or a credential changed: the wait is over, one request finds out. */
  wake(): void {
    this.#closedUntilMs = 0;
  }

  get state(): DestinationState {
    if (this.#error === undefined) return 'ok';
    switch (this.#error.tag) {
      case 'failing':
        // One object's trouble is shown with that object.
        return this.#closings > 0 || this.#failed.size >= failuresBeforeClosing ? 'retrying' : 'ok';
      case 'paused':
        return isRefusal(this.#error.error) ? 'refused' : 'paused';
    }
  }

  get report(): ErrorReport | null {
    return this.state === 'ok' ? null : (this.#error?.error.report ?? null);
  }

  /** Requests that were under way together and fail together count as one. */
  #close(error: EdgeSyncError, ceilingMs: number, leastMs: number): void {
    if (this.waitMs() > 0) return;
    this.#closings += 1;
    const waitMs = Math.max(leastMs, nextWaitMs(error, this.#closings, this.#random, ceilingMs));
    this.#closedUntilMs = this.#clock.monotonicMs() + waitMs;
  }
}

/** The cloud itself said no, as opposed to something that is missing on this PC. */
function isRefusal(error: EdgeSyncError): boolean {
  return error.code !== 'cloud-secret-missing' && /^(cloud|archive-key|manifest|pacs)-/.test(error.code);
}
