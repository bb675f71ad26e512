/** Opens sealed objects as they stream by; accepts the closed profile of docs/sealed-object.md and nothing else. */
import { createDecipheriv, createSecretKey, type DecipherGCM } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { DerReader, formatError, MoreBytesNeeded, type End } from './der.ts';
import { findContentKey, parseHead, type EnvelopeHead } from './envelope-head.ts';
import { endOfContents, maxContentBytes, tagBytes, tags } from './profile.ts';
import type { OpeningKeys } from './recipients.ts';
import type { Opener, OpenerFactory } from './seal-port.ts';

/** Pieces below this are gathered, so that an object cut into 1-byte segments costs copying, not cipher calls. */
const directBytes = 16 * 1024;
const stagingBytes = 64 * 1024;
/** While the head is incomplete it is gathered in steps of this. */
const headStepBytes = 4096;
/** Tag, length-of-length and 6 octets: the longest header der.ts reads. */
const longestHeaderBytes = 8;

type State =
  | { readonly tag: 'head' }
  | { readonly tag: 'segment-header'; readonly end: End }
  /** `end`: of the surrounding segments, or undefined when the content is one piece. */
  | { readonly tag: 'content'; remainingBytes: number; readonly end: End | undefined }
  | { readonly tag: 'tail'; readonly tail: Tail; filled: number }
  | { readonly tag: 'done' }
  | { readonly tag: 'failed'; readonly error: unknown };

/** All that may follow the content is known beforehand, but for the tag. */
interface Tail {
  readonly expected: Buffer;
  readonly gcmTagAt: number;
}

export class EnvelopeReader implements Opener {
  readonly #keys: OpeningKeys;
  #state: State = { tag: 'head' };
  /** Bytes of an incomplete head or segment header. */
  #pending: Buffer = Buffer.alloc(0);
  #pendingNeeds = 0;
  #decipher: DecipherGCM | undefined;
  #ends: EnvelopeHead['ends'] | undefined;
  /** Bytes consumed so far. */
  #offset = 0;
  #contentBytes = 0;
  readonly #gcmTag = Buffer.alloc(tagBytes);
  #staging: Buffer | undefined;
  #staged = 0;

  constructor(keys: OpeningKeys) {
    this.#keys = keys;
  }

