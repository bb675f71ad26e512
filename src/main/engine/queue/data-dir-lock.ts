/** One engine per data folder. */
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { EdgeSyncError } from '../../../shared/errors.ts';

/**
 * An exclusive lock that the operating system itself takes back when the process ends, however it ends: SQLite's own
 * file lock (fcntl, or LockFileEx on Windows), held by a transaction on a file that is never written.
 * Nothing else may open that file: on POSIX systems closing any descriptor of it in this process drops the lock.
 */
export class DataDirLock {
  /** A database that nobody refers to is collected and closed, and its lock with it: this is what refers to it. */
  static readonly #held = new Set<DataDirLock>();
  readonly #holder: Database.Database;

  private constructor(holder: Database.Database) {
    this.#holder = holder;
  }

  /** Held until it is released or the process ends. Throws engine-already-running, or data-dir-not-writable. */
  static acquire(dataDir: string): DataDirLock {
    let holder: Database.Database | undefined;
    try {
      fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      const file = path.join(dataDir, 'engine.lock');
      ownersOnly(dataDir, file);
      holder = new Database(file, { timeout: 0 });
      holder.exec('BEGIN EXCLUSIVE');
      const lock = new DataDirLock(holder);
      DataDirLock.#held.add(lock);
      return lock;
    } catch (cause) {
      holder?.close();
      const code = cause instanceof Error ? (cause as { code?: string }).code : undefined;
      if (code?.startsWith('SQLITE_BUSY') === true || code?.startsWith('SQLITE_LOCKED') === true) {
        throw new EdgeSyncError('engine-already-running', undefined, { cause });
      }
      throw new EdgeSyncError('data-dir-not-writable', undefined, { cause });
    }
  }

  release(): void {
    DataDirLock.#held.delete(this);
    if (this.#holder.open) this.#holder.close();
  }
}

/**
 * Whoever may read the file can hold a lock on it and keep the engine from starting; SQLite would make it readable for
 * all. A folder that was there before gets the mode a new one has. Windows goes by the folder's access list.
 */
function ownersOnly(dataDir: string, file: string): void {
  if (process.platform === 'win32') return;
  fs.chmodSync(dataDir, 0o700);
  madeHere(file);
  fs.chmodSync(file, 0o600);
}

/** Made only if it is missing: a file that is there is not opened, since this process may hold the lock on it. */
function madeHere(file: string): void {
  try {
    fs.closeSync(fs.openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
