/** Which backup of the settings lies at which destination, and since when a newer one is owed. */
import type Database from 'better-sqlite3';
import { fromHex, toHex, type QueueCore } from './queue-core.ts';

export interface BackupMark {
  /** Of the newest one stored; 0 when there is none. */
  readonly number: number;
  /** SHA-256 (hex) of what it says, without number and time. */
  readonly contentSha256: string | undefined;
  readonly writtenAtMs: number | undefined;
  /** Since when something newer waits to be stored. */
  readonly owedSinceMs: number | undefined;
}

interface Row {
  readonly number: number;
  readonly content_sha256: Buffer | null;
  readonly written_at: number | null;
  readonly owed_since: number | null;
}

function digestOf(row: Row | undefined): string | undefined {
  const digest = row?.content_sha256 ?? undefined;
  return digest === undefined ? undefined : toHex(digest);
}

export class BackupMarks {
  readonly #core: QueueCore;
  readonly #one: Database.Statement<[string], Row>;
  readonly #written: Database.Statement<[string, number, Buffer, number]>;
  readonly #owed: Database.Statement<[string, number]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#one = core.prepare('SELECT * FROM backup_mark WHERE destination = ?');
    this.#written = core.prepare(
      `INSERT INTO backup_mark (destination, number, content_sha256, written_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (destination) DO UPDATE SET number = excluded.number,
           content_sha256 = excluded.content_sha256, written_at = excluded.written_at, owed_since = NULL`,
    );
    this.#owed = core.prepare(
      `INSERT INTO backup_mark (destination, number, owed_since) VALUES (?, 0, ?)
         ON CONFLICT (destination) DO UPDATE SET owed_since = coalesce(owed_since, excluded.owed_since)`,
    );
  }

  get(destination: string): BackupMark {
    const row = this.#core.read(() => this.#one.get(destination));
    return {
      number: row?.number ?? 0,
      contentSha256: digestOf(row),
      writtenAtMs: row?.written_at ?? undefined,
      owedSinceMs: row?.owed_since ?? undefined,
    };
  }

  /** Stored in the cloud: nothing is owed any more. */
  written(destination: string, number: number, contentSha256: string): Promise<void> {
    return this.#core.write(() => {
      this.#written.run(destination, number, fromHex(contentSha256, 32), this.#core.nowMs());
      this.#core.changes.status();
    });
  }

  /** Something newer waits from now on; a second time changes nothing. */
  owed(destination: string): Promise<void> {
    return this.#core.write(() => {
      this.#owed.run(destination, this.#core.nowMs());
    });
  }
}