  push(chunk: Uint8Array): Buffer[] {
    const out: Buffer[] = [];
    this.#guarded(() => {
      this.#consume(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), out);
      this.#flushStaging(out);
    });
    return out;
  }

  end(): void {
    this.#guarded(() => {
      if (this.#state.tag !== 'done' || this.#decipher === undefined) {
        throw new EdgeSyncError('object-truncated');
      }
      this.#decipher.setAuthTag(this.#gcmTag);
      try {
        this.#decipher.final();
      } catch {
        throw new EdgeSyncError('object-tampered', 'the tag does not verify');
      }
      this.#decipher = undefined;
    });
  }

  /** After the first error every call repeats it: nothing comes out of a refused object. */
  #guarded(action: () => void): void {
    if (this.#state.tag === 'failed') throw this.#state.error;
    try {
      action();
    } catch (error) {
      this.#state = { tag: 'failed', error };
      this.#decipher = undefined;
      throw error;
    }
  }

  #consume(chunk: Buffer, out: Buffer[]): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#step(rest, out);
  }

  /** Consumes the front of `chunk` and returns what is left of it. */
  #step(chunk: Buffer, out: Buffer[]): Buffer {
    const state = this.#state;
    switch (state.tag) {
      case 'head':
        return this.#readHead(chunk);
      case 'segment-header':
        return this.#readSegmentHeader(chunk, state.end);
      case 'content':
        return this.#readContent(chunk, state, out);
      case 'tail':
        return this.#readTail(chunk, state);
      case 'done':
        throw new EdgeSyncError('object-tampered', 'bytes follow the end of the object');
      case 'failed':
        throw state.error;
      default:
        return assertNever(state);
    }
  }

  #readHead(chunk: Buffer): Buffer {
    const parsedDirectly = this.#pending.length === 0;
    const taken = parsedDirectly ? chunk : chunk.subarray(0, headStepBytes);
    const bytes = parsedDirectly ? chunk : Buffer.concat([this.#pending, taken]);
    const after = chunk.subarray(taken.length);
    if (bytes.length < this.#pendingNeeds) {
      this.#pending = bytes;
      return after;
    }
    const parsed = parseHead(bytes);
    if (parsed.tag === 'incomplete') {
      this.#pending = Buffer.from(bytes);
      this.#pendingNeeds = parsed.atLeastBytes;
      return after;
    }
    this.#pending = Buffer.alloc(0);
    this.#begin(parsed.head);
    // What of the taken bytes is content comes back in front of the rest; `taken` is small unless it is the chunk.
    return chunk.subarray(taken.length - (bytes.length - parsed.head.sizeBytes));
  }

  #begin(head: EnvelopeHead): void {
    const contentKey = findContentKey(head.recipients, this.#keys);
    // A key object: see Secret.asKey.
    this.#decipher = createDecipheriv('aes-256-gcm', createSecretKey(contentKey), head.nonce, {
      authTagLength: tagBytes,
    });
    contentKey.fill(0);
    this.#offset = head.sizeBytes;
    this.#ends = head.ends;
    if (head.content.tag === 'segments') this.#nextSegment(head.content.end);
    else this.#nextContent(head.content.sizeBytes, undefined);
  }

  #nextSegment(end: End): void {
    if (end === this.#offset) this.#beginTail();
    else this.#state = { tag: 'segment-header', end };
  }

  #nextContent(sizeBytes: number, end: End | undefined): void {
    this.#contentBytes += sizeBytes;
    if (this.#contentBytes > maxContentBytes) throw formatError('the content is too long');
    if (end !== undefined && end !== 'indefinite' && this.#offset + sizeBytes > end) {
      throw formatError('a segment reaches past the content');
    }
    if (sizeBytes === 0) this.#beginTail();
    else this.#state = { tag: 'content', remainingBytes: sizeBytes, end };
  }

  #readSegmentHeader(chunk: Buffer, end: End): Buffer {
    const before = this.#pending.length;
    const bytes =
      before === 0 ? chunk : Buffer.concat([this.#pending, chunk.subarray(0, longestHeaderBytes - before)]);
    const header = readSegmentHeader(bytes, end);
    if (header.tag === 'incomplete') {
      this.#pending = Buffer.from(bytes);
      return chunk.subarray(bytes.length - before);
    }
    this.#pending = Buffer.alloc(0);
    this.#offset += header.headerBytes;
    if (header.tag === 'end') this.#beginTail();
    else this.#nextContent(header.sizeBytes, end);
    return chunk.subarray(header.headerBytes - before);
  }

  #readContent(chunk: Buffer, state: State & { readonly tag: 'content' }, out: Buffer[]): Buffer {
    const piece = chunk.length <= state.remainingBytes ? chunk : chunk.subarray(0, state.remainingBytes);
    this.#decrypt(piece, out);
    this.#offset += piece.length;
    state.remainingBytes -= piece.length;
    if (state.remainingBytes === 0) {
      if (state.end === undefined) this.#beginTail();
      else this.#nextSegment(state.end);
    }
    return chunk.subarray(piece.length);
  }

  #decrypt(piece: Buffer, out: Buffer[]): void {
    if (piece.length >= directBytes) {
      this.#flushStaging(out);
      out.push(this.#cipher().update(piece));
      return;
    }
    const staging = (this.#staging ??= Buffer.allocUnsafeSlow(stagingBytes));
    if (this.#staged + piece.length > staging.length) this.#flushStaging(out);
    staging.set(piece, this.#staged);
    this.#staged += piece.length;
  }

  #flushStaging(out: Buffer[]): void {
    if (this.#staged === 0 || this.#staging === undefined) return;
    out.push(this.#cipher().update(this.#staging.subarray(0, this.#staged)));
    this.#staged = 0;
  }

  #cipher(): DecipherGCM {
    if (this.#decipher === undefined) throw new Error('no content key yet');
    return this.#decipher;
  }

  /** The content is over: definite lengths must agree with where we are, indefinite ones must be closed. */
  #beginTail(): void {
    if (this.#ends === undefined) throw new Error('no head yet');
    const { contentInfo, explicit, authEnvelopedData, encryptedContentInfo } = this.#ends;
    const parts: Buffer[] = [];
    let at = this.#offset;
    const close = (end: End): void => {
      if (end === 'indefinite') {
        parts.push(endOfContents);
        at += endOfContents.length;
      } else if (end !== at) {
        throw formatError('lengths do not agree');
      }
    };
    close(encryptedContentInfo);
    parts.push(macHeader);
    const gcmTagAt = at + macHeader.length - this.#offset;
    parts.push(this.#gcmTag);
    at += macHeader.length + tagBytes;
    close(authEnvelopedData);
    close(explicit);
    close(contentInfo);
    this.#state = { tag: 'tail', tail: { expected: Buffer.concat(parts), gcmTagAt }, filled: 0 };
  }

  #readTail(chunk: Buffer, state: State & { readonly tag: 'tail' }): Buffer {
    const { expected, gcmTagAt } = state.tail;
    const count = Math.min(chunk.length, expected.length - state.filled);
    for (let i = 0; i < count; i += 1) {
      const at = state.filled + i;
      const byte = chunk[i] ?? 0;
      if (at >= gcmTagAt && at < gcmTagAt + tagBytes) this.#gcmTag[at - gcmTagAt] = byte;
      else if (byte !== expected[at]) throw formatError('the end of the object');
    }
    state.filled += count;
    if (state.filled === expected.length) this.#state = { tag: 'done' };
    return chunk.subarray(count);
  }
}

const macHeader = Buffer.of(tags.octetString, tagBytes);

type SegmentHeader =
  | { readonly tag: 'segment'; readonly headerBytes: number; readonly sizeBytes: number }
  | { readonly tag: 'end'; readonly headerBytes: number }
  | { readonly tag: 'incomplete' };

function readSegmentHeader(bytes: Buffer, end: End): SegmentHeader {
  try {
    const reader = new DerReader(bytes, 'growing');
    if (end === 'indefinite' && reader.peek() === 0) {
      reader.literal(endOfContents, 'end of content');
      return { tag: 'end', headerBytes: reader.position };
    }
    const to = reader.container(tags.octetString, 'segment');
    if (to === 'indefinite' || to === reader.position) throw formatError('segment');
    return { tag: 'segment', headerBytes: reader.position, sizeBytes: to - reader.position };
  } catch (error) {
    if (error instanceof MoreBytesNeeded) return { tag: 'incomplete' };
    throw error;
  }
}

export class EnvelopeReaders implements OpenerFactory {
  readonly #keys: OpeningKeys;

  constructor(keys: OpeningKeys) {
    this.#keys = keys;
  }

  create(): Opener {
    return new EnvelopeReader(this.#keys);
  }
}

/** Opens a small object whole. Nothing is returned unless the tag has verified. */
export function openWhole(factory: OpenerFactory, sealed: Uint8Array): Buffer {
  const opener = factory.create();
  const plaintext = Buffer.concat(opener.push(sealed));
  opener.end();
  return plaintext;
}
