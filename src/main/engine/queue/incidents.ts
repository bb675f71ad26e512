/** What keeps the headline from green until somebody has answered it, or until its cause is gone. */
import type Database from 'better-sqlite3';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { IncidentReport } from '../model.ts';
import { errorCodeOf } from './destinations.ts';
import { shortDetail, type QueueCore } from './queue-core.ts';
import type { IncidentRow } from './queue-types.ts';

/** Open subjects per code; more (somebody scanning the network) count on one row, so that no peer can fill the disk. */
const mostSubjects = 200;
const idPrefix = 'incident:';

interface GroupRow {
  readonly code: string;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly detail: string | null;
}

export class Incidents {
  readonly #core: QueueCore;
  readonly #again: Database.Statement<[number, string | null, string, Buffer]>;
  readonly #openSubjects: Database.Statement<[string], number>;
  readonly #add: Database.Statement<[string, Buffer, Buffer, string | null, number, number]>;
  readonly #answer: Database.Statement<[number, string]>;
  readonly #resolveAll: Database.Statement<[number, string]>;
  readonly #resolveOne: Database.Statement<[number, string, Buffer]>;
  readonly #open: Database.Statement<[], GroupRow>;

  constructor(core: QueueCore) {
    this.#core = core;
    const isOpen = 'answered_at IS NULL AND resolved_at IS NULL';
    this.#again = core.prepare(
      `UPDATE incident SET count = count + 1, last_at = ?, detail = ?
         WHERE code = ? AND subject_lookup = ? AND ${isOpen}`,
    );
    this.#openSubjects = core
      .prepare<[string], number>(`SELECT count(*) FROM incident WHERE code = ? AND ${isOpen}`)
      .pluck();
    this.#add = core.prepare(
      `INSERT INTO incident (code, subject, subject_lookup, detail, count, first_at, last_at)
         VALUES (?, ?, ?, ?, 1, ?, ?)`,
    );
    this.#answer = core.prepare(`UPDATE incident SET answered_at = ? WHERE code = ? AND ${isOpen}`);
    this.#resolveAll = core.prepare(`UPDATE incident SET resolved_at = ? WHERE code = ? AND ${isOpen}`);
    this.#resolveOne = core.prepare(
      `UPDATE incident SET resolved_at = ? WHERE code = ? AND subject_lookup = ? AND ${isOpen}`,
    );
    // With max(last_at), SQLite takes `detail` from that same row.
    this.#open = core.prepare(
      `SELECT code, sum(count) AS count, min(first_at) AS first_at, max(last_at) AS last_at, detail
         FROM incident INDEXED BY incident_open WHERE ${isOpen} GROUP BY code`,
    );
  }

  report(incident: IncidentReport): Promise<void> {
    const { sealer } = this.#core.ports;
    return this.#core.write(() => {
      const nowMs = this.#core.nowMs();
      const detail = shortDetail(incident.detail);
      this.#core.changes.status();
      const lookup = sealer.lookup('incident-subject', incident.subject);
      if (this.#again.run(nowMs, detail, incident.code, lookup).changes > 0) return;
      const full = (this.#openSubjects.get(incident.code) ?? 0) >= mostSubjects;
      const subject = full ? '' : incident.subject;
      const kept = full ? sealer.lookup('incident-overflow', '') : lookup;
      if (full && this.#again.run(nowMs, detail, incident.code, kept).changes > 0) return;
      this.#add.run(incident.code, sealer.seal('incident.subject', subject), kept, detail, nowMs, nowMs);
    });
  }

  resolve(code: ErrorCode, subject?: string): Promise<number> {
    return this.#core.write(() => {
      const nowMs = this.#core.nowMs();
      this.#core.changes.status();
      if (subject === undefined) return this.#resolveAll.run(nowMs, code).changes;
      const lookup = this.#core.ports.sealer.lookup('incident-subject', subject);
      return this.#resolveOne.run(nowMs, code, lookup).changes;
    });
  }

  answer(id: string): Promise<boolean> {
    if (!id.startsWith(idPrefix)) return Promise.resolve(false);
    return this.#core.write(() => {
      this.#core.changes.status();
      return this.#answer.run(this.#core.nowMs(), id.slice(idPrefix.length)).changes > 0;
    });
  }

  open(): IncidentRow[] {
    return this.#open.all().map((row) => ({
      id: idPrefix + row.code,
      code: errorCodeOf(row.code),
      detail: row.detail ?? undefined,
      count: row.count,
      firstAtMs: row.first_at,
      lastAtMs: row.last_at,
    }));
  }
}
