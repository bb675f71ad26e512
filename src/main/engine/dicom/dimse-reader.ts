/** Puts PDV fragments together to messages (PS3.8 E.1): a command, gathered and bounded, then its dataset, streamed. */
import { type DimseCommand, datasetOf, decodeCommand, maxCommandBytes } from './dimse.ts';
import { FloodError, type FragmentKind, type FragmentPosition, ProtocolError } from './pdu.ts';
import type { Wait } from './pdu-reader.ts';

/**
 * Fragments of one message that may be as small as they like, and how many bytes each further one brings on average.
 * Writers that send each element on its own stay far below; without it, a stream of empty fragments costs its sender 12
 * bytes each and us a whole turn.
 */
const freeFragments: Readonly<Record<FragmentKind, number>> = {
  /** The longest that we know of has some 300 bytes: even byte by byte it passes. */
  command: 384,
  dataset: 1_024,
};
const leastMeanBytes = 16;
/** An empty fragment that is not the last brings nothing at all. */
const mostEmpty = 64;
const firstCommandBytes = 512;

export interface MessageSink {
  /** A whole command; when `datasetOf(command)` says so, `dataset` is called until its last fragment. */
  command(contextId: number, command: DimseCommand): Wait;
  /** Dataset bytes as received, a view valid during the call only. */
  dataset(position: FragmentPosition, bytes: Buffer): Wait;
}

export class MessageReader {
  readonly #sink: MessageSink;
  #expected: FragmentKind = 'command';
  /** Of the message under way; 0 between messages. */
  #contextId = 0;
  #command = Buffer.alloc(0);
  #commandBytes = 0;
  #fragments = 0;
  #empty = 0;
  #messageBytes = 0;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** A command or its dataset has begun and is not whole. */
  get midMessage(): boolean {
    return this.#contextId !== 0;
  }

  /**
   * Throws ProtocolError for fragments out of order, mixed contexts, a command that is too long or malformed, and
   * FloodError for a message in pieces so small that they are an attack.
   */
  fragment(contextId: number, kind: FragmentKind, position: FragmentPosition, bytes: Buffer): Wait {
    if (kind !== this.#expected)
      throw new ProtocolError('unexpected-parameter', `${kind} fragment where a ${this.#expected} was due`);
    if (this.#contextId === 0) this.#contextId = contextId;
    else if (this.#contextId !== contextId)
      throw new ProtocolError('unexpected-parameter', 'fragments of one message on two contexts');
    this.#count(kind, bytes.length);
    if (kind === 'dataset') {
      if (position === 'last') this.#endMessage();
      return this.#sink.dataset(position, bytes);
    }
    return this.#commandFragment(contextId, position, bytes);
  }

  #commandFragment(contextId: number, position: FragmentPosition, bytes: Buffer): Wait {
    this.#commandBytes += bytes.length;
    if (this.#commandBytes > maxCommandBytes)
      throw new ProtocolError('invalid-parameter', 'command set longer than allowed');
    if (position === 'more') {
      this.#keep(bytes);
      return undefined;
    }
    const command = decodeCommand(this.#commandBytes === bytes.length ? bytes : this.#keep(bytes));
    this.#command = Buffer.alloc(0);
    this.#commandBytes = 0;
    if (datasetOf(command) === 'follows') this.#expected = 'dataset';
    else this.#endMessage();
    return this.#sink.command(contextId, command);
  }

  /** Puts the newest bytes of the command behind the others: one buffer, grown by doubling. Returns all of them. */
  #keep(bytes: Buffer): Buffer {
    if (this.#commandBytes > this.#command.length) {
      const size = Math.max(this.#commandBytes, this.#command.length * 2, firstCommandBytes);
      const grown = Buffer.alloc(Math.min(size, maxCommandBytes));
      this.#command.copy(grown);
      this.#command = grown;
    }
    bytes.copy(this.#command, this.#commandBytes - bytes.length);
    return this.#command.subarray(0, this.#commandBytes);
  }

  #count(kind: FragmentKind, bytes: number): void {
    this.#fragments += 1;
    this.#messageBytes += bytes;
    if (bytes === 0) this.#empty += 1;
    const beyond = this.#fragments - freeFragments[kind];
    if (this.#empty > mostEmpty || (beyond > 0 && beyond * leastMeanBytes > this.#messageBytes))
      throw new FloodError('invalid-parameter', 'message in too many, too small fragments');
  }

  #endMessage(): void {
    this.#expected = 'command';
    this.#contextId = 0;
    this.#fragments = 0;
    this.#empty = 0;
    this.#messageBytes = 0;
  }
}
