/**
 * Bytes in both directions over a message port: pieces of bounded size, of which a bounded number is under way. A port by
 * itself has no end to what it takes; what the other side sends beyond the agreement breaks the pipe.
 */

/** A message port of Electron's utility process (MessagePortMain). */
export interface PipePort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

/** Bytes of one message at most; a larger piece is cut. */
export const portPieceBytes = 256 * 1024;
/** Messages that may be sent before the other side has said that it took one. */
export const portPiecesUnderWay = 8;

export class PortPipe {
  /** What the other side writes. Ends with the port; throws RangeError when the other side does not keep to the agreement. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #port: PipePort;
  readonly #received: Uint8Array[] = [];
  #underWay = 0;
  #state: 'open' | 'closed' | 'broken' = 'open';
  #wake = Promise.withResolvers<void>();

  constructor(port: PipePort) {
    this.#port = port;
    this.chunks = this.#read();
    port.on('message', ({ data }) => this.#take(data));
    port.on('close', () => this.#end('closed'));
    port.start();
  }

  /** Resolves when all of it is on its way; one call after the other. Rejects with RangeError once the pipe is closed. */
  async write(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length; at += portPieceBytes) {
      while (this.#state === 'open' && this.#underWay >= portPiecesUnderWay) await this.#wake.promise;
      if (this.#state !== 'open') throw new RangeError('the port is closed');
      this.#underWay += 1;
      // A copy of just these bytes: a view would be sent with all of the memory that it looks into.
      const bytes = new Uint8Array(piece.subarray(at, at + portPieceBytes));
      this.#port.postMessage({ tag: 'piece', bytes });
    }
  }

  /** Ends both directions; the other side is told by its port. */
  close(): void {
    this.#end('closed');
    this.#port.close();
  }

  #take(message: unknown): void {
    if (this.#state !== 'open') return;
    const { tag, bytes } = (typeof message === 'object' && message !== null ? message : {}) as {
      readonly tag?: unknown;
      readonly bytes?: unknown;
    };
    if (tag === 'taken' && this.#underWay > 0) {
      this.#underWay -= 1;
    } else if (
      tag === 'piece' &&
      bytes instanceof Uint8Array &&
      bytes.length <= portPieceBytes &&
      this.#received.length < portPiecesUnderWay
    ) {
      this.#received.push(bytes);
    } else {
      this.#end('broken');
    }
    this.#tell();
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const piece = this.#received.shift();
      if (piece !== undefined) {
        if (this.#state === 'open') this.#port.postMessage({ tag: 'taken' });
        yield piece;
      } else if (this.#state === 'open') {
        await this.#wake.promise;
      } else if (this.#state === 'broken') {
        throw new RangeError('the other side did not keep to the agreement');
      } else {
        return;
      }
    }
  }

  #end(how: 'closed' | 'broken'): void {
    if (this.#state !== 'open') return;
    this.#state = how;
    if (how === 'broken') this.#received.length = 0;
    this.#tell();
  }

  #tell(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}
