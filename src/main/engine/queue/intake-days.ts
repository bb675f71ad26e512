/** What is known about room on the disk: how much comes in, how much of what lies here could go. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

const dayMs = 86_400_000;

export interface IntakeDay {
  /** Days since 1970-01-01 (UTC). */
  readonly day: number;
  readonly images: number;
  /** Sealed. */
  readonly bytes: number;
}

export class IntakeDays {
  readonly #core: QueueCore;
  readonly #since: Database.Statement<[number], IntakeDay>;
  readonly #cached: Database.Statement<[], number>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#since = core.prepare('SELECT day, images, bytes FROM intake_day WHERE day >= ? ORDER BY day');
    this.#cached = core
      .prepare<[], number>(
        'SELECT coalesce(sum(size_bytes), 0) FROM instance WHERE complete = 1 AND spool_id IS NOT NULL',
      )
      .pluck();
  }

  /** Days with intake among the last `days`, today last. */
  last(days: number): readonly IntakeDay[] {
    const today = Math.floor(this.#core.nowMs() / dayMs);
    return this.#core.read(() => this.#since.all(today - days + 1));
  }

  /** Bytes of local copies that every destination has verified: they may go. One pass over an index. */
  evictableBytes(): number {
    return this.#core.read(() => this.#cached.get() ?? 0);
  }
}
