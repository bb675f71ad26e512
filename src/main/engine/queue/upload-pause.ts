/** Pauses of the uploads, of all or of one destination, kept over a restart. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** Epoch milliseconds. */
export interface KeptPause {
  readonly setAtMs: number;
  readonly untilMs: number;
}

/** Destination names hold no space. */
function keyOf(destination: string | undefined): string {
  return destination === undefined ? 'upload-pause' : `upload-pause ${destination}`;
}

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

  /** Of all uploads, or those to `destination`; undefined without one, or when it is not what was written. */
  get(destination?: string): KeptPause | undefined {
    const text = this.#core.read(() => this.#get.get(keyOf(destination)));
    if (text === undefined) return undefined;
    const [setAtMs, untilMs, ...rest] = text.split(' ').map(Number);
    const isWhole = Number.isSafeInteger(setAtMs) && Number.isSafeInteger(untilMs) && rest.length === 0;
    return isWhole ? { setAtMs: setAtMs ?? 0, untilMs: untilMs ?? 0 } : undefined;
  }

  /** Resolves after the commit. */
  set(pause: KeptPause, destination?: string): Promise<void> {
    return this.#core.write(() => {
      this.#put.run(keyOf(destination), `${Math.round(pause.setAtMs)} ${Math.round(pause.untilMs)}`);
      this.#core.changes.status();
    });
  }

  clear(destination?: string): Promise<void> {
    return this.#core.write(() => {
      this.#remove.run(keyOf(destination));
      this.#core.changes.status();
    });
  }
}
