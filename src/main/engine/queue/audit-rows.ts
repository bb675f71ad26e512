/** The audit table: rows are added, each with its value of the chain, and read; triggers refuse anything else. */
import type Database from 'better-sqlite3';
import type { AuditBreak } from '../../../shared/contract-audit.ts';
import { AuditChain, noValue, statementOf } from './audit-chain.ts';
import { fromHex, toHex, type QueueCore } from './queue-core.ts';
import type { AuditHead, AuditRow, NewAuditRow } from './queue-types.ts';

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
  readonly chain: Buffer | null;
}

interface StoredHead {
  readonly id: number;
  readonly chain: Buffer | null;
}

interface StoredAnchor {
  readonly destination: string;
  readonly list: number;
  readonly number: number;
  readonly chain: Buffer;
}

/** A number and chain value that went into a list of a destination. */
export interface KeptAnchor extends AuditHead {
  readonly destination: string;
  /** Number of that list. */
  readonly list: number;
}

/** Breaks that are remembered as told. */
const mostToldMarks = 1000;
/** Older entries that get their value in one go. */
const batch = 2000;

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
  readonly chain: AuditChain;
  readonly #core: QueueCore;
  readonly #add: Database.Statement<[number, number, string, string, string | null, string, Buffer]>;
  readonly #page: Database.Statement<[number, number], StoredRow>;
  readonly #last: Database.Statement<[], { readonly id: number | null }>;
  readonly #forwards: Database.Statement<PageOf, StoredRow>;
  readonly #backwards: Database.Statement<PageOf, StoredRow>;
  readonly #newest: Database.Statement<[], StoredHead>;
  readonly #anchors: Database.Statement<[], StoredAnchor>;
  readonly #keep: Database.Statement<[number, number, Buffer, number]>;
  /** The last entry: only this class adds any. undefined: to be read from the table (after the opening, after a rollback). */
  #head: StoredHead | 'empty' | undefined;

  constructor(core: QueueCore, installationId: string) {
    this.#core = core;
    this.chain = new AuditChain(core.ports.sealer, installationId);
    this.#add = core.prepare(
      'INSERT INTO audit (id, at, action, actor, subject, outcome, chain) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#newest = core.prepare('SELECT id, chain FROM audit WHERE id = (SELECT max(id) FROM audit)');
    this.#anchors = core.prepare(
      `SELECT t.name AS destination, a.list, a.number, a.chain
         FROM audit_anchor AS a JOIN destination AS t ON t.id = a.destination_id`,
    );
    this.#keep = core.prepare(
      `INSERT INTO audit_anchor (destination_id, number, chain, list) VALUES (?, ?, ?, ?)
         ON CONFLICT (destination_id) DO UPDATE SET number = excluded.number, chain = excluded.chain, list = excluded.list`,
    );
    this.#page = core.prepare('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?');
    this.#last = core.prepare('SELECT max(id) AS id FROM audit');
    // By the row's number alone: a clock that was set back must not hide anything, so times are no way to search.
    const wanted = `SELECT * FROM audit WHERE id >= ? AND id <= ? AND at >= ? AND at < ?
      AND actor = coalesce(?, actor) AND action = coalesce(?, action) AND outcome = coalesce(?, outcome)`;
    this.#forwards = core.prepare(`${wanted} ORDER BY id LIMIT ?`);
    this.#backwards = core.prepare(`${wanted} ORDER BY id DESC LIMIT ?`);
    core.onUndo(() => {
      this.#head = undefined;
    });
    this.#begin();
  }

  append(row: NewAuditRow): Promise<void> {
    return this.#core.write(() => this.#append(row));
  }

  /** The newest entry that was committed; undefined where there is none, or none with a chain value. */
  head(): AuditHead | undefined {
    const head = this.#core.read(() => this.#known());
    if (head === 'empty' || head.chain === null) return undefined;
    return { number: head.id, chain: toHex(head.chain) };
  }

  /** Number of the newest entry in the table, 0 for none: read anew, whatever was added by us. */
  newestId(): number {
    return this.#core.read(() => this.#newest.get()?.id ?? 0);
  }

  /** Inside a transaction of the caller's: `head` goes into list number `list` of the destination. */
  keepAnchor(destinationId: number, list: number, { number, chain }: AuditHead): void {
    this.#keep.run(destinationId, number, fromHex(chain, 32), list);
  }

  /** The newest of each destination. */
  anchors(): KeptAnchor[] {
    return this.#core.read(() =>
      this.#anchors.all().map(({ chain, ...anchor }) => ({ ...anchor, chain: toHex(chain) })),
    );
  }

  /**
   * Of these breaks, those that nobody was told of yet; from now on they count as told. A trail that is broken stays so:
   * without this, what somebody has answered would come back with every look.
   */
  untold(breaks: readonly AuditBreak[]): Promise<readonly AuditBreak[]> {
    if (breaks.length === 0) return Promise.resolve([]);
    return this.#core.write(() => {
      const { db } = this.#core;
      const stored = db.prepare("SELECT value FROM meta WHERE key = 'audit-told'").pluck().get();
      const told = new Set(typeof stored === 'string' ? stored.split(' ') : []);
      const fresh = breaks.filter((one) => !told.has(markOf(one)));
      const marks = [...told, ...fresh.map(markOf)].slice(-mostToldMarks).join(' ');
      db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('audit-told', ?)").run(marks);
      return fresh;
    });
  }

  /** Inside a transaction. One HMAC, one statement. */
  #append({ atMs, action, actor, subject, outcome }: NewAuditRow): void {
    const head = this.#known();
    const id = head === 'empty' ? 1 : head.id + 1;
    const previous = head === 'empty' ? this.chain.start('entries') : (head.chain ?? noValue);
    const chain = this.chain.value({ id, atMs, actor, action, subject, outcome }, previous);
    this.#add.run(id, atMs, action, actor, subject, outcome, chain);
    this.#head = { id, chain };
  }

  #known(): StoredHead | 'empty' {
    this.#head ??= this.#newest.get() ?? 'empty';
    return this.#head;
  }

  /**
   * Once in the life of a database: entries from before there was a chain are fixed by an entry that says how many they are
   * and the value over all of them. The mark stays, so that whoever empties the column does not get such an entry again.
   */
  #begin(): void {
    const mark = this.#core.db.prepare("SELECT 1 FROM meta WHERE key = 'audit-chain'");
    if (this.#core.read(() => mark.get()) !== undefined) return;
    this.#core.writeNow(() => {
      let value = this.chain.start('before');
      let entries = 0;
      for (let rows = this.page(0, batch); rows.length > 0; rows = this.page(rows.at(-1)?.id ?? 0, batch)) {
        for (const row of rows) value = this.chain.value(row, value);
        entries += rows.length;
      }
      if (entries > 0) {
        const last = this.#newest.get()?.id ?? 0;
        const row = {
          id: last + 1,
          atMs: this.#core.nowMs(),
          actor: 'engine',
          action: 'audit-chain-begun',
          subject: statementOf(entries, value),
          outcome: 'success',
        } as const;
        const chain = this.chain.value(row, this.chain.start('entries'));
        this.#add.run(row.id, row.atMs, row.action, row.actor, row.subject, row.outcome, chain);
      }
      this.#core.db.prepare("INSERT INTO meta (key, value) VALUES ('audit-chain', 'begun')").run();
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

function markOf({ kind, from }: AuditBreak): string {
  return `${kind}:${from}`;
}

function rowOf({ at, chain, ...rest }: StoredRow): AuditRow {
  return { ...rest, atMs: at, chain: chain === null ? null : toHex(chain) };
}
