import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  columnsOf,
  rowsOf,
  seedArchive,
  seedOthers,
  tablesOf,
} from '../../../../../test/support/seed-tables.ts';
import { errorFacts } from '../../../../shared/error-facts.ts';
import { checkConsistency } from '../consistency.ts';
import { openDatabase } from '../database.ts';
import { migrations } from './index.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-sync-migration-'));
  file = path.join(dir, 'queue.db');
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

type Snapshot = ReadonlyMap<
  string,
  { readonly columns: readonly string[]; readonly rows: readonly unknown[] }
>;

function snapshot(db: Database.Database): Snapshot {
  return new Map(
    tablesOf(db).map((table) => {
      const columns = columnsOf(db, table).map(({ name }) => name);
      return [table, { columns, rows: rowsOf(db, table, columns) }];
    }),
  );
}

/** A database of the version before, with rows in every table, closed. */
function before(index: number): Snapshot {
  const db = openDatabase(file, migrations.slice(0, index));
  seedArchive(db);
  seedOthers(db);
  const rows = snapshot(db);
  db.close();
  return rows;
}

/** What a migration adds to the rows that were there, beyond empty columns and tables. */
const added: Readonly<Record<number, (db: Database.Database) => void>> = {
  6: (db) => {
    const rows = db
      .prepare('SELECT destination_id, instance_id, proven_at FROM verification ORDER BY 1, 2')
      .all();
    expect(rows).toMatchObject([
      { destination_id: 1, instance_id: 2 },
      { destination_id: 1, instance_id: 3 },
      { destination_id: 2, instance_id: 2 },
      { destination_id: 2, instance_id: 3 },
    ]);
  },
  10: (db) => {
    // The one that has left this PC brought its bytes before anybody counted.
    expect(db.prepare('SELECT images, bytes FROM intake_day').all()).toEqual([
      { images: 5, bytes: 40_017_000 },
    ]);
  },
  11: (db) => {
    const large = db.prepare('SELECT DISTINCT instance_id FROM delivery WHERE large = 1').pluck().all();
    expect(large).toEqual([1]);
  },
  13: (db) => {
    expect(db.prepare('SELECT count(*) FROM delivery WHERE away <> 0').pluck().get()).toBe(0);
    expect(db.prepare('SELECT * FROM back_fill').all()).toEqual([]);
  },
  19: (db) => {
    // The key is not here: what opens the database fixes what was there (audit-chain.test.ts).
    expect(db.prepare('SELECT count(*) FROM audit WHERE chain IS NOT NULL').pluck().get()).toBe(0);
    expect(db.prepare('SELECT count(*) FROM audit').pluck().get()).toBe(1);
    expect(() => db.exec("UPDATE audit SET chain = x'00'")).toThrow('append-only');
    expect(() => db.exec('DELETE FROM audit')).toThrow('append-only');
    expect(db.prepare('SELECT * FROM audit_anchor').all()).toEqual([]);
  },
};

const steps = migrations.map(({ version }, index) => ({ version, index })).slice(1);

describe('each migration', () => {
  it.each(steps)('to version $version keeps every row of the version before it', ({ version, index }) => {
    const rows = before(index);
    const db = openDatabase(file, migrations.slice(0, index + 1));
    expect(db.pragma('user_version', { simple: true })).toBe(version);
    for (const [table, { columns, rows: kept }] of rows) {
      const left = columnsOf(db, table).map(({ name }) => name);
      const common = columns.filter((name) => left.includes(name));
      expect([table, common]).toEqual([table, columns]);
      const now = rowsOf(db, table, columns);
      // Counters may have got further rows; what was there is there.
      for (const row of kept) expect([table, now]).toEqual([table, expect.arrayContaining([row])]);
    }
    added[version]?.(db);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    db.close();
  });

  it.each(steps)('to version $version leaves a whole copy of before, for its owner only', ({ index }) => {
    const rows = before(index);
    openDatabase(file, migrations.slice(0, index + 1)).close();
    const from = migrations[index - 1]?.version ?? 0;
    const backup = path.join(dir, `queue-before-v${from + 1}.db`);
    if (process.platform !== 'win32') expect(fs.statSync(backup).mode & 0o777).toBe(0o600);
    const copy = new Database(backup, { readonly: true });
    expect(copy.pragma('user_version', { simple: true })).toBe(from);
    expect(snapshot(copy)).toEqual(rows);
    copy.close();
  });

  it.each(steps)(
    'to version $version is refused by the program before it, which changes nothing',
    ({ index }) => {
      before(index);
      openDatabase(file, migrations.slice(0, index + 1)).close();
      const bytes = fs.readFileSync(file);
      expect(() => openDatabase(file, migrations.slice(0, index))).toThrow(
        expect.objectContaining({ code: 'database-too-new' }),
      );
      expect(fs.readFileSync(file).equals(bytes)).toBe(true);
      expect(errorFacts['database-too-new'].nextStep).not.toBe('');
    },
  );
});

describe('all migrations together', () => {
  it('have numbers that only grow', () => {
    const versions = migrations.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it('bring an archive of the first version to today, with counters and states that hold', () => {
    const db = openDatabase(file, migrations.slice(0, 1));
    seedArchive(db);
    db.close();
    const now = openDatabase(file, migrations);
    expect(checkConsistency(now)).toEqual([]);
    now.close();
  });

  it('keep the copies of the last three versions only', () => {
    for (let index = 1; index <= migrations.length; index += 1) {
      openDatabase(file, migrations.slice(0, index)).close();
    }
    const copies = fs.readdirSync(dir).filter((name) => name.startsWith('queue-before-'));
    const last = migrations.slice(-4, -1).map(({ version }) => `queue-before-v${version + 1}.db`);
    expect(copies.sort()).toEqual(last.sort());
  });
});
