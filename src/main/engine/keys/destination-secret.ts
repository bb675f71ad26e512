import { assertNever } from '../../../shared/assert-never.ts';
import type { KeyStore } from '../ports.ts';
import type { Secret } from '../system/secret.ts';

/** Where a destination's credential lies in the key store. */
export function destinationSecretName(destination: string): string {
  return `secret-${destination}`;
}

/**
 * A destination's credential: what came with the command (environment) wins over the key store. undefined when neither
 * has it; throws keychain-unavailable, passphrase-* when the key store cannot say.
 */
export async function destinationSecret(
  destination: string,
  given: ReadonlyMap<string, Secret>,
  keyStore: KeyStore,
): Promise<Secret | undefined> {
  const fromCommand = given.get(destination);
  if (fromCommand !== undefined) return fromCommand;
  const read = await keyStore.read(destinationSecretName(destination));
  switch (read.tag) {
    case 'present':
      return read.secret;
    case 'absent':
      return undefined;
    case 'unavailable':
      throw read.error;
    default:
      return assertNever(read);
  }
}
