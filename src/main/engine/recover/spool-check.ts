import { EdgeSyncError } from '../../../shared/errors.ts';
import { createDatasetDigest } from '../dicom/dataset-digest.ts';
import type { CareQueue, ReadQueue } from '../queue/queue-port.ts';
import type { LocalCopy } from '../queue/queue-types.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import type { RecoverableSpool } from '../spool/spool-port.ts';
import { releaseMemory } from '../system/release-memory.ts';

export interface SpoolCheckDeps {
  readonly queue: Pick<ReadQueue, 'localCopies'> & Pick<CareQueue, 'markLost' | 'namesSpool'>;
  readonly spool: RecoverableSpool;
  readonly openers: OpenerFactory;
  /** `mend`: a copy that is damaged is set aside and its row told; `look`: nothing is changed. */
  readonly mode: 'mend' | 'look';
  readonly onProgress: (progress: SpoolCheckProgress) => void;
  readonly signal: AbortSignal;
}

export interface SpoolCheckProgress {
  readonly images: number;
  readonly bytes: number;
}

/** In images, but for the last two: files. */
export interface SpoolCheckReport {
  /** Opened to their end; tag and dataset are as recorded. */
  readonly whole: number;
  readonly bytes: number;
  /** The local copy is missing or damaged, every required destination has the image. */
  readonly safeElsewhere: number;
  /** The local copy is missing or damaged, and the cloud does not have the image. */
  readonly atRisk: number;
  /** Could not be read now (a disk error): nothing is concluded from that. */
  readonly unread: number;
  /** Files with content that no row names. Zero after mending, which adopts them or sets them aside. */
  readonly unnamed: number;
}

type Copy = LocalCopy & { readonly spoolId: string };

/**
 * Opens every local copy and compares it with its row. Rejects with `cancelled`, database-*; one file's disk error is
 * counted and does not stop the rest.
 */
export async function checkSpool(deps: SpoolCheckDeps): Promise<SpoolCheckReport> {
  const counts = { whole: 0, bytes: 0, safeElsewhere: 0, atRisk: 0, unread: 0, unnamed: 0 };
  let images = 0;
  for (const row of deps.queue.localCopies({ tag: 'all' })) {
    if (deps.signal.aborted) throw new EdgeSyncError('cancelled');
    if (row.spoolId === null) continue;
    const copy = { ...row, spoolId: row.spoolId };
    const problem = await problemOf(deps, copy);
    counts.bytes += row.sizeBytes;
    images += 1;
    if (problem === undefined) counts.whole += 1;
    else if (problem === 'disk-error') counts.unread += 1;
    else counts[await settle(deps, copy, problem)] += 1;
    deps.onProgress({ images, bytes: counts.bytes });
  }
  for await (const file of deps.spool.list()) {
    if (file.sizeBytes > 0 && !deps.queue.namesSpool(file.id)) counts.unnamed += 1;
  }
  return counts;
}

type CopyProblem = 'object-missing' | 'object-truncated' | 'object-tampered' | 'disk-error';

/** undefined when the copy is what its row says. */
async function problemOf({ spool, openers }: SpoolCheckDeps, copy: Copy): Promise<CopyProblem | undefined> {
  try {
    const opener = openers.create();
    const digest = createDatasetDigest();
    let sizeBytes = 0;
    for await (const chunk of spool.read(copy.spoolId)) {
      sizeBytes += chunk.length;
      for (const plaintext of opener.push(chunk)) {
        digest.update(plaintext);
        releaseMemory(plaintext);
      }
      releaseMemory(chunk);
    }
    opener.end();
    // A damaged row cannot say what the object should be: then its tag alone counts.
    const found = digest.digest();
    const same = sizeBytes === copy.sizeBytes && found === (copy.details?.datasetSha256 ?? found);
    return same && found !== undefined ? undefined : 'object-tampered';
  } catch (error) {
    if (!(error instanceof EdgeSyncError)) throw error;
    if (error.code === 'object-missing' || error.code === 'object-truncated') return error.code;
    return error.code.startsWith('disk-') ? 'disk-error' : 'object-tampered';
  }
}

async function settle(
  { queue, spool, mode }: SpoolCheckDeps,
  copy: Copy,
  problem: Exclude<CopyProblem, 'disk-error'>,
): Promise<'safeElsewhere' | 'atRisk'> {
  const verified = copy.state === 'verified' ? 'safeElsewhere' : 'atRisk';
  if (mode === 'look') return verified;
  const { instanceId, spoolId, sizeBytes, state } = copy;
  const outcome = await queue.markLost({ instanceId, spoolId, sizeBytes, state }, problem);
  // It may be all that is left of an image: kept, but out of the way.
  if (problem !== 'object-missing' && outcome !== 'moved-on') await spool.setAside(spoolId);
  switch (outcome) {
    case 'parked':
      return 'atRisk';
    case 'forgotten':
      return 'safeElsewhere';
    case 'moved-on':
      return verified;
  }
}
