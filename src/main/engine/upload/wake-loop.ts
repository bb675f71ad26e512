import type { Cancel, Clock } from '../ports.ts';

/** Looks again and again at what may begin now: when poked, and after the time that the last look gave. */
export class WakeLoop {
  readonly #clock: Clock;
  #state: 'new' | 'running' | 'ended' = 'new';
  #isPoked = false;
  #wake: (() => void) | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the last look is over. */
  get done(): Promise<void> {
    return this.#done;
  }

  /**
   * `look` must not throw, and what it does itself must be in what it gives: milliseconds until there is a reason to look
   * again, undefined: only when poked. Does nothing the second time, and after `end`.
   */
  begin(look: () => number | undefined | Promise<number | undefined>): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#done = this.#run(look);
  }

  /** There may be something to do. Cheap. */
  poke(): void {
    this.#isPoked = true;
    this.#wake?.();
  }

  /** No look begins after this. */
  end(): void {
    this.#state = 'ended';
    this.poke();
  }

  async #run(look: () => number | undefined | Promise<number | undefined>): Promise<void> {
    while (this.#state === 'running') {
      const looked = look();
      // What a look has begun pokes while it lasts, and was seen by it; only what came after that is news.
      if (!(looked instanceof Promise)) this.#isPoked = false;
      await this.#rest(await looked);
    }
  }

  /** Until poked, or for `ms`. */
  async #rest(ms: number | undefined): Promise<void> {
    let timer: Cancel | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#isPoked || this.#state !== 'running') resolve();
      else if (ms !== undefined) timer = this.#clock.after(ms, resolve);
    });
    timer?.cancel();
    this.#wake = undefined;
    this.#isPoked = false;
  }
}
