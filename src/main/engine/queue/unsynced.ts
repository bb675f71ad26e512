/** Rows that were committed before their file's flush was known to be over: see migrations/0006-unsynced.ts. */
import type Database from 'better-sqlite3';
import type { SpoolId } from '../model.ts';
import type { Cancel } from '../ports.ts';
import type { Care } from './care.ts';
import { toHex, type QueueCore } from './queue-core.ts';
import type { SpoolRow } from './queue-types.ts';

/** What was confirmed goes with the next row's commit; when none comes, with one of its own after this time. */
const settleMs = 1000;

export class Unsynced {
  readonly #core: QueueCore;
  readonly #care: Pick<Care, 'dropLost'>;
  /** Confirmed, still in the table. */
  #confirmed: number[] = [];
  /** Taken out of the table by the latest sweep, which may yet be undone. */
  #swept: number[] = [];
  #timer: Cancel | undefined;
  readonly #add: Database.Statement<[number, number]>;
  readonly #remove: Database.Statement<[number]>;
  readonly #rows: Database.Statement<
    [],
    { id: number; spool_id: Buffer; size_bytes: number; state: SpoolRow['state'] }
  >;
  readonly #row: Database.Statement<[number], { is_new: number; spool_id: Buffer | null; study_id: number }>;
  readonly #sent: Database.Statement<[number], number>;
  readonly #dropDeliveries: Database.Statement<[number]>;
  readonly #dropFiles: Database.Statement<[number]>;
  readonly #dropInstance: Database.Statement<[number]>;
  readonly #dropStudy: Database.Statement<[number]>;

  constructor(core: QueueCore, care: Pick<Care, 'dropLost'>) {
    this.#core = core;
    this.#care = care;
    core.onUndo(() => {
      this.#confirmed.push(...this.#swept);
      this.#swept = [];
    });
    this.#add = core.prepare(
      `INSERT INTO unsynced (instance_id, is_new) VALUES (?, ?)
         ON CONFLICT (instance_id) DO UPDATE SET is_new = min(is_new, excluded.is_new)`,
    );
    this.#remove = core.prepare('DELETE FROM unsynced WHERE instance_id = ?');
    this.#rows = core.prepare(
      `SELECT i.id, i.spool_id, i.size_bytes, i.state FROM unsynced AS u JOIN instance AS i ON i.id = u.instance_id
         WHERE u.instance_id > 0 AND i.spool_id IS NOT NULL ORDER BY u.instance_id`,
    );
    this.#row = core.prepare(
      `SELECT u.is_new, i.spool_id, i.study_id FROM unsynced AS u JOIN instance AS i ON i.id = u.instance_id
         WHERE u.instance_id = ?`,
    );
    this.#sent = core
      .prepare<[number], number>(
        `SELECT count(*) FROM delivery WHERE instance_id = ? AND state IN ('uploaded', 'verified')`,
      )
      .pluck();
    this.#dropDeliveries = core.prepare('DELETE FROM delivery WHERE instance_id = ?');
    this.#dropFiles = core.prepare('DELETE FROM source_file WHERE instance_id = ?');
    this.#dropInstance = core.prepare('DELETE FROM instance WHERE id = ?');
    this.#dropStudy = core.prepare('DELETE FROM study WHERE id = ? AND instances = 0');
  }

  /** Inside the transaction that writes the row. */
  add(instanceId: number, row: 'new' | 'replaced'): void {
    this.#add.run(instanceId, row === 'new' ? 1 : 0);
  }

  /** Inside any transaction: what is confirmed costs no commit of its own while images come in. */
  sweep(): void {
    if (this.#confirmed.length === 0) return;
    this.#swept = this.#confirmed;
    this.#confirmed = [];
    for (const id of this.#swept) this.#remove.run(id);
  }

  confirm(instanceId: number): void {
    this.#confirmed.push(instanceId);
    this.#timer ??= this.#core.ports.clock.after(settleMs, () => {
      this.#timer = undefined;
      if (this.#confirmed.length > 0) void this.#core.write(() => this.sweep()).catch(() => undefined);
    });
  }

  withdraw(instanceId: number, spoolId: SpoolId): Promise<'withdrawn' | 'kept' | 'moved-on'> {
    return this.#core.write(() => {
      const row = this.#row.get(instanceId);
      if (row === undefined) return 'moved-on';
      this.#remove.run(instanceId);
      if (row.spool_id === null || toHex(row.spool_id) !== spoolId) return 'moved-on';
      if (row.is_new === 0 || (this.#sent.get(instanceId) ?? 0) > 0) {
        this.#care.dropLost(instanceId, row.study_id, 'disk-error');
        return 'kept';
      }
      this.#core.claims.supersede(instanceId);
      this.#dropDeliveries.run(instanceId);
      this.#dropFiles.run(instanceId);
      this.#dropInstance.run(instanceId);
      this.#core.changes.study(row.study_id);
      if (this.#dropStudy.run(row.study_id).changes > 0) this.#core.changes.status();
      return 'withdrawn';
    });
  }

  rows(): SpoolRow[] {
    return this.#core.read(() =>
      this.#rows.all().map((row) => ({
        instanceId: row.id,
        spoolId: toHex(row.spool_id),
        sizeBytes: row.size_bytes,
        state: row.state,
      })),
    );
  }

  /** Before the database is closed: what is confirmed is written. */
  close(): void {
    this.#timer?.cancel();
    if (this.#confirmed.length > 0) void this.#core.write(() => this.sweep()).catch(() => undefined);
  }
}
