/** Writes what changed at once, and then at most once a second, however often it is told. */
import type { Cancel, Clock, Logger } from '../ports.ts';

/** A flood of callers costs the disk no more than this; a person sees no difference. */
const everyMs = 1000;
/** After a failure: the database refuses, and asking more often helps nobody. */
const afterFailureMs = 10_000;

export class PacedSave {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #save: () => Promise<void>;
  #timer: Cancel | undefined;
  #saving: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;
  #notBeforeMs = -Infinity;

  /** `save` writes everything that has changed when it is called, and keeps for the next time what it could not. */
  constructor(clock: Clock, logger: Logger, save: () => Promise<void>) {
    this.#clock = clock;
    this.#logger = logger;
    this.#save = save;
  }

  /** Something changed. */
  due(): void {
    this.#isDue = true;
    if (this.#timer !== undefined || this.#saving !== undefined || this.#isClosed) return;
    const waitMs = Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  /** Writes what is owed, and nothing any more after it. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#saving;
    if (this.#isDue) await this.#run();
  }

  async #run(): Promise<void> {
    this.#isDue = false;
    this.#saving = this.#save().then(
      () => this.#rest(everyMs),
      (error: unknown) => {
        this.#logger.error('not-saved', {}, error);
        this.#isDue = true;
        this.#rest(afterFailureMs);
      },
    );
    await this.#saving;
    this.#saving = undefined;
    this.#again();
  }

  /** For what came while it was saved. */
  #again(): void {
    if (this.#isDue) this.due();
  }

  #rest(ms: number): void {
    this.#notBeforeMs = this.#clock.monotonicMs() + ms;
  }
}
