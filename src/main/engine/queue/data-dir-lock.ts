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
  readonly #holder: Database.Database;

  private constructor(holder: Database.Database) {
    this.#holder = holder;
  }

  /** Throws engine-already-running, or data-dir-not-writable. */
  static acquire(dataDir: string): DataDirLock {
    let holder: Database.Database | undefined;
    try {
      fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      const file = path.join(dataDir, 'engine.lock');
      ownersOnly(dataDir, file);
      holder = new Database(file, { timeout: 0 });
      holder.exec('BEGIN EXCLUSIVE');
      return new DataDirLock(holder);
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
  fs.closeSync(fs.openSync(file, 'a', 0o600));
  fs.chmodSync(file, 0o600);
}
