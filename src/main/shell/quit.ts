import type { StatusReport } from '../../shared/status.ts';

/** What quitting needs from the rest; the composition root supplies it. */
export interface QuitParts {
  readonly status: () => StatusReport;
  /** Whether receiving and uploads go on without the app: then there is nothing to ask. */
  readonly goesOn: () => boolean;
  /** Asks a person; true: quit all the same. `pending` images are still on the way. */
  readonly confirm: (pending: number) => Promise<boolean>;
  /** Drains and ends the engine; resolves when its process is gone. */
  readonly stopEngine: () => Promise<void>;
  /** Everything has ended: leave. */
  readonly leave: () => void;
}

/** Who wants the end: a person is asked when images are on the way, the operating system does not wait for answers. */
export type QuitReason = 'person' | 'system';

/** Quits once: asks, drains, leaves. Further calls while it is under way join it. */
export class Quit {
  readonly #parts: QuitParts;
  #asking = false;
  #leaving: Promise<void> | undefined;

  constructor(parts: QuitParts) {
    this.#parts = parts;
  }

  get decided(): boolean {
    return this.#leaving !== undefined;
  }

  async request(reason: QuitReason): Promise<void> {
    if (this.#leaving !== undefined) return this.#leaving;
    const pending = this.#parts.status().counts.pending;
    if (reason === 'person' && pending > 0 && !this.#parts.goesOn()) {
      if (this.#asking) return;
      this.#asking = true;
      const goOn = await this.#parts.confirm(pending).finally(() => {
        this.#asking = false;
      });
      if (!goOn) return;
    }
    this.#leaving ??= this.#parts.stopEngine().then(() => this.#parts.leave());
    return this.#leaving;
  }
}
