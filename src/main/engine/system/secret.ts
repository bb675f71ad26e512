import { createSecretKey, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * Bytes that must not be printed. Every usual way of turning a value into text gives `[redacted]`;
 * the bytes come out only by `reveal()`, which is easy to search for.
 */
export class Secret {
  readonly #bytes: Buffer;
  #key: KeyObject | undefined;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Copies `bytes`, so that the caller may wipe its own. */
  static from(bytes: Uint8Array): Secret {
    return new Secret(Buffer.from(bytes));
  }

  static fromText(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'));
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** The bytes themselves (not a copy): do not keep, log or send them. */
  reveal(): Buffer {
    return this.#bytes;
  }

  revealText(): string {
    return this.#bytes.toString('utf8');
  }

  /**
   * As ciphers and MACs take it; made once, for a key that is used for each image: given bytes, Node finds out by an error
   * that it throws and catches that they are no key object, at four times the cost of a short MAC.
   */
  asKey(): KeyObject {
    return (this.#key ??= createSecretKey(this.#bytes));
  }

  /** Overwrites the bytes; the secret is of no use afterwards. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#key = undefined;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
