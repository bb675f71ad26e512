/** Sends one image to a place that must read it, and proves what is there afterwards. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DatasetStore } from '../cloud/dataset-store.ts';
import type { DatasetProof } from '../queue/dataset-proofs.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { isAboutTheCopy, type OpenerFactory } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';
import type { DatasetDigestFactory } from './dataset-digest.ts';
import { OpenedSource } from './opened-source.ts';
import { paced, type RateLimit } from './pacing-rate.ts';

/** The weakest proof that counts. */
export type WantedProof = DatasetProof['tag'];

export interface DatasetDeliveryDeps {
  readonly spool: Pick<Spool, 'read'>;
  readonly openers: OpenerFactory;
  readonly newDatasetDigest: DatasetDigestFactory;
  readonly rateLimits: readonly RateLimit[];
  readonly wantedProof: WantedProof;
}

/** What came of one attempt. What the place answered otherwise is thrown as EdgeSyncError. */
export type DatasetOutcome =
  | { readonly tag: 'proven'; readonly proof: DatasetProof }
  /** The copy on this PC is missing or damaged: no whole file was sent. */
  | { readonly tag: 'local-damage'; readonly error: EdgeSyncError };

/** Another program may write a longer File Meta Information than ours; the dataset is no longer by a byte. */
const metaSlackBytes = 64 * 1024;

/**
 * Looks first: what is there already is not sent again, and nothing is sent over something else with the same UID. Then
 * sends, and looks again: an answer alone proves nothing.
 * @throws EdgeSyncError pacs-copy-differs, pacs-copy-unproven, pacs-copy-missing; those of the store.
 */
export async function deliverDataset(
  job: UploadJob,
  store: DatasetStore,
  deps: DatasetDeliveryDeps,
  options: { readonly signal: AbortSignal; readonly onProgress: (sentBytes: number) => void },
): Promise<DatasetOutcome> {
  const { signal, onProgress } = options;
  const before = await look(job, store, deps, signal);
  if (before !== 'absent') {
    const proof = await proofOf(before, job, store, deps.wantedProof, signal);
    if (proof !== undefined) return { tag: 'proven', proof };
  }
  const slowed = paced(
    { sizeBytes: job.sizeBytes, read: () => deps.spool.read(job.spoolId) },
    deps.rateLimits,
    signal,
  );
  const source = new OpenedSource(
    { sizeBytes: job.sizeBytes, datasetSha256: job.details.datasetSha256 },
    () => slowed.read(0),
    deps.openers,
    deps.newDatasetDigest,
  );
  try {
    await store.store(job.details, source.read(), { sizeBytes: job.sizeBytes, signal, onProgress });
  } catch (error) {
    if (isAboutTheCopy(source.localFailure)) return { tag: 'local-damage', error: source.localFailure };
    throw error;
  }
  const after = await look(job, store, deps, signal);
  const proof = await proofOf(after, job, store, deps.wantedProof, signal);
  if (proof === undefined) throw new EdgeSyncError('pacs-copy-missing');
  return { tag: 'proven', proof };
}

/** What fetching it back showed. */
type Seen = 'identical' | 'differs' | 'not-given' | 'absent';

async function look(
  job: UploadJob,
  store: DatasetStore,
  { newDatasetDigest }: DatasetDeliveryDeps,
  signal: AbortSignal,
): Promise<Seen> {
  const digest = newDatasetDigest();
  const retrieved = await store.retrieve(job.details, {
    maxBytes: job.sizeBytes + metaSlackBytes,
    signal,
    onChunk: (chunk) => digest.update(chunk),
  });
  switch (retrieved.tag) {
    case 'whole':
      return digest.digest() === job.details.datasetSha256 ? 'identical' : 'differs';
    case 'longer':
      return 'differs';
    case 'absent':
    case 'not-given':
      return retrieved.tag;
  }
}

/** undefined: it is not there. Throws when it is there, and what can be said of it is not what is wanted. */
async function proofOf(
  seen: Seen,
  job: UploadJob,
  store: DatasetStore,
  wanted: WantedProof,
  signal: AbortSignal,
): Promise<DatasetProof | undefined> {
  if (seen === 'identical') return { tag: 'identical' };
  if (seen === 'differs' && wanted === 'identical') throw new EdgeSyncError('pacs-copy-differs');
  const isListed = await store.isListed(job.details, signal);
  if (!isListed) {
    // Given out under its UID, and not found by it: whatever that is, it is not this image.
    if (seen === 'differs') throw new EdgeSyncError('pacs-copy-differs');
    return undefined;
  }
  if (wanted === 'listed') return { tag: 'listed' };
  throw new EdgeSyncError('pacs-copy-unproven');
}
