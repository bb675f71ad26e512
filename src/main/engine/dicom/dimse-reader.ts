/** Puts PDV fragments together to messages (PS3.8 E.1): a command, gathered and bounded, then its dataset, streamed. */
import { type DimseCommand, datasetOf, decodeCommand, maxCommandBytes } from './dimse.ts';
import { type FragmentKind, type FragmentPosition, ProtocolError } from './pdu.ts';
import type { Wait } from './pdu-reader.ts';

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
  #command: Buffer[] = [];
  #commandBytes = 0;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** A command or its dataset has begun and is not whole. */
  get midMessage(): boolean {
    return this.#contextId !== 0;
  }

  /** Throws ProtocolError for fragments out of order, mixed contexts, a command that is too long or malformed. */
  fragment(contextId: number, kind: FragmentKind, position: FragmentPosition, bytes: Buffer): Wait {
    if (kind !== this.#expected)
      throw new ProtocolError('unexpected-parameter', `${kind} fragment where a ${this.#expected} was due`);
    if (this.#contextId === 0) this.#contextId = contextId;
    else if (this.#contextId !== contextId)
      throw new ProtocolError('unexpected-parameter', 'fragments of one message on two contexts');
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
      if (bytes.length > 0) this.#command.push(Buffer.from(bytes));
      return undefined;
    }
    const whole = this.#command.length === 0 ? bytes : Buffer.concat([...this.#command, bytes]);
    const command = decodeCommand(whole);
    this.#command = [];
    this.#commandBytes = 0;
    if (datasetOf(command) === 'follows') this.#expected = 'dataset';
    else this.#endMessage();
    return this.#sink.command(contextId, command);
  }

  #endMessage(): void {
    this.#expected = 'command';
    this.#contextId = 0;
  }
}
