import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DestinationSettings } from '../../../shared/settings.ts';
import type { Clock } from '../ports.ts';
import type { Secret } from '../system/secret.ts';
import { AzureStore } from './azure-store.ts';
import type { CloudStore } from './cloud-store.ts';

/** The store of a configured destination. Throws cloud-secret-missing, cloud-secret-malformed. */
export function openStore(
  destination: DestinationSettings,
  secret: Secret | undefined,
  clock: Clock,
): CloudStore {
  if (secret === undefined) throw new EdgeSyncError('cloud-secret-missing', destination.name);
  const { container, prefix } = destination;
  return new AzureStore({ connectionString: secret, container, prefix, clock });
}
