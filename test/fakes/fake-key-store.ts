import type { EdgeSyncError } from '../../src/shared/errors.ts';
import type { KeyStore, KeyStoreRead } from '../../src/main/engine/ports.ts';
import { checkKeyStoreEntry, checkKeyStoreName } from '../../src/main/engine/system/key-store-limits.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';

/** Keeps its entries in memory; `refuse` makes it behave like a locked keychain. */
export class FakeKeyStore implements KeyStore {
  readonly kind = 'keychain';
  readonly #entries = new Map<string, Buffer>();
  #refusal: EdgeSyncError | undefined;

  /** From now on every call fails with this error; undefined makes it work again. */
  refuse(error: EdgeSyncError | undefined): void {
    this.#refusal = error;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  read(name: string): Promise<KeyStoreRead> {
    checkKeyStoreName(name);
    if (this.#refusal !== undefined) return Promise.resolve({ tag: 'unavailable', error: this.#refusal });
    const bytes = this.#entries.get(name);
    return Promise.resolve(
      bytes === undefined ? { tag: 'absent' } : { tag: 'present', secret: Secret.from(bytes) },
    );
  }

  write(name: string, secret: Secret): Promise<void> {
    checkKeyStoreName(name);
    checkKeyStoreEntry(secret);
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    this.#entries.set(name, Buffer.from(secret.reveal()));
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    checkKeyStoreName(name);
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    this.#entries.delete(name);
    return Promise.resolve();
  }
}
