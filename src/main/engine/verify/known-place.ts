import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames } from '../cloud/cloud-store.ts';
import type { Queue } from '../queue/queue.ts';
import { sha256Of } from '../upload/manifest-writer.ts';
import { maxManifestBytes } from '../upload/manifest.ts';
import type { CheckTools } from './check-copy.ts';

/**
 * Is this the place where this PC stored its images? Another container behind the same name, or one set back, would make
 * every copy look missing: that is told as what it is, before a single copy is called bad.
 * @throws EdgeSyncError `manifest-broken`; cloud-*, cancelled.
 */
export async function requireKnownPlace(
  queue: Pick<Queue, 'manifestHead' | 'installationId'>,
  destination: string,
  { store, patiently, signal }: Pick<CheckTools, 'store' | 'patiently' | 'signal'>,
): Promise<void> {
  const head = queue.manifestHead(destination);
  if (head === undefined) return;
  const name = cloudNames.manifest(queue.installationId, head.sequence);
  const found = await patiently(async () => {
    try {
      return await sha256Of(store, name, maxManifestBytes, signal);
    } catch (error) {
      if (error instanceof EdgeSyncError && error.code === 'object-missing') return undefined;
      throw error;
    }
  });
  // A newer one was written meanwhile: then it is the place.
  if (found === head.sha256 || queue.manifestHead(destination)?.sequence !== head.sequence) return;
  const problem = found === undefined ? 'is not there any more' : 'is not the one this PC stored';
  throw new EdgeSyncError('manifest-broken', `list ${head.sequence} of this PC ${problem}`);
}
