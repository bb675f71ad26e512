/** How the clouds are reached from here: one place that knows the proxy's settings and its credential. */
import { proxySecretName } from '../../shared/network-settings.ts';
import type { Settings } from '../../shared/settings.ts';
import { direct, outgoingFor, type Outgoing } from './cloud/outgoing.ts';
import { destinationSecret } from './keys/destination-secret.ts';
import type { KeyStore } from './ports.ts';
import type { Secret } from './system/secret.ts';

/** @throws EdgeSyncError as `destinationSecret` does; `cloud-secret-malformed` for the proxy's credential. */
export async function outgoingConnections(parts: {
  readonly settings: Settings;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly keyStore: KeyStore;
}): Promise<Outgoing> {
  const { settings, secrets, keyStore } = parts;
  if (settings.network.proxy.mode === 'none') return direct;
  return outgoingFor(settings.network, await destinationSecret(proxySecretName, secrets, keyStore));
}
