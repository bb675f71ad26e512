import { EdgeSyncError } from '../../../shared/errors.ts';

interface Waiting {
  readonly resolve: (buffer: Buffer) => void;
  readonly leave: () => void;
}

/**
 * A bounded number of equal buffers shared by all uploads of a store, so that memory stays flat however many large
 * objects are under way. At most `keep` idle ones are held back for reuse.
 */
export class BufferPool {
  readonly #sizeBytes: number;
  readonly #most: number;
  readonly #keep: number;
  #lent = 0;
  #idle: Buffer[] = [];
  #waiting: Waiting[] = [];

  constructor(sizeBytes: number, most: number, keep: number) {
    this.#sizeBytes = sizeBytes;
    this.#most = most;
    this.#keep = keep;
  }

  /** Waits for a free buffer. Its content is old. @throws EdgeSyncError `cancelled` when the signal aborts. */
  take(signal: AbortSignal): Promise<Buffer> {
    if (signal.aborted) return Promise.reject(new EdgeSyncError('cancelled'));
    if (this.#lent < this.#most) {
      this.#lent += 1;
      return Promise.resolve(this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#sizeBytes));
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(new EdgeSyncError('cancelled'));
      };
      const waiting: Waiting = { resolve, leave: () => signal.removeEventListener('abort', onAbort) };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  give(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.leave();
      next.resolve(buffer);
      return;
    }
    this.#lent -= 1;
    if (this.#idle.length < this.#keep) this.#idle.push(buffer);
  }

  /** Buffers out at the moment: 0 when nothing is under way. */
  get lent(): number {
    return this.#lent;
  }
}
