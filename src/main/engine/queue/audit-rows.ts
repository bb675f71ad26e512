/** The audit table: rows are added and read; triggers refuse anything else. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';
import type { AuditRow } from './queue-types.ts';

/** Rows that one page looks through at most, however few of them are asked for: some milliseconds. */
export const auditRowsLookedAt = 20_000;

/** Which rows of the trail; null: any. */
export interface AuditWanted {
  readonly order: 'newest-first' | 'oldest-first';
  /** `next` of the page before. */
  readonly cursor: number | null;
  readonly limit: number;
  readonly sinceMs: number | null;
  /** Up to and without it. */
  readonly untilMs: number | null;
  readonly actor: string | null;
  readonly action: string | null;
  readonly outcome: 'success' | 'failure' | null;
}

interface StoredRow {
  readonly id: number;
  readonly at: number;
  readonly action: string;
  readonly actor: string;
  readonly subject: string | null;
  readonly outcome: 'success' | 'failure';
}

/** From id, to id, since, until, actor, action, outcome, limit. */
type PageOf = [
  number,
  number,
  number,
  number,
  string | null,
  string | null,
  'success' | 'failure' | null,
  number,
];

export class AuditRows {
  readonly #core: QueueCore;
  readonly #add: Database.Statement<[number, string, string, string | null, string]>;
  readonly #page: Database.Statement<[number, number], StoredRow>;
  readonly #last: Database.Statement<[], { readonly id: number | null }>;
  readonly #forwards: Database.Statement<PageOf, StoredRow>;
  readonly #backwards: Database.Statement<PageOf, StoredRow>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#add = core.prepare(
      'INSERT INTO audit (at, action, actor, subject, outcome) VALUES (?, ?, ?, ?, ?)',
    );
    this.#page = core.prepare('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?');
    this.#last = core.prepare('SELECT max(id) AS id FROM audit');
    // By the row's number alone: a clock that was set back must not hide anything, so times are no way to search.
    const wanted = `SELECT * FROM audit WHERE id >= ? AND id <= ? AND at >= ? AND at < ?
      AND actor = coalesce(?, actor) AND action = coalesce(?, action) AND outcome = coalesce(?, outcome)`;
    this.#forwards = core.prepare(`${wanted} ORDER BY id LIMIT ?`);
    this.#backwards = core.prepare(`${wanted} ORDER BY id DESC LIMIT ?`);
  }

  append(row: Omit<AuditRow, 'id'>): Promise<void> {
    return this.#core.write(() => {
      this.#add.run(row.atMs, row.action, row.actor, row.subject, row.outcome);
    });
  }

  page(afterId: number, limit: number): AuditRow[] {
    return this.#core.read(() => this.#page.all(afterId, limit).map(rowOf));
  }

  /**
   * A page of what is wanted, in the order of recording. `next` null: the trail ends here; else there may be more, even
   * after an empty page.
   */
  find(wanted: AuditWanted): { readonly rows: AuditRow[]; readonly next: number | null } {
    return this.#core.read(() => {
      const last = this.#last.get()?.id ?? 0;
      const isForwards = wanted.order === 'oldest-first';
      const from = isForwards
        ? (wanted.cursor ?? 0) + 1
        : Math.max(1, (wanted.cursor ?? last + 1) - auditRowsLookedAt);
      const to = isForwards ? from + auditRowsLookedAt - 1 : (wanted.cursor ?? last + 1) - 1;
      const rows = (isForwards ? this.#forwards : this.#backwards)
        .all(
          from,
          to,
          wanted.sinceMs ?? Number.MIN_SAFE_INTEGER,
          wanted.untilMs ?? Number.MAX_SAFE_INTEGER,
          wanted.actor,
          wanted.action,
          wanted.outcome,
          wanted.limit,
        )
        .map(rowOf);
      const cut = rows.length === wanted.limit ? rows.at(-1)?.id : undefined;
      const reached = cut ?? (isForwards ? to : from);
      const isAtEnd = isForwards ? reached >= last : reached <= 1;
      return { rows, next: isAtEnd ? null : reached };
    });
  }
}

function rowOf({ at, ...rest }: StoredRow): AuditRow {
  return { ...rest, atMs: at };
}
