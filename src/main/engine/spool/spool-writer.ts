/** One file being written: gathers, writes while more arrives, and flushes once at the end. */
import fs from 'node:fs';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';
import { releaseMemory } from '../system/release-memory.ts';
import type { Blank, BlankPool } from './blank-pool.ts';
import { appendAll, closeFile, spoolError, spoolPath, syncData } from './spool-files.ts';
import type { SpoolWriter } from './spool-port.ts';

/** Writing starts as soon as this much is there (docs/decisions/0005: smaller writes cost calls, larger ones overlap less). */
const gatherBytes = 256 * 1024;
/** One write takes at most about this much, so that a slow disk is noticed early. */
const writeBytes = 1024 * 1024;
/** More than this waiting or being written: the caller is asked to wait ... */
const highWaterBytes = 4 * 1024 * 1024;
/** ... until no more than this is left. */
const lowWaterBytes = 2 * 1024 * 1024;

export class FileSpoolWriter implements SpoolWriter {
  readonly id: SpoolId;
  readonly #dir: string;
  readonly #pool: BlankPool;
  #blank: Blank | undefined;
  /** Set while the file is open. */
  #fd: number | undefined;
  #entryDurable: Promise<void> = Promise.resolve();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #underWayBytes = 0;
  /** Handed over, and written of it. */
  #sizeBytes = 0;
  #writtenBytes = 0;
  #pump: Promise<void> | undefined;
  #failure: EdgeSyncError | undefined;
  #ended = false;
  #lowWater: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(dir: string, pool: BlankPool) {
    this.#dir = dir;
    this.#pool = pool;
    this.#blank = pool.take();
    this.id = this.#blank?.id ?? pool.newId();
  }

  write(buffers: readonly Buffer[]): Promise<void> | undefined {
    if (this.#ended) throw new EdgeSyncError('internal', 'spool writer used after its end');
    // After a failure nothing is kept: the reason is told by commit.
    if (this.#failure !== undefined) return undefined;
    for (const buffer of buffers) {
      if (buffer.length === 0) continue;
      this.#waiting.push(buffer);
      this.#sizeBytes += buffer.length;
      this.#waitingBytes += buffer.length;
    }
    if (this.#waitingBytes >= gatherBytes) this.#startPump(gatherBytes);
    if (this.#waitingBytes + this.#underWayBytes <= highWaterBytes) return undefined;
    this.#lowWater ??= Promise.withResolvers();
    return this.#lowWater.promise;
  }

  async commit(): Promise<{ readonly sizeBytes: number }> {
    this.#end();
    try {
      await this.#pump;
      this.#startPump(1);
      await this.#pump;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#writtenBytes !== this.#sizeBytes)
        throw new EdgeSyncError('internal', 'the spool wrote another number of bytes than it was given');
      const fd = await this.#open();
      // One after the other: a descriptor must not be closed under a running flush. The second began long ago.
      await syncData(fd);
      await this.#entryDurable;
      this.#fd = undefined;
      // Nothing depends on it: what a close could still tell, the flush has told.
      closeFile(fd).catch(() => undefined);
    } catch (error) {
      await this.#removeFile();
      throw notMissing(spoolError(error));
    }
    this.#pool.forget(this.id);
    return { sizeBytes: this.#sizeBytes };
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#pump;
    const untouched = this.#blank;
    if (untouched !== undefined) {
      this.#blank = undefined;
      await this.#pool.giveBack(untouched);
      return;
    }
    await this.#removeFile();
  }

  #end(): void {
    if (this.#ended) throw new EdgeSyncError('internal', 'spool writer ended twice');
    this.#ended = true;
  }

  #startPump(atLeastBytes: number): void {
    if (this.#pump !== undefined || this.#waitingBytes < atLeastBytes) return;
    this.#pump = this.#write(atLeastBytes)
      .catch((error: unknown) => {
        this.#failure = notMissing(spoolError(error));
        this.#waiting = [];
        this.#waitingBytes = 0;
        this.#underWayBytes = 0;
      })
      .finally(() => {
        this.#pump = undefined;
        this.#signalLowWater();
      });
  }

  async #write(atLeastBytes: number): Promise<void> {
    const fd = await this.#open();
    while (this.#waitingBytes >= atLeastBytes) {
      const batch = this.#takeBatch();
      if (this.#underWayBytes === 0)
        throw new EdgeSyncError('internal', 'a buffer was used by somebody else after it was handed over');
      await appendAll(fd, batch);
      for (const buffer of batch) releaseMemory(buffer);
      this.#writtenBytes += this.#underWayBytes;
      this.#underWayBytes = 0;
      if (this.#waitingBytes <= lowWaterBytes) this.#signalLowWater();
    }
  }

  /** About `writeBytes` of what waits; a single larger buffer goes alone. */
  #takeBatch(): Buffer[] {
    let count = 0;
    let bytes = 0;
    for (const buffer of this.#waiting) {
      if (count > 0 && bytes + buffer.length > writeBytes) break;
      bytes += buffer.length;
      count += 1;
    }
    const batch = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    this.#underWayBytes = bytes;
    return batch;
  }

  async #open(): Promise<number> {
    if (this.#fd !== undefined) return this.#fd;
    if (this.#blank !== undefined) {
      this.#fd = this.#blank.fd;
      this.#blank = undefined;
      return this.#fd;
    }
    const made = await this.#pool.make(this.id);
    this.#fd = made.fd;
    this.#entryDurable = made.entryDurable;
    // Awaited by commit; a failure before that must not count as unhandled.
    made.entryDurable.catch(() => undefined);
    return this.#fd;
  }

  #signalLowWater(): void {
    this.#lowWater?.resolve();
    this.#lowWater = undefined;
  }

  /** Never rejects: what cannot be removed now has no row and is swept at the next start. */
  async #removeFile(): Promise<void> {
    const fd = this.#fd ?? this.#blank?.fd;
    this.#fd = undefined;
    this.#blank = undefined;
    await this.#entryDurable.catch(() => undefined);
    if (fd !== undefined) await closeFile(fd).catch(() => undefined);
    await fs.promises.rm(spoolPath(this.#dir, this.id), { force: true }).catch(() => undefined);
    this.#pool.forget(this.id);
  }
}

/** A folder that vanished under a writer is a disk problem, not a missing object. */
function notMissing(error: EdgeSyncError): EdgeSyncError {
  return error.code === 'object-missing'
    ? new EdgeSyncError('disk-error', undefined, { cause: error.cause })
    : error;
}
