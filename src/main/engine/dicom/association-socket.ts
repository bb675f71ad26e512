/**
 * Ties an Association to a byte stream that somebody else opened (a TCP or TLS socket): flow control in both
 * directions and one way out. It opens nothing itself.
 */
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../ports.ts';
import type { Transport } from './association.ts';
import { releaseMemory } from '../system/release-memory.ts';
import type { Wait } from './pdu-reader.ts';

/** Socket buffer in each direction: a few reads, so that the kernel is emptied while a batch is being sealed. */
export const socketBufferBytes = 262_144;
/** How long a peer may take to read our last bytes before the connection is cut. */
const closeGraceMs = 5_000;

/** The side that takes what comes in; `Association` fits. */
export interface Receiver {
  receive(chunk: Buffer): Wait;
  transportClosed(): void;
}

export interface SocketObserver {
  /** Bytes came in. */
  received(bytes: number): void;
  /** The connection is gone; nothing else is called afterwards. */
  closed(): void;
}

export class AssociationSocket implements Transport {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #observer: SocketObserver;
  #receiver: Receiver | undefined;
  #isBusy = false;
  #isClosed = false;
  #waiting: Buffer[] = [];
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #cut: Cancel | undefined;

  constructor(socket: Duplex, clock: Clock, observer: SocketObserver) {
    this.#socket = socket;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Starts reading. Call once. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#socket.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#socket.on('drain', () => this.#drain());
    // The reason does not matter here: 'close' always follows.
    this.#socket.on('error', () => undefined);
    this.#socket.on('end', () => this.#lost());
    this.#socket.on('close', () => this.#lost());
  }

  send(buffers: readonly Uint8Array[]): Wait {
    if (this.#isClosed || !this.#socket.writable) return undefined;
    // One system call for header and data.
    this.#socket.cork();
    let hasRoom = true;
    for (const buffer of buffers) hasRoom = this.#socket.write(buffer);
    this.#socket.uncork();
    if (hasRoom || !this.#socket.writableNeedDrain) return undefined;
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  close(): void {
    if (this.#isClosed || this.#cut !== undefined) return;
    this.#cut = this.#clock.after(closeGraceMs, () => this.#socket.destroy());
    this.#socket.end(() => this.#socket.destroy());
  }

  /** Cuts the connection without sending what waits. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Pausing costs two system calls, so it is done only when more comes in while we are busy: one chunk is then kept
   * here, and the socket's own buffer fills up to its high-water mark.
   */
  #data(chunk: Buffer): void {
    this.#observer.received(chunk.length);
    if (this.#isBusy) {
      this.#waiting.push(chunk);
      this.#socket.pause();
      return;
    }
    this.#feed(chunk);
  }

  /** Whether receiving is now held up. */
  #feed(chunk: Buffer): boolean {
    const wait = this.#receiver?.receive(chunk);
    if (wait === undefined) {
      releaseMemory(chunk);
      return false;
    }
    this.#isBusy = true;
    void wait.then(() => {
      releaseMemory(chunk);
      this.#ready();
    });
    return true;
  }

  #ready(): void {
    this.#isBusy = false;
    if (this.#isClosed) return;
    // Each may make us busy again; the rest then waits for the next call.
    const next = this.#waiting.shift();
    if (next !== undefined) {
      if (!this.#feed(next)) this.#ready();
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #drain(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    this.#cut?.cancel();
    this.#drain();
    this.#receiver?.transportClosed();
    this.#socket.destroy();
    this.#observer.closed();
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { promise, resolve: () => resolve(undefined) };
}
