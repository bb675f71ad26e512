/** What every key store holds to, so that a secret that fits one fits all. */
import type { Secret } from './secret.ts';

/** Windows caps a credential at 2,560 bytes. */
export const maxKeyStoreEntryBytes = 2500;
const namePattern = /^[a-z0-9][a-z0-9.-]{0,99}$/;

/** Names are ours, never from outside: a wrong one is a mistake in the program. */
export function checkKeyStoreName(name: string): void {
  if (!namePattern.test(name)) throw new RangeError('not a key store name');
}

export function checkKeyStoreEntry(secret: Secret): void {
  if (secret.sizeBytes === 0 || secret.sizeBytes > maxKeyStoreEntryBytes) {
    throw new RangeError(`a key store entry has 1 to ${maxKeyStoreEntryBytes} bytes`);
  }
}
