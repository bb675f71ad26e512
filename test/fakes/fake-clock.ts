import type { Cancel, Clock } from '../../src/main/engine/ports.ts';

interface Waiting {
  readonly dueMs: number;
  readonly task: () => void;
}

/** A clock that moves only when told. `jump` moves the wall clock alone, as when somebody sets the PC's time. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #offsetMs: number;
  #waiting: Waiting[] = [];

  constructor(startMs = Date.UTC(2026, 0, 5, 9, 0, 0)) {
    this.#offsetMs = startMs;
  }

  nowMs(): number {
    return this.#monotonicMs + this.#offsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const timer = this.after(ms, resolve);
      signal?.addEventListener(
        'abort',
        () => {
          timer.cancel();
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  after(ms: number, task: () => void): Cancel {
    const waiting: Waiting = { dueMs: this.#monotonicMs + Math.max(ms, 0), task };
    this.#waiting.push(waiting);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
      },
    };
  }

  /** Moves time on, running what falls due in order; lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms;
    for (;;) {
      await settle();
      const next = this.#waiting.filter((one) => one.dueMs <= until).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      next.task();
    }
    this.#monotonicMs = until;
    await settle();
  }

  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
