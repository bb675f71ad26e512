/** One COMMIT, and so one flush of the disk, for all writes that are asked for in the same turn of the event loop. */
import type Database from 'better-sqlite3';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { databaseError } from './database.ts';
import type { LogFlush } from './log-flush.ts';

/** Bounds how long one transaction keeps the event loop: about 10 ms at the rates measured in bench/queue.ts. */
const mostPerCommit = 256;

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EdgeSyncError) => void;
}

type Result =
  { readonly tag: 'done'; readonly value: unknown } | { readonly tag: 'failed'; readonly error: unknown };

export class GroupCommit {
  readonly #db: Database.Database;
  readonly #log: Pick<LogFlush, 'flush' | 'failure'>;
  readonly #afterCommit: () => void;
  readonly #afterUndo: () => void;
  readonly #savepoint: Database.Statement;
  readonly #release: Database.Statement;
  readonly #rollbackTo: Database.Statement;
  #jobs: Job[] = [];
  #scheduled = false;
  #closed = false;

  /**
   * `db` is set to synchronous=FULL; only inside a group it is not, for `log` then does the flush. `afterUndo`: some work
   * or all of it was rolled back, so nothing read meanwhile may be relied on.
   */
  constructor(
    db: Database.Database,
    log: Pick<LogFlush, 'flush' | 'failure'>,
    afterCommit: () => void,
    afterUndo: () => void,
  ) {
    this.#db = db;
    this.#log = log;
    this.#afterCommit = afterCommit;
    this.#afterUndo = afterUndo;
    this.#savepoint = db.prepare('SAVEPOINT job');
    this.#release = db.prepare('RELEASE job');
    this.#rollbackTo = db.prepare('ROLLBACK TO job');
  }

  /**
   * Runs `work` (synchronous, only statements) in the next transaction. Resolves with its result after the COMMIT
   * was flushed. What throws is undone alone and rejects alone; a failed COMMIT rejects all of them. So does a failed
   * flush, and then alone the rows are there, for now: look before something is removed on the strength of a rejection.
   */
  add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) {
        reject(new EdgeSyncError('engine-stopped'));
        return;
      }
      this.#jobs.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (!this.#scheduled) {
        this.#scheduled = true;
        setImmediate(() => {
          this.#scheduled = false;
          this.flush();
        });
      }
    });
  }

  /** Commits now what waits. */
  flush(): void {
    while (this.#jobs.length > 0) {
      this.#commit(this.#jobs.splice(0, mostPerCommit));
      this.#afterCommit();
    }
  }

  close(): void {
    this.#closed = true;
    this.flush();
  }

  #commit(jobs: readonly Job[]): void {
    const broken = this.#log.failure;
    if (broken !== undefined) {
      for (const job of jobs) job.reject(logError(broken));
      return;
    }
    let results: readonly Result[];
    try {
      if (!this.#closed) this.#db.exec('PRAGMA synchronous = NORMAL');
      this.#db.exec('BEGIN IMMEDIATE');
      results = jobs.map((job) => this.#run(job));
      this.#db.exec('COMMIT');
    } catch (cause) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      this.#afterUndo();
      const error = databaseError(cause);
      for (const job of jobs) job.reject(error);
      return;
    } finally {
      this.#db.exec('PRAGMA synchronous = FULL');
    }
    const written: (() => void)[] = [];
    for (const [index, job] of jobs.entries()) {
      const result = results[index];
      if (result?.tag === 'done') written.push(() => job.resolve(result.value));
      else job.reject(databaseError(result?.error));
    }
    if (this.#closed) for (const tell of written) tell();
    else if (written.length > 0) this.#tellWhenFlushed(jobs, written);
  }

  #tellWhenFlushed(jobs: readonly Job[], written: readonly (() => void)[]): void {
    this.#log.flush().then(
      () => {
        for (const tell of written) tell();
      },
      (cause: unknown) => {
        // Those that were told already do not hear it.
        for (const job of jobs) job.reject(logError(cause));
      },
    );
  }

  #run(job: Job): Result {
    this.#savepoint.run();
    try {
      const value = job.work();
      this.#release.run();
      return { tag: 'done', value };
    } catch (error) {
      // A full disk makes SQLite undo the whole transaction: then nobody's work is there any more.
      if (!this.#db.inTransaction) throw error;
      this.#rollbackTo.run();
      this.#release.run();
      this.#afterUndo();
      return { tag: 'failed', error };
    }
  }
}

/** The log can no longer be trusted (see LogFlush.failure): nothing more is written before the next start. */
export function logError(cause: unknown): EdgeSyncError {
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  return new EdgeSyncError('disk-error', code, { cause });
}
