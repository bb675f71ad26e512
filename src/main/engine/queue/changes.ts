/** Tells listeners, after a commit, which studies changed. They only inform: nobody's work depends on being called. */
import type Database from 'better-sqlite3';
import type { Logger } from '../ports.ts';
import type { QueueChange } from './queue-types.ts';

/** Beyond this a listener does better to ask for the page of studies again. */
const mostNamed = 200;

export class ChangeBoard {
  readonly #publicId: Database.Statement<[number], string>;
  readonly #logger: Logger;
  readonly #listeners = new Set<(change: QueueChange) => void>();
  readonly #studies = new Set<number>();
  #many = false;
  #status = false;

  constructor(db: Database.Database, logger: Logger) {
    this.#publicId = db.prepare<[number], string>('SELECT public_id FROM study WHERE id = ?').pluck();
    this.#logger = logger;
  }

  study(rowId: number): void {
    if (this.#studies.size >= mostNamed) this.#many = true;
    else this.#studies.add(rowId);
  }

  many(): void {
    this.#many = true;
  }

  status(): void {
    this.#status = true;
  }

  listen(listener: (change: QueueChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Never throws: what was done is done, whoever hears of it. */
  publish(): void {
    const change = this.#take();
    if (change === undefined) return;
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#logger.error('queue-listener-failed', {}, error);
      }
    }
  }

  #take(): QueueChange | undefined {
    const studies = [...this.#studies];
    const many = this.#many;
    const status = this.#status;
    this.#studies.clear();
    this.#many = false;
    this.#status = false;
    if (this.#listeners.size === 0) return undefined;
    if (many) return { tag: 'many' };
    if (studies.length > 0) return this.#named(studies);
    return status ? { tag: 'status' } : undefined;
  }

  #named(studies: readonly number[]): QueueChange {
    try {
      return { tag: 'studies', studyIds: studies.flatMap((id) => this.#publicId.get(id) ?? []) };
    } catch (error) {
      this.#logger.error('queue-change-unnamed', {}, error);
      return { tag: 'many' };
    }
  }
}
