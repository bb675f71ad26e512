/**
 * What intake, upload and restore see of sealing. The format is CMS AuthEnvelopedData (RFC 5083/5084), AES-256-GCM,
 * BER with 256 KiB segments: see docs/sealed-object.md.
 */
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';

/** Writes one sealed object in one pass. All methods are synchronous: ciphers are, and a promise per PDU costs. */
export interface Sealer {
  /** Everything before the first content byte. Write it first. */
  readonly head: Buffer;
  /**
   * Encrypts `plaintext` (copied or consumed before return) and appends what is ready to write to `out`.
   * May append nothing while a segment fills. Buffers in `out` stay valid until written.
   */
  update(plaintext: Uint8Array, out: Buffer[]): void;
  /** Appends the rest, the tag and the end to `out`. Call once. */
  finish(out: Buffer[]): void;
}

/** Who can open a new object. */
export interface SealerFactory {
  /** A fresh content key, nonce and ephemeral key each time. */
  create(): Sealer;
  /** SHA-256 fingerprint (hex) of the recovery certificate new objects are sealed to, or null before enrolment. */
  readonly recoveryFingerprint: string | null;
}

/**
 * Opens a sealed object as it streams by. Plaintext handed out before `end()` returned is unproven:
 * keep it under a temporary name, or only hash it.
 * Every method throws EdgeSyncError: object-format, object-tampered, object-truncated, object-no-recipient.
 */
export interface Opener {
  /** Feeds ciphertext; returns the plaintext that became available (may be empty). */
  push(chunk: Uint8Array): Buffer[];
  /** The object must be exactly at its end and the 16-byte tag must match. */
  end(): void;
}

export interface OpenerFactory {
  create(): Opener;
}

const copyCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'object-missing',
  'object-format',
  'object-tampered',
  'object-truncated',
  'object-no-recipient',
]);

/** Is this about one copy of an object (missing, damaged), and not about the way there or the disk here? */
export function isAboutTheCopy(error: unknown): error is EdgeSyncError {
  return error instanceof EdgeSyncError && copyCodes.has(error.code);
}
