/**
 * What the engine and its decoding process say to each other over a pipe: a length (4 bytes, big-endian) and JSON, then
 * a length and bytes. Lengths are checked before anything is kept.
 */
import { z } from 'zod';
import { imageFactsSchema, maxPictureBytes, pictureFactsSchema } from './preview.ts';

export type DecoderRequest =
  /** The bytes are the Part 10 file; the one opened before is closed. */
  | { readonly tag: 'open'; readonly id: number }
  | {
      readonly tag: 'picture';
      readonly id: number;
      /** Counts from 0. */
      readonly frame: number;
      /** values: grey as stored; shown: as the file asks to be shown, in three bytes a pixel. */
      readonly look: 'values' | 'shown';
      readonly longestEdge: number;
    };

const id = z.int().min(1);

/** What the decoder found, in its own words; the engine gives them its codes. */
export const decoderProblems = [
  'not-dicom',
  'no-pixels',
  'pixels-too-large',
  'pixels-damaged',
  'pixels-unsupported',
  'syntax-unsupported',
] as const;
export type DecoderProblem = (typeof decoderProblems)[number];

export const decoderAnswerSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('opened'), id, image: imageFactsSchema }),
  /** The bytes are the pixels. */
  z.strictObject({ tag: z.literal('picture'), id, facts: pictureFactsSchema }),
  z.strictObject({ tag: z.literal('failed'), id, problem: z.enum(decoderProblems) }),
]);
export type DecoderAnswer = z.infer<typeof decoderAnswerSchema>;

export interface WireMessage {
  readonly head: unknown;
  readonly bytes: Uint8Array;
}

/** Two lookup tables in base64 and a little more. */
const maxHeadBytes = 512 * 1024;
/** A file that is previewed; the largest images of one frame are far below. */
export const maxPreviewFileBytes = 256 * 1024 * 1024;

export const wireLimits = {
  toDecoder: { headBytes: maxHeadBytes, bytes: maxPreviewFileBytes },
  fromDecoder: { headBytes: maxHeadBytes, bytes: maxPictureBytes },
} as const;

/** One message as the pieces to write, in order. */
export function wirePieces(head: unknown, bytes: readonly Uint8Array[] = []): readonly Uint8Array[] {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const size = bytes.reduce((sum, { length }) => sum + length, 0);
  return [uint32(json.length), json, uint32(size), ...bytes];
}

function uint32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** Puts messages together from whatever chunks a pipe delivers. `push` throws RangeError, SyntaxError on a broken one. */
export class WireReader {
  readonly #limits: { readonly headBytes: number; readonly bytes: number };
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #head: { readonly value: unknown; readonly bytes: number } | undefined;

  constructor(limits: { readonly headBytes: number; readonly bytes: number }) {
    this.#limits = limits;
  }

  /** The messages that are whole now. */
  push(chunk: Uint8Array): readonly WireMessage[] {
    // A Node Buffer's own `slice` is no copy, which decoders count on.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    this.#held += chunk.length;
    const messages: WireMessage[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    return messages;
  }

  #next(): WireMessage | undefined {
    if (this.#head === undefined) {
      const json = this.#length(0);
      if (json === undefined) return undefined;
      if (json > this.#limits.headBytes) throw new RangeError('head');
      const bytes = this.#length(4 + json);
      if (bytes === undefined) return undefined;
      if (bytes > this.#limits.bytes) throw new RangeError('bytes');
      const text = new TextDecoder('utf-8', { fatal: true }).decode(
        this.#take(8 + json).subarray(4, 4 + json),
      );
      this.#head = { value: JSON.parse(text) as unknown, bytes };
    }
    const { value, bytes } = this.#head;
    if (this.#held < bytes) return undefined;
    this.#head = undefined;
    return { head: value, bytes: this.#take(bytes) };
  }

  /** The 4 bytes at `at`, if they have come. */
  #length(at: number): number | undefined {
    if (this.#held < at + 4) return undefined;
    const start = this.#peek(at + 4);
    return new DataView(start.buffer, start.byteOffset).getUint32(at);
  }

  #peek(size: number): Uint8Array {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= size) return first;
    const joined = this.#join(size);
    this.#chunks.unshift(joined);
    return joined;
  }

  #take(size: number): Uint8Array {
    const joined = this.#join(size);
    this.#held -= size;
    if (joined.length > size) this.#chunks.unshift(joined.subarray(size));
    return joined.subarray(0, size);
  }

  /** Takes chunks off until they have `size` bytes together; copied only where there are several. */
  #join(size: number): Uint8Array {
    const taken: Uint8Array[] = [];
    let have = 0;
    while (have < size) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) break;
      taken.push(chunk);
      have += chunk.length;
    }
    const [only] = taken;
    if (taken.length === 1 && only !== undefined) return only;
    const joined = new Uint8Array(have);
    let at = 0;
    for (const chunk of taken) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }
}
