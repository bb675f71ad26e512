import type { Cancel, Clock } from '../../src/main/engine/ports.ts';

interface Waiting {
  readonly dueMs: number;
  readonly task: () => void;
  timer: NodeJS.Timeout;
}

/** setTimeout's own ceiling. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The real clock, which a test may move on besides: `skip` lets time go by (whatever falls due meanwhile runs at once),
 * `jump` sets the wall clock alone, as a person or a time server does. For tests with real sockets and processes.
 */
export class SkipClock implements Clock {
  readonly #waiting = new Set<Waiting>();
  #skippedMs = 0;
  #jumpedMs = 0;

  nowMs(): number {
    return Date.now() + this.#skippedMs + this.#jumpedMs;
  }

  monotonicMs(): number {
    return performance.now() + this.#skippedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = this.#add(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, task: () => void): Cancel {
    return this.#add(ms, task);
  }

  skip(ms: number): void {
    this.#skippedMs += ms;
    const nowMs = this.monotonicMs();
    for (const waiting of [...this.#waiting].sort((a, b) => a.dueMs - b.dueMs)) {
      clearTimeout(waiting.timer);
      if (!this.#waiting.has(waiting)) continue;
      waiting.timer = this.#arm(waiting, Math.max(0, waiting.dueMs - nowMs));
    }
  }

  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** The wall clock is right again; what was skipped has gone by all the same. */
  setRight(): void {
    this.#jumpedMs = -this.#skippedMs;
  }

  #add(ms: number, task: () => void): Cancel {
    const waitMs = Math.max(0, ms);
    const waiting: Waiting = {
      dueMs: this.monotonicMs() + waitMs,
      task,
      timer: undefined as unknown as NodeJS.Timeout,
    };
    waiting.timer = this.#arm(waiting, waitMs);
    this.#waiting.add(waiting);
    return {
      cancel: () => {
        clearTimeout(waiting.timer);
        this.#waiting.delete(waiting);
      },
    };
  }

  #arm(waiting: Waiting, ms: number): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#waiting.delete(waiting);
        waiting.task();
      },
      Math.min(ms, longestTimerMs),
    );
    timer.unref();
    return timer;
  }
}
