/** A pause of the uploads, kept over a restart. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** Epoch milliseconds. */
export interface KeptPause {
  readonly setAtMs: number;
  readonly untilMs: number;
}

const key = 'upload-pause';

export class UploadPause {
  readonly #core: QueueCore;
  readonly #get: Database.Statement<[string], string>;
  readonly #put: Database.Statement<[string, string]>;
  readonly #remove: Database.Statement<[string]>;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#get = core.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
    this.#put = core.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#remove = core.prepare('DELETE FROM meta WHERE key = ?');
  }

  /** undefined without one, or when it is not what was written. */
  get(): KeptPause | undefined {
    const text = this.#core.read(() => this.#get.get(key));
    if (text === undefined) return undefined;
    const [setAtMs, untilMs, ...rest] = text.split(' ').map(Number);
    const isWhole = Number.isSafeInteger(setAtMs) && Number.isSafeInteger(untilMs) && rest.length === 0;
    return isWhole ? { setAtMs: setAtMs ?? 0, untilMs: untilMs ?? 0 } : undefined;
  }

  /** Resolves after the commit. */
  set(pause: KeptPause): Promise<void> {
    return this.#core.write(() => {
      this.#put.run(key, `${Math.round(pause.setAtMs)} ${Math.round(pause.untilMs)}`);
      this.#core.changes.status();
    });
  }

  clear(): Promise<void> {
    return this.#core.write(() => {
      this.#remove.run(key);
      this.#core.changes.status();
    });
  }
}
