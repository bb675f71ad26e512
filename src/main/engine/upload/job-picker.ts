import type { Clock } from '../ports.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { sweepEveryMs } from './retry-policy.ts';

/** Between two looks at a queue that says something is due and gives nothing. */
export const secondLookMs = 250;

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

  constructor(deps: JobPickerDeps) {
    this.#deps = deps;
    this.#nextSweepMs = deps.clock.monotonicMs() + sweepEveryMs;
  }

  /** Unless one is going on. */
  sweep(): void {
    this.#sweep ??= new Set();
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
    if (room <= 0) return { jobs: [], waitMs: undefined };
    const mostLarge = Math.max(0, large);
    return this.#sweep === undefined ? this.#due(room, mostLarge) : this.#swept(room, mostLarge, this.#sweep);
  }

  #due(room: number, mostLarge: number): Picked {
    const { queue, destination, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const jobs = queue.claim(destination, room, nowMs, mostLarge);
    if (jobs.length === room) return { jobs, waitMs: undefined };
    const dueAtMs = queue.nextDueAtMs(destination);
    if (dueAtMs === undefined) return { jobs, waitMs: undefined };
    return { jobs, waitMs: dueAtMs > nowMs ? dueAtMs - nowMs : secondLookMs };
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
