/**
 * Finds PDUs in a byte stream without collecting them: P-DATA-TF is handed on fragment by fragment as views of the
 * chunks that came in; only association PDUs are gathered, and only as far as they have really arrived.
 */
import {
  type FragmentKind,
  type FragmentPosition,
  maxAssociatePduBytes,
  maxPduBytes,
  pduHeaderBytes,
  pduType,
  pdvHeaderBytes,
  ProtocolError,
} from './pdu.ts';

/** What to do with a PDU after its header: hand on its fragments, gather it whole, or read past it. */
export type PduTreatment = 'stream' | 'gather' | 'skip';

/** A promise asks to wait before more is handed over. */
export type Wait = Promise<void> | undefined;

export interface PduSink {
  /** Before any byte of the PDU's body. Its type and length have passed `checkPduHeader`. */
  pduBegins(type: number): PduTreatment;
  /** A gathered PDU is whole; `body` is what follows the header and belongs to the receiver. */
  pdu(type: number, body: Buffer): Wait;
  /**
   * Bytes of one PDV, a view that is valid during the call only. `position` is 'last' with the last bytes of the last
   * fragment of a command or dataset.
   */
  fragment(contextId: number, kind: FragmentKind, position: FragmentPosition, bytes: Buffer): Wait;
}

/** Throws ProtocolError for a type that does not exist or a length that type cannot have: before a byte is buffered. */
export function checkPduHeader(type: number, bodyBytes: number): void {
  switch (type) {
    case pduType.associateRq:
    case pduType.associateAc:
      if (bodyBytes > maxAssociatePduBytes) throw tooLong();
      return;
    case pduType.pData:
      if (bodyBytes > maxPduBytes) throw tooLong();
      if (bodyBytes < pdvHeaderBytes) throw new ProtocolError('invalid-parameter', 'P-DATA-TF without a PDV');
      return;
    case pduType.associateRj:
    case pduType.releaseRq:
    case pduType.releaseRp:
    case pduType.abort:
      if (bodyBytes !== 4) throw new ProtocolError('invalid-parameter', 'PDU of a wrong length');
      return;
    default:
      // Worth telling apart in the log: a device set to TLS, on the plain port.
      throw new ProtocolError(
        'unrecognized-pdu',
        type === tlsHandshake ? 'TLS where plain DICOM is spoken' : 'PDU of an unknown type',
      );
  }
}

/** First byte of a TLS ClientHello's record (RFC 8446 5.1). */
const tlsHandshake = 0x16;

function tooLong(): ProtocolError {
  return new ProtocolError('invalid-parameter', 'PDU longer than allowed');
}

type Phase =
  | 'pdu-header'
  | 'gather'
  | 'skip'
  | 'pdv-header'
  | 'pdv'
  /** The peer's framing is broken or of no more interest: everything is dropped. */
  | 'discard';

const firstGatherBytes = 512;

export class PduReader {
  readonly #sink: PduSink;
  readonly #header = Buffer.alloc(Math.max(pduHeaderBytes, pdvHeaderBytes));
  #headerBytes = 0;
  #phase: Phase = 'pdu-header';
  #type = 0;
  /** Of the PDU's body, not yet read. */
  #pduLeft = 0;
  #pdvLeft = 0;
  #contextId = 0;
  #kind: FragmentKind = 'command';
  #position: FragmentPosition = 'more';
  #gathered = Buffer.alloc(0);
  #gatheredBytes = 0;

  constructor(sink: PduSink) {
    this.#sink = sink;
  }

  /** False only between two PDUs. */
  get midPdu(): boolean {
    return this.#phase !== 'pdu-header' || this.#headerBytes > 0;
  }

  /** From here on everything is dropped. */
  discard(): void {
    this.#phase = 'discard';
    this.#gathered = Buffer.alloc(0);
  }

