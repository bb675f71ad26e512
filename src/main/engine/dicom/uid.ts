/** Unique identifiers: PS3.5 section 9 and annex B. */
import type { Random } from '../ports.ts';

/** PS3.5 9.1: at most 64 characters. */
export const longestUid = 64;

/**
 * A fresh UID under 2.25: the decimal value of a random UUID (PS3.5 B.2, RFC 9562 5.4), 39 digits at most.
 */
export function newUid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`).toString()}`;
}

/** Digits in non-empty parts, at most 64 characters. Leading zeros are let pass: devices in the field send them. */
export function isWellFormedUid(uid: string): boolean {
  return uid.length <= longestUid && /^[0-9]+(\.[0-9]+)*$/.test(uid);
}

/**
 * A UID value without its padding (PS3.5 9.4: one NUL; spaces and several NULs occur). Bytes outside printable
 * ASCII stay what they are, so that the caller's check sees them.
 */
export function unpadUid(bytes: Uint8Array): string {
  let start = 0;
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end -= 1;
  while (start < end && bytes[start] === 0x20) start += 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/**
 * Whether a UID can serve as an identity at all: 1 to 64 printable ASCII characters without spaces. Weaker than
 * `isWellFormedUid` on purpose: an image is not lost because its device writes UIDs against the rules.
 */
export function isUsableUid(uid: string): boolean {
  return /^[\x21-\x7e]{1,64}$/.test(uid);
}
