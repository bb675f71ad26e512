/**
 * Blank files made ahead of time. Making a file durable takes two flushes: its content and its directory entry.
 * The second is paid here, in the background and once for several files; an image then needs only the first.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Logger, Random } from '../ports.ts';
import type { SpoolId } from '../model.ts';
import { closeFile, createFile, spoolPath, syncFolder } from './spool-files.ts';

/** An open, empty file whose directory entry is durable once `entryDurable` has resolved. */
export interface Blank {
  readonly id: SpoolId;
  readonly fd: number;
}

/** Made together: they share a fan-out folder, so one folder flush serves all of them. */
const batchSize = 16;
/** Refill below this many: about as many as arrive while a refill runs at full receiving speed. */
const lowMark = 16;

export class BlankPool {
  readonly #dir: string;
  readonly #random: Random;
  readonly #logger: Logger;
  #ready: Blank[] = [];
  #refilling: Promise<void> | undefined;
  #closed = false;
  /** Ids of files that exist without a row: blanks, and files being written. */
  readonly #live = new Set<SpoolId>();

  constructor(dir: string, random: Random, logger: Logger) {
    this.#dir = dir;
    this.#random = random;
    this.#logger = logger;
  }

  /** A blank if one is ready; asks for more in the background. */
  take(): Blank | undefined {
    const blank = this.#ready.shift();
    if (this.#ready.length < lowMark) void this.refill();
    return blank;
  }

  /** Resolves when at least a batch was added (or could not be: the next writer meets the error itself). */
  refill(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#refilling ??= this.#addBatch()
      .catch((error: unknown) => this.#logger.warn('spool-refill-failed', { code: codeOf(error) }))
      .finally(() => {
        this.#refilling = undefined;
      });
    return this.#refilling;
  }

  /** Without waiting for the pool: the directory entry is durable when `entryDurable` resolves. */
  async make(id: SpoolId): Promise<{ readonly fd: number; readonly entryDurable: Promise<void> }> {
    const file = spoolPath(this.#dir, id);
    const fd = await createFile(file);
    return { fd, entryDurable: syncFolder(path.dirname(file)) };
  }

  newId(): SpoolId {
    const id = this.#random.bytes(16).toString('hex');
    this.#live.add(id);
    return id;
  }

  /** Unused: goes back to the others. */
  async giveBack(blank: Blank): Promise<void> {
    if (!this.#closed) this.#ready.push(blank);
    else await this.#drop(blank);
  }

  isLive(id: SpoolId): boolean {
    return this.#live.has(id);
  }

  /** The file is committed or gone. */
  forget(id: SpoolId): void {
    this.#live.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#refilling;
    const left = this.#ready;
    this.#ready = [];
    for (const blank of left) await this.#drop(blank);
  }

  async #addBatch(): Promise<void> {
    // The batch shares its folder, and most of its id: neighbours in the database's index then, not one page each.
    const common = this.#random.bytes(12).toString('hex');
    const folder = common.slice(0, 2);
    const made: Blank[] = [];
    try {
      for (let index = 0; index < batchSize; index += 1) {
        const id = common + this.#random.bytes(4).toString('hex');
        this.#live.add(id);
        try {
          made.push({ id, fd: await createFile(spoolPath(this.#dir, id)) });
        } catch (error) {
          this.#live.delete(id);
          throw error;
        }
      }
      await syncFolder(path.join(this.#dir, folder));
    } catch (error) {
      for (const blank of made) await this.#drop(blank);
      throw error;
    }
    this.#ready.push(...made);
  }

  async #drop(blank: Blank): Promise<void> {
    try {
      await closeFile(blank.fd);
      await fs.promises.rm(spoolPath(this.#dir, blank.id), { force: true });
    } catch (error) {
      // An empty file that no row names: swept at the next start.
      this.#logger.warn('spool-blank-left', { code: codeOf(error) });
    }
    this.#live.delete(blank.id);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : typeof error;
}