  /**
   * Feeds a chunk. Throws ProtocolError, or whatever the sink throws. When a promise is returned, nothing more may be
   * fed until it resolves; the rest of this chunk is delivered by then (or the promise rejects likewise).
   */
  push(chunk: Buffer): Wait {
    let at = 0;
    while (at < chunk.length) {
      let wait: Wait;
      switch (this.#phase) {
        case 'pdu-header':
          at = this.#fillHeader(chunk, at, pduHeaderBytes);
          if (this.#headerBytes === pduHeaderBytes) wait = this.#beginPdu();
          break;
        case 'pdv-header':
          at = this.#fillHeader(chunk, at, pdvHeaderBytes);
          if (this.#headerBytes === pdvHeaderBytes) wait = this.#beginPdv();
          break;
        case 'pdv': {
          const end = Math.min(chunk.length, at + this.#pdvLeft);
          const bytes = chunk.subarray(at, end);
          this.#pdvLeft -= end - at;
          at = end;
          wait = this.#deliver(bytes);
          break;
        }
        case 'gather': {
          const end = Math.min(chunk.length, at + this.#pduLeft);
          this.#gather(chunk, at, end);
          at = end;
          if (this.#pduLeft === 0) wait = this.#endGather();
          break;
        }
        case 'skip': {
          const end = Math.min(chunk.length, at + this.#pduLeft);
          this.#pduLeft -= end - at;
          at = end;
          if (this.#pduLeft === 0) this.#phase = 'pdu-header';
          break;
        }
        case 'discard':
          return undefined;
      }
      if (wait !== undefined) {
        const rest = chunk.subarray(at);
        return rest.length === 0 ? wait : wait.then(() => this.push(rest));
      }
    }
    return undefined;
  }

  #fillHeader(chunk: Buffer, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + wanted - this.#headerBytes);
    chunk.copy(this.#header, this.#headerBytes, at, end);
    this.#headerBytes += end - at;
    return end;
  }

  #beginPdu(): Wait {
    this.#headerBytes = 0;
    this.#type = this.#header.readUInt8(0);
    this.#pduLeft = this.#header.readUInt32BE(2);
    checkPduHeader(this.#type, this.#pduLeft);
    // Set first: the sink may say `discard` in the call.
    this.#phase = 'skip';
    const treatment = this.#sink.pduBegins(this.#type);
    if (this.#discarding) return undefined;
    switch (treatment) {
      case 'stream':
        this.#phase = 'pdv-header';
        return undefined;
      case 'gather':
        this.#phase = 'gather';
        this.#gatheredBytes = 0;
        return this.#pduLeft === 0 ? this.#endGather() : undefined;
      case 'skip':
        if (this.#pduLeft === 0) this.#phase = 'pdu-header';
        return undefined;
    }
  }

  #beginPdv(): Wait {
    this.#headerBytes = 0;
    const length = this.#header.readUInt32BE(0);
    // The length counts the context id and the message control header, not itself.
    if (length < 2 || length > this.#pduLeft - 4)
      throw new ProtocolError('invalid-parameter', 'PDV length does not fit its PDU');
    const control = this.#header.readUInt8(5);
    this.#contextId = this.#header.readUInt8(4);
    this.#kind = (control & 1) === 1 ? 'command' : 'dataset';
    this.#position = (control & 2) === 2 ? 'last' : 'more';
    this.#pdvLeft = length - 2;
    this.#pduLeft -= 4 + length;
    if (this.#pduLeft > 0 && this.#pduLeft < pdvHeaderBytes)
      throw new ProtocolError('invalid-parameter', 'PDU with bytes left over behind its last PDV');
    if (this.#pdvLeft > 0) {
      this.#phase = 'pdv';
      return undefined;
    }
    return this.#deliver(this.#header.subarray(0, 0));
  }

  #deliver(bytes: Buffer): Wait {
    const isEnd = this.#pdvLeft === 0;
    if (isEnd) this.#phase = this.#pduLeft === 0 ? 'pdu-header' : 'pdv-header';
    return this.#sink.fragment(this.#contextId, this.#kind, isEnd ? this.#position : 'more', bytes);
  }

  /** Grows by doubling: neither the declared length nor many tiny chunks cost memory that was not earned. */
  #gather(chunk: Buffer, at: number, end: number): void {
    const needed = this.#gatheredBytes + end - at;
    if (needed > this.#gathered.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#gathered.length * 2, firstGatherBytes));
      this.#gathered.copy(grown, 0, 0, this.#gatheredBytes);
      this.#gathered = grown;
    }
    chunk.copy(this.#gathered, this.#gatheredBytes, at, end);
    this.#gatheredBytes = needed;
    this.#pduLeft -= end - at;
  }

  #endGather(): Wait {
    const body = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gathered = Buffer.alloc(0);
    this.#phase = 'pdu-header';
    return this.#sink.pdu(this.#type, body);
  }

  get #discarding(): boolean {
    return this.#phase === 'discard';
  }
}
