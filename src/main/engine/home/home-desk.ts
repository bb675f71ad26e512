/** Keeps the home page's own records up to date: the search index, and how many images wait. Never in the way of receiving. */
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { HomeCounts } from '../queue/home-counts.ts';
import type { ReadQueue } from '../queue/queue-port.ts';
import type { Search } from '../queue/search.ts';

/** A study is indexed soon after its first image; many at once share a write. */
const indexAfterMs = 2_000;
/** Studies of one transaction: some milliseconds. */
const indexAtOnce = 5;
/** How often what waits is noted while something changes; nothing is written while nothing does. */
const noteEveryMs = 20_000;

export interface HomeDeskDeps {
  readonly queue: Pick<ReadQueue, 'status' | 'onChange'> & {
    readonly home: Pick<HomeCounts, 'noteWaiting'>;
    readonly search: Pick<Search, 'isBehind' | 'index'>;
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

export class HomeDesk {
  readonly #deps: HomeDeskDeps;
  readonly #stopListening: () => void;
  #indexTimer: Cancel | undefined;
  #noteTimer: Cancel | undefined;
  #indexing: Promise<void> | undefined;
  #noted: number | undefined;
  #state: 'idle' | 'running' | 'stopped' = 'idle';

  constructor(deps: HomeDeskDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('home') };
    this.#stopListening = deps.queue.onChange(() => this.#changed());
  }

  start(): void {
    this.#state = 'running';
    this.#changed();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#stopListening();
    this.#indexTimer?.cancel();
    this.#noteTimer?.cancel();
    await this.#indexing;
  }

  /** Indexes what waits, at most `limit` studies. True when nothing is left. Throws disk-*, database-*. */
  async catchUp(limit: number): Promise<boolean> {
    const { search } = this.#deps.queue;
    for (let done = 0; done < limit && this.#state !== 'stopped' && search.isBehind; done += indexAtOnce) {
      await search.index(indexAtOnce);
      // Receiving goes first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return !search.isBehind;
  }

  #changed(): void {
    if (this.#state !== 'running') return;
    const { clock } = this.#deps;
    this.#indexTimer ??= clock.after(indexAfterMs, () => {
      this.#indexTimer = undefined;
      this.#indexing ??= this.#index();
    });
    this.#noteTimer ??= clock.after(noteEveryMs, () => {
      this.#noteTimer = undefined;
      this.#note();
    });
  }

  async #index(): Promise<void> {
    try {
      if (this.#deps.queue.search.isBehind) await this.catchUp(Number.MAX_SAFE_INTEGER);
    } catch (error) {
      // A search says that it is behind; the next change tries again.
      this.#deps.logger.error('index-failed', {}, error);
    } finally {
      this.#indexing = undefined;
    }
  }

  #note(): void {
    const { queue, clock, logger } = this.#deps;
    try {
      const { pending, failed, parked } = queue.status();
      const waiting = pending + failed + parked;
      if (waiting === this.#noted) return;
      const most = Math.max(waiting, this.#noted ?? 0);
      this.#noted = waiting;
      queue.home
        .noteWaiting(clock.nowMs(), waiting, most)
        .catch((error: unknown) => logger.error('note-failed', {}, error));
    } catch (error) {
      logger.error('note-failed', {}, error);
    }
  }
}
