/** Rows for whatever tables a version of the database has, made from its own schema: for tests of migrations. */
import type Database from 'better-sqlite3';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** Filled by hand in an order that makes sense, or kept by triggers. */
const notSeeded =
  /^(sqlite_|meta$|tally$|destination$|study$|instance$|delivery$|failure$|source$|source_file$|incident$|audit$)/;

/** Names of all tables. */
export function tablesOf(db: Database.Database): string[] {
  return db
    .prepare<[], string>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1`,
    )
    .pluck()
    .all();
}

export function columnsOf(db: Database.Database, table: string): Column[] {
  return db.pragma(`table_info(${table})`) as Column[];
}

/** Everything in `columns` of a table, in a fixed order. */
export function rowsOf(db: Database.Database, table: string, columns: readonly string[]): unknown[] {
  return db.prepare(`SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${columns.join(', ')}`).all();
}

/**
 * An installation as it is found in a practice: images that wait, that are verified here or no longer here, that failed
 * or were set aside, a large one; destinations, files to delete, incidents, the audit trail.
 */
export function seedArchive(db: Database.Database): void {
  const at = Date.UTC(2026, 4, 4, 9);
  db.exec(`INSERT INTO meta VALUES ('key-check', 'aa'), ('installation-id', 'bb');
    INSERT INTO destination (id, name, active, required) VALUES (1, 'cloud', 1, 1), (2, 'nas', 1, 0), (3, 'gone', 0, 1);
    INSERT INTO study (id, study_key, public_id, details, first_received_at, last_received_at)
      VALUES (1, x'01', 's-1', x'd1', ${at}, ${at}), (2, x'02', 's-2', x'd2', ${at + 1}, ${at + 1});`);
  const instance = db.prepare(
    `INSERT INTO instance (id, object_name, uid_lookup, study_id, spool_id, size_bytes, details, source, flags, received_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'CT_ROOM_1', ?, ?)`,
  );
  const delivery = db.prepare(
    `INSERT INTO delivery (instance_id, destination_id, state, rank, attempts, changed_at, next_attempt_at, error_code, etag,
       object_sha256, object_size_bytes, verified_at, manifest_sequence) VALUES (?, ?, 'queued', ?, 0, ?, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL)`,
  );
  const settle = db.prepare(
    `UPDATE delivery SET state = ?, error_code = ?, next_attempt_at = ?, object_sha256 = ?, object_size_bytes = ?,
       verified_at = ?, manifest_sequence = ? WHERE instance_id = ? AND destination_id = ?`,
  );
  const states = ['queued', 'verified', 'verified', 'failed', 'parked', 'uploaded'] as const;
  for (const [index, state] of states.entries()) {
    const id = index + 1;
    const size = id === 1 ? 40_000_000 : 1000 * id;
    const name = Buffer.alloc(32, id);
    instance.run(
      id,
      name,
      Buffer.alloc(32, 16 + id),
      1 + (index % 2),
      Buffer.alloc(16, id),
      size,
      Buffer.alloc(40, id),
      id === 4 ? 'header-odd' : '',
      at + id,
    );
    for (const destination of [1, 2]) {
      delivery.run(id, destination, at, at + id);
      if (state === 'queued') continue;
      const isStored = state === 'verified' || state === 'uploaded';
      settle.run(
        state,
        state === 'failed' ? 'cloud-unreachable' : state === 'parked' ? 'cloud-conflict' : null,
        state === 'failed' ? at + 60_000 : null,
        isStored ? Buffer.alloc(32, 64 + id) : null,
        isStored ? size + 10 : null,
        state === 'verified' ? at + 1000 : null,
        state === 'verified' ? id : null,
        id,
        destination,
      );
    }
  }
  db.exec(`UPDATE instance SET spool_id = NULL WHERE id = 3;
    INSERT INTO source_file (instance_id, path, path_lookup, ready) VALUES (2, x'aa', x'ab', 1);
    INSERT INTO incident (code, subject, subject_lookup, sequence, count, first_at, last_at) VALUES ('disk-low', x'01', x'02', 1, 2, ${at}, ${at});
    INSERT INTO audit (at, action, actor, outcome) VALUES (${at}, 'engine-started', 'engine', 'success');`);
}

interface Reference {
  readonly from: string;
  readonly table: string;
  /** null: its key. */
  readonly to: string | null;
}

/** Two rows in each table beyond those of `seedArchive`, by its column types, checks and references. */
export function seedOthers(db: Database.Database): void {
  const seeded = new Set<string>();
  const seed = (table: string): void => {
    if (seeded.has(table) || notSeeded.test(table)) return;
    seeded.add(table);
    const references = db.pragma(`foreign_key_list(${table})`) as Reference[];
    for (const one of references) seed(one.table);
    const definition = db
      .prepare<[string], string>(`SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?`)
      .pluck()
      .get(table);
    const columns = columnsOf(db, table);
    const insert = db.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`);
    for (const number of [1, 2]) {
      const values = columns.map((column) => {
        const reference = references.find(({ from }) => from === column.name);
        if (reference === undefined) return valueFor(column, definition ?? '', number);
        const key = columnsOf(db, reference.table).find(({ pk }) => pk === 1)?.name ?? 'rowid';
        const target = reference.to ?? key;
        return db
          .prepare(`SELECT ${target} FROM ${reference.table} ORDER BY 1 LIMIT 1 OFFSET ?`)
          .pluck()
          .get(number - 1);
      });
      insert.run(...values);
    }
  };
  for (const table of tablesOf(db)) seed(table);
}

function valueFor({ name, type }: Column, definition: string, number: number): string | number | Buffer {
  const allowed = new RegExp(`\\b${name} IN \\(([^)]*)\\)`).exec(definition)?.[1]?.split(',');
  const chosen = allowed?.[(number - 1) % allowed.length]?.trim();
  if (chosen !== undefined) return chosen.startsWith("'") ? chosen.slice(1, -1) : Number(chosen);
  if (type === 'BLOB') {
    const length = new RegExp(`length\\(${name}\\) = (\\d+)`).exec(definition)?.[1];
    return Buffer.alloc(Number(length ?? 32), number);
  }
  return type === 'TEXT' ? `${name} ${number}` : number;
}
