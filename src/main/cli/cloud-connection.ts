import type { DestinationSettings } from '../../shared/settings.ts';
import { openStore } from '../engine/cloud/open-store.ts';
import { destinationSecret } from '../engine/keys/destination-secret.ts';
import { outgoingConnections } from '../engine/outgoing-connections.ts';
import type { Clock, KeyStore } from '../engine/ports.ts';
import { engineOptions } from './engine-options.ts';
import type { Installation } from './installation.ts';

/**
 * A connection of a command's own to a destination. The key store is opened only for what did not come with the command:
 * a new PC has none yet, nor a passphrase for one. Throws cloud-secret-*, keychain-unavailable, passphrase-*,
 * destination-not-archive.
 */
export async function connectToDestination(
  destination: DestinationSettings,
  installation: Installation,
  clock: Clock,
): Promise<ReturnType<typeof openStore>> {
  const keyStore = openedWhenAsked(() => engineOptions(installation, 'error').keyStore);
  const secret = await destinationSecret(destination.name, installation.secrets, keyStore);
  return openStore(destination, secret, clock, await outgoingConnections({ ...installation, keyStore }));
}

function openedWhenAsked(open: () => KeyStore): KeyStore {
  let opened: KeyStore | undefined;
  const real = (): KeyStore => (opened ??= open());
  return {
    get kind() {
      return real().kind;
    },
    read: async (name) => real().read(name),
    write: async (name, secret) => real().write(name, secret),
    remove: async (name) => real().remove(name),
  };
}
