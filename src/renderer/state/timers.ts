/** Time for the page's own waiting. A port, so that tests move it. */
export interface Timers {
  /** Milliseconds that go on while the PC sleeps, so that a woken page knows how old its figures are. */
  nowMs(): number;
  /** Calls `task` once after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): () => void;
  /** Uniform in [0, 1). */
  fraction(): number;
}

export const browserTimers: Timers = {
  nowMs: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  fraction: () => Math.random(),
};
