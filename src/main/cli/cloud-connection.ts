import type { DestinationSettings } from '../../shared/settings.ts';
import type { DicomwebDestinationSettings } from '../../shared/destination-settings.ts';
import type { DatasetStore } from '../engine/cloud/dataset-store.ts';
import { openDatasetStore, openStore } from '../engine/cloud/open-store.ts';
import { destinationSecret } from '../engine/keys/destination-secret.ts';
import { outgoingConnections } from '../engine/outgoing-connections.ts';
import type { Clock, KeyStore } from '../engine/ports.ts';
import { SystemRandom } from '../engine/system/random.ts';
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

/** As `connectToDestination`, to a place that must read the images. Throws pacs-certificate-file too. */
export async function connectToDataset(
  destination: DicomwebDestinationSettings,
  installation: Installation,
  clock: Clock,
): Promise<DatasetStore> {
  const keyStore = openedWhenAsked(() => engineOptions(installation, 'error').keyStore);
  const secret =
    destination.auth === 'none'
      ? undefined
      : await destinationSecret(destination.name, installation.secrets, keyStore);
  const outgoing = await outgoingConnections({ ...installation, keyStore });
  return openDatasetStore(destination, secret, { clock, random: new SystemRandom() }, outgoing);
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
