import { assertNever } from '../../../shared/assert-never.ts';
import type {
  DestinationSettings,
  DicomwebDestinationSettings,
} from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, Random } from '../ports.ts';
import { SystemRandom } from '../system/random.ts';
import type { Secret } from '../system/secret.ts';
import { azureAccount, entraTokensThrough } from './azure-account.ts';
import { AzureStore } from './azure-store.ts';
import type { DatasetStore } from './dataset-store.ts';
import { DicomwebStore } from './dicomweb-store.ts';
import type { InspectableStore } from './privileges.ts';
import { FolderStore } from './folder-store.ts';
import type { KeepSignIn } from './entra-sign-in.ts';
import { direct, type Outgoing } from './outgoing.ts';
import { S3Store } from './s3-store.ts';

/**
 * The store of a configured archive, reached as `outgoing` says. `keep`: where a renewed sign-in of a person goes. Throws cloud-secret-missing,
 * cloud-secret-malformed, destination-not-archive.
 */
export function openStore(
  destination: DestinationSettings,
  secret: Secret | undefined,
  clock: Clock,
  outgoing: Outgoing = direct,
  keep?: KeepSignIn,
): InspectableStore {
  switch (destination.kind) {
    case 'azure': {
      const { container, prefix } = destination;
      if (destination.auth === 'device-code' && secret === undefined) {
        throw new EdgeSyncError('entra-sign-in-needed', destination.name);
      }
      const signIn = { outgoing, ...(keep === undefined ? {} : { keep }) };
      const tokens = entraTokensThrough(outgoing);
      const account = azureAccount(destination, needed(destination, secret), tokens, signIn);
      return new AzureStore({ account, container, prefix, clock, outgoing });
    }
    case 's3':
      return new S3Store({ settings: destination, credential: needed(destination, secret), clock, outgoing });
    case 'folder': {
      const { path, prefix } = destination;
      return new FolderStore({ path, prefix, clock, random: new SystemRandom() });
    }
    case 'dicomweb':
      throw new EdgeSyncError('destination-not-archive', destination.name);
    default:
      return assertNever(destination);
  }
}

/**
 * The place of a destination that must read the images. @throws EdgeSyncError cloud-secret-missing,
 * cloud-secret-malformed, pacs-certificate-file.
 */
export function openDatasetStore(
  settings: DicomwebDestinationSettings,
  secret: Secret | undefined,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  outgoing: Outgoing = direct,
): Promise<DatasetStore> {
  return DicomwebStore.open({ settings, secret, clock, random, outgoing });
}

function needed(destination: DestinationSettings, secret: Secret | undefined): Secret {
  if (secret === undefined) throw new EdgeSyncError('cloud-secret-missing', destination.name);
  return secret;
}
