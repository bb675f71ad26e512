import { EdgeSyncError } from '../../../shared/errors.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { ObjectSource } from './cloud-store.ts';
import { sizeDiffers } from './whole-object.ts';

/** Parts of one object under way at once. */
const partsAtOnce = 4;

/** How a service takes the parts of one object; `Part` is what has to be known of each to commit them. */
export interface PartSink<Part> {
  /** What an earlier attempt left of exactly these bytes at this place, if anything. */
  held(index: number, bytes: Buffer): Part | undefined;
  /** Sends it; the service checks its checksum. */
  send(index: number, bytes: Buffer, signal: AbortSignal): Promise<Part>;
}

/**
 * Cuts a source into parts as large as the pool's buffers (the last may be smaller), in order, and sends those that are
 * not there yet, a few at once. The first failure ends the others. Memory: at most `partsAtOnce` + 1 buffers of `pool`.
 */
export class PartStager<Part> {
  readonly #sink: PartSink<Part>;
  readonly #pool: BufferPool;
  readonly #onProgress: ((confirmedBytes: number) => void) | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #parts: Part[] = [];
  #failure: { readonly error: unknown } | undefined;
  #confirmedBytes = 0;

  constructor(
    sink: PartSink<Part>,
    pool: BufferPool,
    options: {
      readonly signal: AbortSignal | undefined;
      readonly onProgress: ((confirmedBytes: number) => void) | undefined;
    },
  ) {
    this.#sink = sink;
    this.#pool = pool;
    this.#callerSignal = options.signal;
    this.#onProgress = options.onProgress;
  }

  /** Call once. @returns the parts in order, all of them confirmed. @throws the first failure; `cancelled`. */
  async stageAll(source: ObjectSource): Promise<readonly Part[]> {
    const onCallerAbort = (): void => this.#stop.abort();
    if (this.#callerSignal?.aborted === true) onCallerAbort();
    this.#callerSignal?.addEventListener('abort', onCallerAbort, { once: true });
    try {
      await this.#sendAll(source);
    } catch (error) {
      this.#fail(error);
    } finally {
      await Promise.all(this.#underWay);
      this.#callerSignal?.removeEventListener('abort', onCallerAbort);
    }
    if (this.#failure !== undefined) {
      throw this.#callerSignal?.aborted === true ? new EdgeSyncError('cancelled') : this.#failure.error;
    }
    return this.#parts;
  }

  async #sendAll(source: ObjectSource): Promise<void> {
    let index = 0;
    for await (const { buffer, sizeBytes } of this.#cut(source)) {
      if (this.#failure !== undefined) {
        this.#pool.give(buffer);
        return;
      }
      const bytes = buffer.subarray(0, sizeBytes);
      const held = this.#sink.held(index, bytes);
      if (held === undefined) {
        while (this.#underWay.size >= partsAtOnce) await Promise.race(this.#underWay);
        this.#begin(index, buffer, bytes);
      } else {
        this.#parts[index] = held;
        this.#pool.give(buffer);
        this.#confirm(sizeBytes);
      }
      index += 1;
    }
  }

  #begin(index: number, buffer: Buffer, bytes: Buffer): void {
    const task: Promise<void> = this.#sink
      .send(index, bytes, this.#stop.signal)
      .then(
        (part) => {
          this.#parts[index] = part;
          this.#confirm(bytes.length);
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#pool.give(buffer);
        this.#underWay.delete(task);
      });
    this.#underWay.add(task);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort();
  }

  #confirm(sizeBytes: number): void {
    this.#confirmedBytes += sizeBytes;
    this.#onProgress?.(this.#confirmedBytes);
  }

  /** Cuts the source into full buffers and a rest. Each buffer belongs to the receiver, who gives it back. */
  async *#cut(source: ObjectSource): AsyncGenerator<{ readonly buffer: Buffer; readonly sizeBytes: number }> {
    let buffer = await this.#pool.take(this.#stop.signal);
    let filled = 0;
    let total = 0;
    let handedOver = false;
    try {
      for await (const chunk of source.read(0)) {
        total += chunk.length;
        if (total > source.sizeBytes) throw sizeDiffers();
        for (let at = 0; at < chunk.length;) {
          const copied = chunk.copy(buffer, filled, at);
          at += copied;
          filled += copied;
          if (filled < buffer.length) continue;
          handedOver = true;
          yield { buffer, sizeBytes: filled };
          buffer = await this.#pool.take(this.#stop.signal);
          handedOver = false;
          filled = 0;
        }
      }
      if (total !== source.sizeBytes) throw sizeDiffers();
      if (filled > 0) {
        handedOver = true;
        yield { buffer, sizeBytes: filled };
      }
    } finally {
      if (!handedOver) this.#pool.give(buffer);
    }
  }
}
