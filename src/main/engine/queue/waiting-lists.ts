/** What waits for a destination, as lists that are walked from one end of an index and read only when somebody asks. */
import type Database from 'better-sqlite3';
import type { QueueCore } from './queue-core.ts';

/** Newest first, due again, oldest first. */
export type Lane = 'newest' | 'again' | 'oldest';
type QueuedLane = Exclude<Lane, 'again'>;
/** Objects over `largeObjectBytes` (large-objects.ts) and the others. */
type Size = 'small' | 'large';

/** A row of a list; what has the smaller `place` goes first. */
interface Waiting {
  readonly instance_id: number;
  readonly place: number;
  readonly large: 0 | 1;
}

interface Wanted {
  readonly destinationId: number;
  /** Failed ones whose time has come by then, epoch milliseconds. */
  readonly nowMs: number;
  readonly isLargeWanted: boolean;
  /** Rows of a list at most. */
  readonly depth: number;
}

type QueuedStatement = Database.Statement<[number, number], Waiting>;

/** The statements of the lists, prepared once. */
export class WaitingRows {
  readonly queued: Readonly<Record<QueuedLane, Readonly<Record<Size, QueuedStatement>>>>;
  readonly again: Database.Statement<[number, number, number, number], Waiting>;

  constructor(core: QueueCore) {
    const queued = (large: 0 | 1, place: string, order: string): QueuedStatement =>
      core.prepare(
        `SELECT instance_id, ${place} AS place, large FROM delivery
           WHERE destination_id = ? AND state = 'queued' AND large = ${large} AND away = 0 ORDER BY ${order} LIMIT ?`,
      );
    const newest = (large: 0 | 1): QueuedStatement => queued(large, '-rank', 'rank DESC, instance_id');
    const oldest = (large: 0 | 1): QueuedStatement => queued(large, 'rank', 'rank, instance_id DESC');
    this.queued = {
      newest: { small: newest(0), large: newest(1) },
      oldest: { small: oldest(0), large: oldest(1) },
    };
    this.again = core.prepare(
      `SELECT instance_id, next_attempt_at AS place, large FROM delivery
         WHERE destination_id = ? AND state = 'failed' AND away = 0 AND next_attempt_at <= ? AND large <= ?
         ORDER BY next_attempt_at LIMIT ?`,
    );
  }
}

/** One look at what waits: a list is read when it is first asked for, and not when another one has shown that it is empty. */
export class WaitingLists {
  readonly #rows: WaitingRows;
  readonly #wanted: Wanted;
  readonly #isHeld: (instanceId: number) => boolean;
  readonly #read = new Map<string, Waiting[]>();
  /** Lists that were read to their end: their other end holds the same rows. */
  readonly #whole = new Set<string>();

  constructor(rows: WaitingRows, wanted: Wanted, isHeld: (instanceId: number) => boolean) {
    this.#rows = rows;
    this.#wanted = wanted;
    this.#isHeld = isHeld;
  }

  /** Takes the next one of `lane` that nobody holds. */
  next(lane: Lane, sizes: 'any' | 'small'): number | undefined {
    const small = this.#unheld(lane, 'small');
    const large = sizes === 'any' && this.#wanted.isLargeWanted ? this.#unheld(lane, 'large') : [];
    const [firstSmall] = small;
    const [firstLarge] = large;
    const isLargeFirst =
      firstLarge !== undefined && (firstSmall === undefined || isBefore(firstLarge, firstSmall));
    return (isLargeFirst ? large : small).shift()?.instance_id;
  }

  /** A list without those at its front that somebody holds. */
  #unheld(lane: Lane, size: Size): Waiting[] {
    const list = this.#list(lane, size);
    while (list[0] !== undefined && this.#isHeld(list[0].instance_id)) list.shift();
    return list;
  }

  #list(lane: Lane, size: Size): Waiting[] {
    const key = `${lane} ${size}`;
    const read = this.#read.get(key);
    if (read !== undefined) return read;
    if (lane === 'again') this.#readAgain();
    else this.#readQueued(lane, size, key);
    return this.#read.get(key) ?? [];
  }

  #readAgain(): void {
    const { destinationId, nowMs, isLargeWanted, depth } = this.#wanted;
    const rows = this.#rows.again.all(destinationId, nowMs, isLargeWanted ? 1 : 0, depth);
    this.#read.set(
      'again small',
      rows.filter(({ large }) => large === 0),
    );
    this.#read.set(
      'again large',
      rows.filter(({ large }) => large === 1),
    );
  }

  #readQueued(lane: QueuedLane, size: Size, key: string): void {
    const { destinationId, depth } = this.#wanted;
    const otherEnd = `${lane === 'newest' ? 'oldest' : 'newest'} ${size}`;
    const isKnownEmpty = this.#whole.has(otherEnd) && this.#read.get(otherEnd)?.length === 0;
    const rows = isKnownEmpty ? [] : this.#rows.queued[lane][size].all(destinationId, depth);
    if (rows.length < depth) this.#whole.add(key);
    this.#read.set(key, rows);
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.place === other.place ? one.instance_id < other.instance_id : one.place < other.place;
}
