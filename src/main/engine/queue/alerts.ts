/** What each channel of the alerts was told and has not been told to be over. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** A problem that a channel was told about. */
export interface Told {
  /** Its code, and the destination where it is about one. */
  readonly key: string;
  readonly code: string;
  readonly destination: string | null;
  /** When it began, epoch milliseconds. */
  readonly sinceMs: number;
  /** Of the last message about it, epoch milliseconds. */
  readonly toldAtMs: number;
}

interface ToldRow {
  readonly problem: string;
  readonly code: string;
  readonly destination: string | null;
  readonly since: number;
  readonly told_at: number;
}

/** More problems than there are codes and destinations do not come. */
const mostTold = 1000;

export class Alerts {
  readonly #core: QueueCore;
  readonly #told: Database.Statement<[string, number], ToldRow>;
  readonly #tell: Database.Statement<[string, string, string, string | null, number, number]>;
  readonly #forget: Database.Statement<[string, string]>;
  readonly #beaten: Database.Statement<[string], number>;
  readonly #beat: Database.Statement<[string, number]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#told = core.prepare(
      'SELECT problem, code, destination, since, told_at FROM alert WHERE channel = ? ORDER BY problem LIMIT ?',
    );
    this.#tell = core.prepare(
      `INSERT INTO alert (channel, problem, code, destination, since, told_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (channel, problem) DO UPDATE SET told_at = excluded.told_at`,
    );
    this.#forget = core.prepare('DELETE FROM alert WHERE channel = ? AND problem = ?');
    this.#beaten = core
      .prepare<[string], number>('SELECT sent_at FROM alert_heartbeat WHERE channel = ?')
      .pluck();
    this.#beat = core.prepare(
      `INSERT INTO alert_heartbeat (channel, sent_at) VALUES (?, ?)
         ON CONFLICT (channel) DO UPDATE SET sent_at = excluded.sent_at`,
    );
  }

  told(channel: string): readonly Told[] {
    return this.#core.read(() =>
      this.#told.all(channel, mostTold).map(({ problem, code, destination, since, told_at: toldAtMs }) => ({
        key: problem,
        code,
        destination,
        sinceMs: since,
        toldAtMs,
      })),
    );
  }

  /** The channel has been told these, now. */
  tell(channel: string, problems: readonly Omit<Told, 'toldAtMs'>[]): Promise<void> {
    return this.#core.write(() => {
      const nowMs = this.#core.nowMs();
      for (const { key, code, destination, sinceMs } of problems) {
        this.#tell.run(channel, key, code, destination, sinceMs, nowMs);
      }
    });
  }

  /** The channel has been told that these are over. */
  forget(channel: string, keys: readonly string[]): Promise<void> {
    return this.#core.write(() => {
      for (const key of keys) this.#forget.run(channel, key);
    });
  }

  /** When its last sign of life went out, epoch milliseconds. */
  lastHeartbeatAtMs(channel: string): number | undefined {
    return this.#core.read(() => this.#beaten.get(channel));
  }

  heartbeat(channel: string): Promise<void> {
    return this.#core.write(() => {
      this.#beat.run(channel, this.#core.nowMs());
    });
  }
}
