/** Where this PC was listening: its own addresses, which are nobody's secret. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** A PC on a network that gives out another address every day. */
const mostKept = 20;

export interface ListenAddress {
  readonly address: string;
  /** When it began to be listened on this time. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export class ListenAddresses {
  readonly #core: QueueCore;
  readonly #all: Database.Statement<[], ListenAddress>;
  readonly #put: Database.Statement<[string, number, number]>;
  readonly #trim: Database.Statement<[number]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#all = core.prepare(
      'SELECT address, first_at AS firstAtMs, last_at AS lastAtMs FROM listen_address ORDER BY last_at DESC',
    );
    // One that comes back after another begins anew.
    this.#put = core.prepare(
      `INSERT INTO listen_address (address, first_at, last_at) VALUES (?, ?, ?)
         ON CONFLICT (address) DO UPDATE SET last_at = excluded.last_at,
           first_at = CASE WHEN last_at = (SELECT max(last_at) FROM listen_address) THEN first_at
                      ELSE excluded.first_at END`,
    );
    this.#trim = core.prepare(
      `DELETE FROM listen_address WHERE address NOT IN
         (SELECT address FROM listen_address ORDER BY last_at DESC LIMIT ?)`,
    );
  }

  /** The latest first. */
  list(): readonly ListenAddress[] {
    return this.#core.read(() => this.#all.all());
  }

  /** It is listened on from now on. */
  note(address: string): void {
    const nowMs = this.#core.nowMs();
    this.#core.writeNow(() => {
      this.#put.run(address, nowMs, nowMs);
      this.#trim.run(mostKept);
    });
  }
}
