/**
 * Opens one sealed object (docs/sealed-object.md) that has exactly one recipient, a KEK. Only what the share's writer
 * writes is accepted: indefinite lengths, the algorithms spelt out, segments, a 16-byte tag, the exact end. Nothing is
 * allocated by a length that was read, and no plaintext exists before the tag has verified.
 */
import { ViewerProblem } from './problem.ts';
import { webCrypto } from './share-key.ts';

/** Everything around the content of an object with one KEK recipient, but for the segments' headers. */
export const frameBytes = 512;
/** Tag and length of a segment of up to 256 KiB. */
const segmentHeaderBytes = 5;
const segmentBytes = 256 * 1024;

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const start = hex('3080 060b 2a864886f70d0109100117 a080 3080 020100');
const kekVersion = hex('020104');
const aes256Wrap = hex('300b 0609 60864801650304012d');
const contentInfo = hex('3080 0609 2a864886f70d010701 301e 0609 60864801650304012e 3011 040c');
const afterNonce = hex('020110 a080');
const beforeTag = hex('0000 0000 0410');
const afterTag = hex('0000 0000 0000');

const nonceBytes = 12;
const tagBytes = 16;
const wrappedKeyBytes = 40;
const keyIdBytes = 16;

/** The largest object that may hold `contentBytes` of content: more is not downloaded. */
export function largestSealedBytes(contentBytes: number): number {
  return contentBytes + Math.ceil(contentBytes / segmentBytes) * segmentHeaderBytes + frameBytes;
}

export interface SealedParts {
  /** The recipient's key identifier: the share's id as 32 hex digits. */
  readonly keyId: string;
  readonly wrappedKey: Uint8Array<ArrayBuffer>;
  readonly nonce: Uint8Array<ArrayBuffer>;
  /** Ciphertext and behind it the tag, as WebCrypto takes them. A view into the bytes given. */
  readonly ciphertextAndTag: Uint8Array<ArrayBuffer>;
}

/**
 * Takes an object apart. The ciphertext's pieces are moved together inside `sealed`, which is used up by that.
 * @throws ViewerProblem damaged at the first byte outside the profile.
 */
export function takeApart(sealed: Uint8Array<ArrayBuffer>): SealedParts {
  const reader = new Reader(sealed);
  reader.literal(start);
  const infos = reader.value(0x31, 256);
  const { keyId, wrappedKey } = readRecipient(infos);
  reader.literal(contentInfo);
  const nonce = reader.take(nonceBytes).slice();
  reader.literal(afterNonce);
  const from = reader.position;
  let to = from;
  while (reader.peek() !== 0) {
    const segment = reader.value(0x04, sealed.length);
    if (segment.length === 0) throw damaged('an empty segment');
    sealed.copyWithin(to, segment.byteOffset - sealed.byteOffset, reader.position);
    to += segment.length;
  }
  reader.literal(beforeTag);
  const tag = reader.take(tagBytes);
  reader.literal(afterTag);
  if (reader.position !== sealed.length) throw damaged('bytes behind the end');
  sealed.set(tag.slice(), to);
  return { keyId, wrappedKey, nonce, ciphertextAndTag: sealed.subarray(from, to + tagBytes) };
}

function readRecipient(infos: Uint8Array<ArrayBuffer>): Pick<SealedParts, 'keyId' | 'wrappedKey'> {
  const set = new Reader(infos);
  const info = new Reader(set.value(0xa2, 256));
  if (set.position !== infos.length) throw damaged('more than one recipient');
  info.literal(kekVersion);
  const kekId = new Reader(info.value(0x30, 128));
  const keyId = kekId.value(0x04, keyIdBytes);
  if (keyId.length !== keyIdBytes || !kekId.atEnd) throw damaged('key identifier');
  info.literal(aes256Wrap);
  const wrappedKey = info.value(0x04, wrappedKeyBytes);
  if (wrappedKey.length !== wrappedKeyBytes || !info.atEnd) throw damaged('wrapped key');
  return { keyId: toHex(keyId), wrappedKey: wrappedKey.slice() };
}

/**
 * The content of an object, whole and proven by its tag.
 * @throws ViewerProblem damaged; other-share when its key identifier is not `shareId`; key-wrong when the KEK does not
 * unwrap the content key.
 */
export async function openSealed(
  sealed: Uint8Array<ArrayBuffer>,
  kek: CryptoKey,
  shareId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = takeApart(sealed);
  if (parts.keyId !== shareId) throw new ViewerProblem('other-share', 'key identifier');
  const subtle = webCrypto();
  const contentKey = await subtle
    .unwrapKey('raw', parts.wrappedKey, kek, 'AES-KW', { name: 'AES-GCM', length: 256 }, false, ['decrypt'])
    .catch(() => {
      throw new ViewerProblem('key-wrong', 'the content key does not unwrap');
    });
  try {
    return new Uint8Array(
      await subtle.decrypt(
        { name: 'AES-GCM', iv: parts.nonce, tagLength: tagBytes * 8 },
        contentKey,
        parts.ciphertextAndTag,
      ),
    );
  } catch {
    throw damaged('the tag does not verify');
  }
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function damaged(detail: string): ViewerProblem {
  return new ViewerProblem('damaged', detail);
}

/** Reads forward; every length is checked against the bytes that are there. */
class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  position = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.position === this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.position];
    if (byte === undefined) throw damaged('it ends early');
    return byte;
  }

  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > this.#bytes.length - this.position) throw damaged('it ends early');
    this.position += size;
    return this.#bytes.subarray(this.position - size, this.position);
  }

  literal(expected: Uint8Array): void {
    const found = this.take(expected.length);
    if (!expected.every((byte, at) => found[at] === byte)) throw damaged('not the sealed format');
  }

  /** The content of a value with a minimal definite length of at most `maxBytes`, as a view. */
  value(tag: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    if (this.peek() !== tag) throw damaged('not the sealed format');
    this.position += 1;
    const length = this.#length();
    if (length > maxBytes) throw damaged('a length is too large');
    return this.take(length);
  }

  #length(): number {
    const first = this.take(1)[0] ?? 0;
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw damaged('length');
    const length = this.take(octets).reduce((sum, octet) => sum * 256 + octet, 0);
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw damaged('length');
    return length;
  }
}
