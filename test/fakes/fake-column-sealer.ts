import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import type { ColumnSealer } from '../../src/main/engine/ports.ts';

/** Really sealed (so that canaries are found if a column is not), under a key of the test's own. */
export class FakeColumnSealer implements ColumnSealer {
  readonly #key: Buffer;

  constructor(key = Buffer.alloc(32, 7)) {
    this.#key = key;
  }

  seal(place: string, plaintext: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
  }

  open(place: string, sealed: Uint8Array): string {
    try {
      const bytes = Buffer.from(sealed);
      const options = { authTagLength: 16 };
      const cipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), options);
      cipher.setAAD(Buffer.from(place));
      cipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString('utf8');
    } catch (cause) {
      throw new EdgeSyncError('object-tampered', undefined, { cause });
    }
  }

  lookup(label: string, value: string): Buffer {
    return createHmac('sha256', this.#key).update(`${label}\0${value}`).digest();
  }

  auditMac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update('audit\0').update(bytes).digest();
  }
}
