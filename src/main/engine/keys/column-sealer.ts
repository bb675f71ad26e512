/** Single database columns under AES-256-GCM: 01 | nonce (12) | ciphertext | tag (16). */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ColumnSealer, Random } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import { lengthPrefixed } from './encoding.ts';

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** Random nonces under one key are good for 2^32 values (SP 800-38D 8.3); a clinic writes far fewer. */
export class SealedColumns implements ColumnSealer {
  readonly #columnKey: Secret;
  readonly #lookupKey: Secret;
  readonly #auditKey: Secret;
  readonly #random: Random;

  constructor(
    keys: { readonly column: Secret; readonly lookup: Secret; readonly audit: Secret },
    random: Random,
  ) {
    this.#columnKey = keys.column;
    this.#lookupKey = keys.lookup;
    this.#auditKey = keys.audit;
    this.#random = random;
  }

  seal(place: string, plaintext: string): Buffer {
    const nonce = this.#random.bytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#columnKey.asKey(), nonce, {
      authTagLength: tagBytes,
    });
    cipher.setAAD(Buffer.from(place, 'utf8'));
    const ciphertext = cipher.update(plaintext, 'utf8');
    cipher.final();
    return Buffer.concat([Buffer.of(version), nonce, ciphertext, cipher.getAuthTag()]);
  }

  open(place: string, sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version) throw tampered();
    const nonce = bytes.subarray(1, 1 + nonceBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#columnKey.asKey(), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(place, 'utf8'));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    const plaintext = decipher.update(bytes.subarray(1 + nonceBytes, bytes.length - tagBytes));
    try {
      decipher.final();
    } catch {
      throw tampered();
    }
    return plaintext.toString('utf8');
  }

  lookup(label: string, value: string): Buffer {
    return createHmac('sha256', this.#lookupKey.asKey())
      .update(lengthPrefixed(label))
      .update(value, 'utf8')
      .digest();
  }

  auditMac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#auditKey.asKey()).update(bytes).digest();
  }
}

function tampered(): EdgeSyncError {
  return new EdgeSyncError('object-tampered', 'a sealed value of the database does not verify');
}
