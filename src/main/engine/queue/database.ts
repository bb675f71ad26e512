/** Opens the database: durability settings set and checked, numbered migrations, damage told apart from novelty. */
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Migration } from './migrations/index.ts';

/** "EdSy", in the header of every database of ours (PRAGMA application_id). */
export const applicationId = 0x45645379;
/** Nobody else writes; a backup tool or virus scanner may hold the file for a moment. */
const busyTimeoutMs = 5000;
/** Page cache: holds the upper levels of every index at a million rows. */
const cacheKiB = 32 * 1024;
/** 16 MB of log. */
const checkpointPages = 4000;
const longestLogBytes = 64 * 1024 * 1024;
/** Copies of before a migration that stay. */
const keptBackups = 3;

/** Turns what SQLite throws into disk-full, disk-error, database-damaged or internal; ours pass through. */
export function databaseError(cause: unknown): EdgeSyncError {
  if (cause instanceof EdgeSyncError) return cause;
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  if (code.startsWith('SQLITE_FULL')) return new EdgeSyncError('disk-full', undefined, { cause });
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) {
    return new EdgeSyncError('database-damaged', undefined, { cause });
  }
  if (/^SQLITE_(IOERR|READONLY|CANTOPEN|BUSY)/.test(code)) {
    return new EdgeSyncError('disk-error', code, { cause });
  }
  return new EdgeSyncError('internal', code === '' ? undefined : code, { cause });
}

/**
 * Throws database-too-new (nothing was changed), database-damaged, data-dir-not-writable, disk-full or disk-error.
 * A database of an older version is copied to `<name>-before-v<N>.db` first; the last three such copies stay.
 */
export function openDatabase(file: string, migrations: readonly Migration[]): Database.Database {
  const newest = migrations.at(-1)?.version ?? 0;
  const made = makeFile(file);
  if (!made) refuseForeign(file, newest);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: busyTimeoutMs });
    configure(db);
    // What an earlier process committed may be in the system's memory alone (killed before its flush, or the flush
    // failed), and would be a hole in front of all that comes. A checkpoint writes and flushes it into the database.
    db.pragma('wal_checkpoint(TRUNCATE)');
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db?.close();
    throw databaseError(error);
  }
}

/** Its own mode from the start: SQLite gives the same to the files it puts beside it. True when it was made. */
function makeFile(file: string): boolean {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    if (fs.existsSync(file) && fs.statSync(file).size > 0) return false;
    fs.closeSync(fs.openSync(file, 'a', 0o600));
    return true;
  } catch (cause) {
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
    if (code === 'ENOSPC') throw new EdgeSyncError('disk-full', undefined, { cause });
    throw new EdgeSyncError('data-dir-not-writable', code, { cause });
  }
}

/** Looks through a read-only connection: refusing must not change a byte, not even by a checkpoint at close. */
function refuseForeign(file: string, newest: number): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: busyTimeoutMs });
    const version = db.pragma('user_version', { simple: true }) as number;
    const id = db.pragma('application_id', { simple: true }) as number;
    const pages = db.pragma('page_count', { simple: true }) as number;
    // 0 pages: a crash came before the first commit; the file is as good as new.
    if (pages > 0 && id !== applicationId && !(version === 0 && isEmptySchema(db))) {
      throw new EdgeSyncError('database-damaged', 'not a database of Edge Sync');
    }
    if (version > newest) throw new EdgeSyncError('database-too-new', `version ${version}, known ${newest}`);
  } catch (error) {
    throw databaseError(error);
  } finally {
    db?.close();
  }
}

function isEmptySchema(db: Database.Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
}

function configure(db: Database.Database): void {
  const wanted: readonly (readonly [name: string, value: string, result: string | number])[] = [
    ['journal_mode', 'WAL', 'wal'],
    // better-sqlite3 compiles WAL to NORMAL, which loses the last commits at power loss; the setting is per connection.
    ['synchronous', 'FULL', 2],
    ['foreign_keys', 'ON', 1],
    ['trusted_schema', 'OFF', 0],
    ['cell_size_check', 'ON', 1],
    // Sorting needs no file: nothing of ours is written outside the data folder.
    ['temp_store', 'MEMORY', 2],
    ['cache_size', String(-cacheKiB), -cacheKiB],
    // A checkpoint flushes the whole database: seldomer than every 4 MB of log, which a busy CT fills in a second.
    ['wal_autocheckpoint', String(checkpointPages), checkpointPages],
    // After a long transaction (a new destination) the log shrinks again.
    ['journal_size_limit', String(longestLogBytes), longestLogBytes],
    ...(process.platform === 'darwin'
      ? ([
          // A plain fsync on macOS stops at the drive's cache.
          ['fullfsync', 'ON', 1],
          ['checkpoint_fullfsync', 'ON', 1],
        ] as const)
      : []),
  ];
  for (const [name, value, result] of wanted) {
    db.pragma(`${name} = ${value}`);
    const is: unknown = db.pragma(name, { simple: true });
    if (is !== result) throw new EdgeSyncError('disk-error', `SQLite setting ${name} was not taken`);
  }
}

function migrate(db: Database.Database, file: string, migrations: readonly Migration[]): void {
  const before = db.pragma('user_version', { simple: true }) as number;
  const due = migrations.filter(({ version }) => version > before);
  if (due.length === 0) return;
  if (before > 0) backUp(db, file, before);
  // All or nothing: a crash between two would leave a version that was never released.
  db.transaction(() => {
    for (const { sql, version } of due) {
      db.exec(sql);
      db.pragma(`user_version = ${version}`);
    }
    db.pragma(`application_id = ${applicationId}`);
    const broken = db.pragma('foreign_key_check') as readonly unknown[];
    if (broken.length > 0)
      throw new EdgeSyncError('database-damaged', 'references do not hold after migrating');
  }).immediate();
  // The header itself gets the new version, so that an older program sees it without the log.
  db.pragma('wal_checkpoint(TRUNCATE)');
  syncFolder(path.dirname(file));
  pruneBackups(file);
}

/** A whole copy under its final name only when it is complete and on stable storage. */
function backUp(db: Database.Database, file: string, version: number): void {
  const backup = file.replace(/\.db$/, '') + `-before-v${version + 1}.db`;
  const unfinished = `${backup}.tmp`;
  fs.rmSync(unfinished, { force: true });
  // Exists before SQLite fills it, so that it never has a wider mode than the original.
  fs.closeSync(fs.openSync(unfinished, 'w', 0o600));
  db.prepare('VACUUM INTO ?').run(unfinished);
  const fd = fs.openSync(unfinished, 'r+');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(unfinished, backup);
  syncFolder(path.dirname(file));
}

/** Each is as large as the database was: the last few are enough. What cannot be removed now goes the next time. */
function pruneBackups(file: string): void {
  const folder = path.dirname(file);
  const pattern = new RegExp(`^${path.basename(file, '.db')}-before-v(\\d+)\\.db$`);
  const found = fs.readdirSync(folder).flatMap((name) => {
    const version = pattern.exec(name)?.[1];
    return version === undefined ? [] : [{ name, version: Number(version) }];
  });
  const old = found.sort((a, b) => b.version - a.version).slice(keptBackups);
  for (const { name } of old) {
    try {
      fs.rmSync(path.join(folder, name), { force: true });
    } catch {
      // A virus scanner may hold it.
    }
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
