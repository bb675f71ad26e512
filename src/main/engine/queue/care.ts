/** Local copies: which may go, which are gone, and the files of watched folders that may be deleted. */
import type Database from 'better-sqlite3';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';
import { aggregateInstance } from './aggregate.ts';
import { fromHex, toHex, type QueueCore } from './queue-core.ts';
import type { DeletableFile, EvictableObject, InstanceState, SpoolRow } from './queue-types.ts';

interface CopyRow {
  readonly id: number;
  readonly spool_id: Buffer;
  readonly size_bytes: number;
  readonly state: InstanceState;
}

export class Care {
  readonly #core: QueueCore;
  readonly #evictable: Database.Statement<[number, number], CopyRow & { readonly verified_at: number }>;
  readonly #evict: Database.Statement<[number, Buffer]>;
  readonly #files: Database.Statement<[number, number], { id: number; path: Buffer }>;
  readonly #forgetFile: Database.Statement<[number]>;
  readonly #spoolRows: Database.Statement<[Buffer, number], CopyRow>;
  readonly #names: Database.Statement<[Buffer], number>;
  readonly #copy: Database.Statement<[number], { spool_id: Buffer | null; study_id: number }>;
  readonly #stillNeeded: Database.Statement<[number], number>;
  readonly #dropCopy: Database.Statement<[number, number]>;
  readonly #parkAll: Database.Statement<[string, number, number]>;
  readonly #aggregate: Database.Statement<[number]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#evictable = core.prepare(
      `SELECT id, spool_id, size_bytes, state, verified_at FROM instance
         WHERE complete = 1 AND spool_id IS NOT NULL AND verified_at < ? ORDER BY verified_at LIMIT ?`,
    );
    this.#evict = core.prepare(
      'UPDATE instance SET spool_id = NULL WHERE id = ? AND spool_id = ? AND complete = 1',
    );
    this.#files = core.prepare(
      'SELECT id, path FROM source_file WHERE ready = 1 AND id > ? ORDER BY id LIMIT ?',
    );
    this.#forgetFile = core.prepare('DELETE FROM source_file WHERE id = ?');
    this.#spoolRows = core.prepare(
      `SELECT id, spool_id, size_bytes, state FROM instance
         WHERE spool_id IS NOT NULL AND spool_id > ? ORDER BY spool_id LIMIT ?`,
    );
    this.#names = core
      .prepare<[Buffer], number>('SELECT 1 FROM instance WHERE spool_id IS NOT NULL AND spool_id = ?')
      .pluck();
    this.#copy = core.prepare('SELECT spool_id, study_id FROM instance WHERE id = ?');
    // 1 when a required destination still needs the local copy, or when there is no required destination at all.
    this.#stillNeeded = core
      .prepare<[number], number>(
        `SELECT count(*) = 0 OR coalesce(sum(coalesce(d.state, 'queued') NOT IN ('uploaded', 'verified')), 0) > 0
           FROM destination AS t LEFT JOIN delivery AS d ON d.instance_id = ? AND d.destination_id = t.id
           WHERE t.active = 1 AND t.required = 1`,
      )
      .pluck();
    this.#dropCopy = core.prepare('UPDATE instance SET spool_id = NULL, lost = ? WHERE id = ?');
    this.#parkAll = core.prepare(
      `UPDATE delivery SET state = 'parked', error_code = ?, error_detail = NULL, next_attempt_at = NULL,
         changed_at = ? WHERE instance_id = ? AND state IN ('queued', 'failed', 'parked')`,
    );
    this.#aggregate = core.prepare(`UPDATE instance SET ${aggregateInstance} WHERE id = ?`);
  }

  evictable(beforeMs: number, limit: number): EvictableObject[] {
    return this.#core.read(() =>
      this.#evictable.all(beforeMs, limit).map((row) => ({
        instanceId: row.id,
        spoolId: toHex(row.spool_id),
        sizeBytes: row.size_bytes,
        verifiedAtMs: row.verified_at,
      })),
    );
  }

  markEvicted(object: EvictableObject): Promise<boolean> {
    return this.#core.write(() => {
      this.#core.changes.status();
      return this.#evict.run(object.instanceId, fromHex(object.spoolId, 16)).changes > 0;
    });
  }

  deletableFiles(limit: number, afterId = 0): DeletableFile[] {
    return this.#core.read(() =>
      this.#files.all(afterId, limit).map(({ id, path }) => ({
        id,
        path: this.#core.ports.sealer.open('source_file.path', path),
      })),
    );
  }

  fileDeleted(id: number): Promise<void> {
    return this.#core.write(() => {
      this.#forgetFile.run(id);
    });
  }

  spoolRows(after: SpoolId | undefined, limit: number): SpoolRow[] {
    const start = after === undefined ? Buffer.alloc(0) : fromHex(after, 16);
    return this.#core.read(() =>
      this.#spoolRows.all(start, limit).map((row) => ({
        instanceId: row.id,
        spoolId: toHex(row.spool_id),
        sizeBytes: row.size_bytes,
        state: row.state,
      })),
    );
  }

  namesSpool(spoolId: SpoolId): boolean {
    return this.#core.read(() => this.#names.get(fromHex(spoolId, 16)) !== undefined);
  }

  markLost(row: SpoolRow, code: ErrorCode): Promise<'forgotten' | 'parked' | 'moved-on'> {
    return this.#core.write(() => {
      const copy = this.#copy.get(row.instanceId);
      if (copy === undefined || copy.spool_id === null || toHex(copy.spool_id) !== row.spoolId) {
        return 'moved-on';
      }
      const needed = this.#stillNeeded.get(row.instanceId) === 1;
      this.#dropCopy.run(needed ? 1 : 0, row.instanceId);
      this.#parkAll.run(code, this.#core.nowMs(), row.instanceId);
      this.#aggregate.run(row.instanceId);
      this.#core.changes.study(copy.study_id);
      return needed ? 'parked' : 'forgotten';
    });
  }
}
