/** The audit table: rows are added and read; triggers refuse anything else. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';
import type { AuditRow } from './queue-types.ts';

interface StoredRow {
  readonly id: number;
  readonly at: number;
  readonly action: string;
  readonly actor: string;
  readonly subject: string | null;
  readonly outcome: 'success' | 'failure';
}

export class AuditRows {
  readonly #core: QueueCore;
  readonly #add: Database.Statement<[number, string, string, string | null, string]>;
  readonly #page: Database.Statement<[number, number], StoredRow>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#add = core.prepare(
      'INSERT INTO audit (at, action, actor, subject, outcome) VALUES (?, ?, ?, ?, ?)',
    );
    this.#page = core.prepare('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?');
  }

  append(row: Omit<AuditRow, 'id'>): Promise<void> {
    return this.#core.write(() => {
      this.#add.run(row.atMs, row.action, row.actor, row.subject, row.outcome);
    });
  }

  page(afterId: number, limit: number): AuditRow[] {
    return this.#core.read(() =>
      this.#page.all(afterId, limit).map(({ at, ...rest }) => ({ ...rest, atMs: at })),
    );
  }
}
