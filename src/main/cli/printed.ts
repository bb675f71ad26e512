/** What became of what a command printed: taken, or its reader went away (`| head`), or its disk is full. */
import type { Writable } from 'node:stream';

export type PrintTrouble =
  | { readonly tag: 'none' }
  /** Nobody will read any more of it. */
  | { readonly tag: 'reader-gone' }
  | { readonly tag: 'not-written'; readonly cause: Error };

/** Thrown by who would print more, so that the command unwinds in order. */
export class ReaderGone extends Error {
  constructor() {
    super('nobody reads this any more');
  }
}

/** How the streams of the systems say that the other end was closed; EOF is Windows' word for it. */
const closedEnd = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

export class Printed {
  readonly #whole: Set<Writable>;
  #trouble: PrintTrouble = { tag: 'none' };
  #counts = true;

  /** From now on an error of one of `streams` ends nobody by itself. */
  constructor(streams: readonly Writable[]) {
    this.#whole = new Set(streams);
    for (const stream of streams) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        this.#whole.delete(stream);
        if (this.#trouble.tag !== 'none') return;
        this.#trouble = closedEnd.has(error.code ?? '')
          ? { tag: 'reader-gone' }
          : { tag: 'not-written', cause: error };
      });
    }
  }

  get trouble(): PrintTrouble {
    return this.#counts ? this.#trouble : { tag: 'none' };
  }

  /** Throws ReaderGone when what is printed now would reach nobody. */
  expectReader(): void {
    if (this.trouble.tag !== 'none') throw new ReaderGone();
  }

  /** For who goes on without readers: trouble is none from now on. */
  doWithoutReader(): void {
    this.#counts = false;
  }

  /** Resolves when everything printed so far was taken or refused. */
  async settled(): Promise<void> {
    // One that failed may never answer again.
    for (const stream of this.#whole) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
