/**
 * The little of DER and BER (X.690) that sealed objects and certificates need: definite and indefinite lengths,
 * single-byte tags. Nothing here recurses or allocates by a length that was read, so hostile input stays bounded.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';

/** Lengths above 2^47 are refused: far above any object, and exact as a JavaScript number. */
const longestLengthOctets = 6;

export type End = number | 'indefinite';

/** One tag-length-value with a minimal definite length. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([tlHeader(tag, size), ...parts]);
}

/** Tag and minimal definite length (X.690 10.1) of a value of `size` bytes. */
export function tlHeader(tag: number, size: number): Buffer {
  if (size < 0x80) return Buffer.of(tag, size);
  const octets: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.of(tag, 0x80 | octets.length, ...octets);
}

export function formatError(detail: string): EdgeSyncError {
  return new EdgeSyncError('object-format', detail);
}

/** The bytes end before the structure does; `atLeastBytes` from the start of the buffer are needed to go on. */
export class MoreBytesNeeded extends Error {
  readonly atLeastBytes: number;

  constructor(atLeastBytes: number) {
    super('more bytes are needed');
    this.atLeastBytes = atLeastBytes;
  }
}

/**
 * Reads forward through `bytes` from `position` to `end`.
 * `short`: what running out of bytes means. `growing`: the rest may still come (MoreBytesNeeded); `whole`: an error.
 */
export class DerReader {
  readonly bytes: Buffer;
  readonly end: number;
  readonly #short: 'growing' | 'whole';
  #position: number;

  constructor(bytes: Buffer, short: 'growing' | 'whole', position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#short = short;
    this.#position = position;
    this.end = end;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position === this.end;
  }

  /** The next byte without consuming it; undefined at the end of a whole structure. */
  peek(): number | undefined {
    if (this.atEnd && this.#short === 'whole') return undefined;
    this.#need(1);
    return this.bytes[this.#position];
  }

  /** Consumes exactly `expected`, or throws object-format at the first byte that differs. */
  literal(expected: Uint8Array, what: string): void {
    const have = Math.min(expected.length, this.end - this.#position);
    for (let i = 0; i < have; i += 1) {
      if (this.bytes[this.#position + i] !== expected[i]) throw formatError(what);
    }
    this.#need(expected.length);
    this.#position += expected.length;
  }

  /** `size` raw bytes (a view, not a copy). */
  take(size: number): Buffer {
    this.#need(size);
    const start = this.#position;
    this.#position += size;
    return this.bytes.subarray(start, this.#position);
  }

  /** Enters a constructed value; its end, or that it is of indefinite length. Does not need its bytes yet. */
  container(tag: number, what: string): End {
    const length = this.#header(tag, what);
    return length === 'indefinite' ? length : this.#position + length;
  }

  /** The content of a definite value of at most `maxBytes`, as a view. */
  value(tag: number, maxBytes: number, what: string): Buffer {
    const length = this.#header(tag, what);
    if (length === 'indefinite' || length > maxBytes) throw formatError(what);
    return this.take(length);
  }

  /** A reader of the content of a definite value of at most `maxBytes`. */
  enter(tag: number, maxBytes: number, what: string): DerReader {
    const content = this.value(tag, maxBytes, what);
    return new DerReader(this.bytes, 'whole', this.#position - content.length, this.#position);
  }

  /** The next definite value whole, tag and length included, of at most `maxBytes` of content. */
  raw(tag: number, maxBytes: number, what: string): Buffer {
    const start = this.#position;
    this.value(tag, maxBytes, what);
    return this.bytes.subarray(start, this.#position);
  }

  finish(what: string): void {
    if (!this.atEnd) throw formatError(what);
  }

  #header(tag: number, what: string): End {
    this.#need(1);
    if (this.bytes[this.#position] !== tag) throw formatError(what);
    this.#need(2);
    const first = this.bytes[this.#position + 1] ?? 0;
    if (first < 0x80) {
      this.#position += 2;
      return first;
    }
    if (first === 0x80) {
      this.#position += 2;
      return 'indefinite';
    }
    const octets = first & 0x7f;
    if (octets > longestLengthOctets) throw formatError(`${what}: length`);
    this.#need(2 + octets);
    const length = this.bytes.readUIntBE(this.#position + 2, octets);
    // Only the shortest form: one value has one spelling.
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw formatError(`${what}: length`);
    this.#position += 2 + octets;
    return length;
  }

  #need(size: number): void {
    if (size <= this.end - this.#position) return;
    if (this.#short === 'growing') throw new MoreBytesNeeded(this.#position + size);
    throw formatError('a length points outside its structure');
  }
}
