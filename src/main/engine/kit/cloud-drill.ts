/** The drill on a real object: downloads one image of the cloud and opens it with the words' key alone. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { DrillCandidate } from '../queue/recovery-drill.ts';
import { readCopies } from '../restore/copies.ts';
import { openProven, type RestoreKeys } from '../restore/proven-object.ts';

export type CloudDrill =
  | { readonly tag: 'opened' }
  /** In no copy is it there and what it was: the archive has a hole. */
  | { readonly tag: 'damaged'; readonly error: EdgeSyncError }
  /** The cloud did not answer, or not in time: nothing is known of the object. */
  | { readonly tag: 'unreachable'; readonly error: EdgeSyncError };

/**
 * `keys.openers` must hold the words' key and nothing else; `keys.objectName` is the archive's. Proven are the tag, the
 * dataset's digest as this PC recorded it, and the object's name. Nothing is written anywhere.
 */
export async function drillCloudObject(
  store: CloudStore,
  candidate: DrillCandidate,
  keys: RestoreKeys,
  signal: AbortSignal,
): Promise<CloudDrill> {
  const { objectName, details, sealed } = candidate;
  try {
    const read = await readCopies(
      store,
      objectName,
      (copy) => openProven(copy.read(), { objectName, details, sealed }, keys),
      signal,
    );
    return read.tag === 'read' ? { tag: 'opened' } : { tag: 'damaged', error: read.error };
  } catch (error) {
    if (signal.aborted)
      return { tag: 'unreachable', error: new EdgeSyncError('cloud-unreachable', 'it took too long') };
    if (error instanceof EdgeSyncError && error.code !== 'internal') return { tag: 'unreachable', error };
    throw error;
  }
}
