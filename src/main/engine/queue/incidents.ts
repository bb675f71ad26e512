/** What keeps the headline from green until somebody has answered it, or until its cause is gone. */
import type Database from 'better-sqlite3';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { IncidentReport } from '../model.ts';
import { errorCodeOf } from './destinations.ts';
import { shortDetail, type QueueCore } from './queue-core.ts';
import type { IncidentRow } from './queue-types.ts';

/** Open subjects per code; more (somebody scanning the network) count on one row, so that no peer can fill the disk. */
const mostSubjects = 200;

interface GroupRow {
  readonly code: string;
  readonly sequence: number;
  readonly count: number;
  readonly first_at: number;
}

export class Incidents {
  readonly #core: QueueCore;
  readonly #newest: Database.Statement<[], number | null>;
  readonly #again: Database.Statement<[number, number, number, string | null, string, Buffer]>;
  readonly #openSubjects: Database.Statement<[string], number>;
  readonly #add: Database.Statement<[string, Buffer, Buffer, number, string | null, number, number, number]>;
  readonly #answer: Database.Statement<[number, string, number]>;
  readonly #resolveAll: Database.Statement<[number, string]>;
  readonly #resolveOne: Database.Statement<[number, string, Buffer]>;
  readonly #open: Database.Statement<[], GroupRow>;
  readonly #shown: Database.Statement<[number], { detail: string | null; last_at: number }>;

  constructor(core: QueueCore) {
    this.#core = core;
    const isOpen = 'answered_at IS NULL AND resolved_at IS NULL';
    this.#newest = core.prepare<[], number | null>('SELECT max(sequence) FROM incident').pluck();
    this.#again = core.prepare(
      `UPDATE incident SET count = count + ?, sequence = ?, last_at = ?, detail = ?
         WHERE code = ? AND subject_lookup = ? AND ${isOpen}`,
    );
    this.#openSubjects = core
      .prepare<[string], number>(`SELECT count(*) FROM incident WHERE code = ? AND ${isOpen}`)
      .pluck();
    this.#add = core.prepare(
      `INSERT INTO incident (code, subject, subject_lookup, sequence, detail, count, first_at, last_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#answer = core.prepare(
      `UPDATE incident SET answered_at = ? WHERE code = ? AND sequence <= ? AND ${isOpen}`,
    );
    this.#resolveAll = core.prepare(`UPDATE incident SET resolved_at = ? WHERE code = ? AND ${isOpen}`);
    this.#resolveOne = core.prepare(
      `UPDATE incident SET resolved_at = ? WHERE code = ? AND subject_lookup = ? AND ${isOpen}`,
    );
    this.#open = core.prepare(
      `SELECT code, max(sequence) AS sequence, sum(count) AS count, min(first_at) AS first_at
         FROM incident INDEXED BY incident_open WHERE ${isOpen} GROUP BY code`,
    );
    this.#shown = core.prepare('SELECT detail, last_at FROM incident WHERE sequence = ?');
  }

  report(incident: IncidentReport): Promise<void> {
    return this.#core.write(() => this.add(incident));
  }

  /** Inside a transaction of the caller's. */
  add(incident: IncidentReport): void {
    const { sealer } = this.#core.ports;
    const { times = 1 } = incident;
    const nowMs = this.#core.nowMs();
    const sequence = (this.#newest.get() ?? 0) + 1;
    const detail = shortDetail(incident.detail);
    this.#core.changes.status();
    const lookup = sealer.lookup('incident-subject', incident.subject);
    if (this.#again.run(times, sequence, nowMs, detail, incident.code, lookup).changes > 0) return;
    const full = (this.#openSubjects.get(incident.code) ?? 0) >= mostSubjects;
    const subject = full ? '' : incident.subject;
    const kept = full ? sealer.lookup('incident-overflow', '') : lookup;
    if (full && this.#again.run(times, sequence, nowMs, detail, incident.code, kept).changes > 0) return;
    const sealed = sealer.seal('incident.subject', subject);
    this.#add.run(incident.code, sealed, kept, sequence, detail, times, nowMs, nowMs);
  }

  resolve(code: ErrorCode, subject?: string): Promise<number> {
    return this.#core.write(() => {
      const nowMs = this.#core.nowMs();
      this.#core.changes.status();
      if (subject === undefined) return this.#resolveAll.run(nowMs, code).changes;
      return this.settle(code, subject);
    });
  }

  /** Its cause is gone; inside a transaction of the caller's. */
  settle(code: ErrorCode, subject: string): number {
    const lookup = this.#core.ports.sealer.lookup('incident-subject', subject);
    this.#core.changes.status();
    return this.#resolveOne.run(this.#core.nowMs(), code, lookup).changes;
  }

  answer(id: string): Promise<boolean> {
    const shown = parseId(id);
    if (shown === undefined) return Promise.resolve(false);
    return this.#core.write(() => {
      this.#core.changes.status();
      return this.#answer.run(this.#core.nowMs(), shown.code, shown.sequence).changes > 0;
    });
  }

  open(): IncidentRow[] {
    return this.#open.all().map((row) => {
      const newest = this.#shown.get(row.sequence);
      return {
        id: `incident:${row.code}:${row.sequence}`,
        code: errorCodeOf(row.code),
        detail: newest?.detail ?? undefined,
        count: row.count,
        firstAtMs: row.first_at,
        lastAtMs: newest?.last_at ?? row.first_at,
      };
    });
  }
}

/** The sequence says how much somebody has seen: what happened after it is not answered with it. */
function parseId(id: string): { readonly code: string; readonly sequence: number } | undefined {
  const [, code, sequence] = /^incident:([a-z0-9-]{1,64}):([0-9]{1,15})$/.exec(id) ?? [];
  return code === undefined || sequence === undefined ? undefined : { code, sequence: Number(sequence) };
}
