/** The project's own vectors in test/vectors/cms, and the (public, worthless) keys they were made with. */
import { resolve } from 'node:path';

export const vectorFolder = resolve(import.meta.dirname, '../vectors/cms');

/** 00 01 02 ... 1f. */
export const vectorArchiveKey = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
/** BIP-39's words for 32 zero bytes. */
export const vectorWords: readonly string[] = [...Array.from({ length: 23 }, () => 'abandon'), 'art'];
export const vectorContentKey = Buffer.from(Array.from({ length: 32 }, (_, i) => 0x80 + i));
export const vectorNonce = Buffer.from('cafebabefacedbaddecaf888', 'hex');
export const vectorEphemeralScalar = Buffer.alloc(32, 0x5a);

export interface CmsVector {
  readonly file: string;
  readonly note: string;
  /** SHA-256 of the content, hex. */
  readonly contentSha256: string;
  /** `ok`, or the code of the error. */
  readonly byKek: string;
  readonly byRecovery: string;
}
