/**
 * What is kept of callers and classes: in memory by key, the one that was met longest ago first, and what the database
 * still lacks of it. Who has to go when it is full is the owner's matter.
 */
import type { Changed } from '../queue/devices.ts';

export interface KeptEntry {
  readonly id: string;
  /** What the database does not have yet. */
  unsaved: 'nothing' | 'count' | 'all';
  /** The database may have a row of it. */
  isKept: boolean;
}

/** What is to be written since the last time. */
export interface KeptChanges<Row extends { readonly facts: string }> {
  readonly rows: readonly Changed<Row>[];
  /** Ids of rows to remove. */
  readonly gone: readonly string[];
}

export class KeptEntries<
  Entry extends KeptEntry,
  Row extends { readonly id: string; readonly facts: string },
> {
  readonly #entries = new Map<string, Entry>();
  readonly #mostGone: number;
  readonly #rowOf: (entry: Entry) => Omit<Row, 'facts'>;
  readonly #factsOf: (entry: Entry) => unknown;
  #gone = new Set<string>();

  /** `most`: about how many the owner keeps. `factsOf`: what is kept as JSON, sealed. */
  constructor(most: number, rowOf: (entry: Entry) => Omit<Row, 'facts'>, factsOf: (entry: Entry) => unknown) {
    this.#mostGone = 10 * most;
    this.#rowOf = rowOf;
    this.#factsOf = factsOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The one that was met longest ago first. */
  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  entries(): Iterable<[key: string, entry: Entry]> {
    return this.#entries.entries();
  }

  find(id: string): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.id === id) return entry;
    return undefined;
  }

  /** It was met just now: the last one from here on. */
  put(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (entry.isKept) this.#gone.add(entry.id);
    // Bounded even while nothing can be written: what is forgotten here is swept at the next start.
    if (this.#gone.size > this.#mostGone) this.#gone.delete(this.#gone.values().next().value ?? '');
  }

  /** A row of the database that is not taken over. */
  sweep(id: string): void {
    this.#gone.add(id);
  }

  /** Give it back with `notSaved` when writing failed. */
  takeChanges(): KeptChanges<Row> {
    const rows = [...this.#entries.values()].flatMap((entry) => {
      if (entry.unsaved === 'nothing') return [];
      const facts = entry.unsaved === 'all' ? JSON.stringify(this.#factsOf(entry)) : undefined;
      entry.unsaved = 'nothing';
      entry.isKept = true;
      return [{ ...this.#rowOf(entry), facts }];
    });
    const gone = [...this.#gone];
    this.#gone = new Set();
    return { rows: rows, gone };
  }

  notSaved(changes: {
    readonly rows: readonly { readonly id: string }[];
    readonly gone: readonly string[];
  }): void {
    const ids = new Set(changes.rows.map(({ id }) => id));
    for (const entry of this.#entries.values()) if (ids.delete(entry.id)) entry.unsaved = 'all';
    // Those that were dropped meanwhile may have been written by then.
    for (const id of [...ids, ...changes.gone]) this.#gone.add(id);
  }
}
