import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** Shorter and a single image makes the difference; longer and receiving waits for its turn. */
const windowMs = 100;

/** How much of the time this thread has had something to do of late. */
export class EventLoopLoad {
  #sample: EventLoopUtilization = performance.eventLoopUtilization();
  #atMs = performance.now();
  #share = 0;

  /** Between 0 and 1, over at least the last 100 ms before the call that looked last. Cheap. */
  share(): number {
    const nowMs = performance.now();
    if (nowMs - this.#atMs >= windowMs) {
      const sample = performance.eventLoopUtilization();
      this.#share = performance.eventLoopUtilization(sample, this.#sample).utilization;
      this.#sample = sample;
      this.#atMs = nowMs;
    }
    return this.#share;
  }
}
