import type { Clock } from '../ports.ts';
import { isLarge } from '../queue/large-objects.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { sweepEveryMs } from './retry-policy.ts';

/** Between two looks at a queue that says something is due and gives nothing. */
export const secondLookMs = 250;

/**
 * Small objects taken along with those that begin at once: over a fast line a look at the queue costs about as much
 * processor time as encrypting an object, and four at once little more than one.
 */
const mostAhead = 4;
/** A line is fast when slots come free within this time; what was taken along for longer goes back, for the newest go first. */
const aheadMs = 100;

export interface JobPickerDeps {
  readonly destination: string;
  readonly queue: Pick<UploadQueue, 'claim' | 'release' | 'nextDueAtMs'>;
  readonly clock: Clock;
}

interface Picked {
  readonly jobs: readonly UploadJob[];
  readonly waitMs: number | undefined;
}

/** Takes from the queue what may be sent now; now and then, in a sweep, everything that waits counts as due, once. */
export class JobPicker {
  readonly #deps: JobPickerDeps;
  #nextSweepMs: number;
  /** Instances tried in the sweep that is going on; undefined between sweeps. */
  #sweep: Set<number> | undefined;
  /** Claimed, not begun. */
  #ahead: UploadJob[] = [];
  #claimedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: JobPickerDeps) {
    this.#deps = deps;
    this.#nextSweepMs = deps.clock.monotonicMs() + sweepEveryMs;
  }

  /** Unless one is going on. */
  sweep(): void {
    this.putBack();
    this.#sweep ??= new Set();
  }

  /** Nothing may begin for now, or ever: what was taken along is nobody's again. */
  putBack(): void {
    this.#release(this.#ahead);
    this.#ahead = [];
  }

  /** Milliseconds until the next sweep; begins it when it is due. */
  sweepWaitMs(): number {
    const nowMs = this.#deps.clock.monotonicMs();
    const waitMs = this.#nextSweepMs - nowMs;
    if (waitMs > 0) return waitMs;
    this.#nextSweepMs = nowMs + sweepEveryMs;
    this.sweep();
    return 0;
  }

  /**
   * At most `all` jobs, at most `large` of them large. `waitMs`: until there is a reason to look again; undefined: only
   * when something ends or arrives.
   */
  pick({ all: room, large }: { readonly all: number; readonly large: number }): Picked {
    if (room <= 0) return { jobs: [], waitMs: this.#restMs() };
    const mostLarge = Math.max(0, large);
    return this.#sweep === undefined ? this.#due(room, mostLarge) : this.#swept(room, mostLarge, this.#sweep);
  }

  #due(room: number, mostLarge: number): Picked {
    const { queue, destination, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const jobs = this.#takeAlong(room, mostLarge, nowMs);
    if (jobs.length === room) return { jobs, waitMs: undefined };
    try {
      const dueAtMs = queue.nextDueAtMs(destination);
      if (dueAtMs === undefined) return { jobs, waitMs: undefined };
      return { jobs, waitMs: dueAtMs > nowMs ? dueAtMs - nowMs : secondLookMs };
    } catch (error) {
      // Nobody begins them now.
      this.#release(jobs);
      throw error;
    }
  }

  /** At most `room`, from those that were taken along if they are fresh. */
  #takeAlong(room: number, mostLarge: number, nowMs: number): UploadJob[] {
    const { queue, destination, clock } = this.#deps;
    const isFast = this.#isFast();
    if (!isFast) this.putBack();
    const missing = room - this.#ahead.length;
    if (missing <= 0) return this.#ahead.splice(0, room);
    // First, for it may throw: what was taken along is still known then.
    const claimed = queue.claim(destination, missing + (isFast ? mostAhead : 0), nowMs, mostLarge);
    this.#claimedAtMs = clock.monotonicMs();
    const jobs = [...this.#ahead, ...claimed.splice(0, missing)];
    this.#ahead = claimed.filter((job) => !isLarge(job));
    // How many of these may begin is asked each time.
    this.#release(claimed.filter(isLarge));
    return jobs;
  }

  /** No room: what was taken along goes back unless its turn comes soon. @returns milliseconds until it is looked at again. */
  #restMs(): number | undefined {
    if (this.#ahead.length === 0) return undefined;
    if (this.#isFast()) return aheadMs;
    this.putBack();
    return undefined;
  }

  #release(jobs: readonly UploadJob[]): void {
    const { queue, destination } = this.#deps;
    for (const { instanceId } of jobs) queue.release(instanceId, destination);
  }

  #isFast(): boolean {
    return this.#deps.clock.monotonicMs() - this.#claimedAtMs < aheadMs;
  }

  #swept(room: number, mostLarge: number, tried: Set<number>): Picked {
    const { queue, destination } = this.#deps;
    const jobs: UploadJob[] = [];
    for (const job of queue.claim(destination, room, Number.MAX_SAFE_INTEGER, mostLarge)) {
      if (tried.has(job.instanceId)) {
        queue.release(job.instanceId, destination);
        continue;
      }
      tried.add(job.instanceId);
      jobs.push(job);
    }
    if (jobs.length === room) return { jobs, waitMs: undefined };
    this.#sweep = undefined;
    return { jobs, waitMs: queue.nextDueAtMs(destination) === undefined ? undefined : secondLookMs };
  }
}
