/**
 * Flushes SQLite's write-ahead log without holding up the event loop. With synchronous=FULL a COMMIT does this itself,
 * on the main thread, while every association waits; with NORMAL it leaves it out, and what is asked for here does the
 * same afterwards, in the thread pool. Commits that come while a flush runs share the next one.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';

const fdatasync = promisify(fs.fdatasync);

export class LogFlush {
  readonly #file: string;
  #failure: Error | undefined;
  #fd: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `file`: the log (`<database>-wal`). It exists from the first write on and stays the same file until the end. */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Why a flush failed, once one has; from then on every flush fails. Linux calls the pages of a failed flush clean, so the
   * next flush would succeed without them: what is committed behind that hole is lost at a power loss. Only the next
   * start, which checks the log's checksums, can tell what is whole.
   */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when everything that was committed before this call is on stable storage. Rejects with the system's error. */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  /** Gives the file free once nothing is being flushed any more. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await Promise.allSettled([this.#running, this.#next]);
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const flushed = this.#flushNow().finally(() => {
      if (this.#running === flushed) this.#running = undefined;
    });
    this.#running = flushed;
    return flushed;
  }

  async #flushNow(): Promise<void> {
    // For writing: Windows flushes only what may be written. SQLite's locks are on other files, so closing this one
    // takes none of them away.
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#fd ??= fs.openSync(this.#file, 'r+');
      // On macOS libuv empties the drive's cache too (F_FULLFSYNC).
      await fdatasync(this.#fd);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error('the log could not be flushed');
      throw error;
    }
  }
}
