import type { Cancel, Clock } from '../ports.ts';

/** setTimeout's own ceiling (a signed 32-bit count of milliseconds); longer waits are cut into pieces. */
const longestTimerMs = 2 ** 31 - 1;

export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.monotonicMs() + ms;
    for (;;) {
      const left = until - this.monotonicMs();
      if (left <= 0) return;
      await pause(Math.min(left, longestTimerMs), signal);
    }
  }

  after(ms: number, task: () => void): Cancel {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), longestTimerMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
