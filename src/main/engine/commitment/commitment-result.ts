/** What an answer says of each instance: PS3.4 J.3.3, failure reasons of PS3.3 C.14.1.1. */
import { assertNever } from '../../../shared/assert-never.ts';
import { CommitmentWriter, failureReason } from '../dicom/commitment-dataset.ts';
import type { Layout } from '../dicom/header-scanner-walker.ts';
import type { Commitments, OpenCommitment, Standing } from '../queue/commitments.ts';

/** How long images are waited for: DESIGN section 5. */
export const waitMs = 7 * 24 * 3_600_000;
/** A device may ask while its images still come over another association. */
export const unknownGraceMs = 60_000;

/** PS3.4 table J.3-2. */
export const eventType = { success: 1, failuresExist: 2 } as const;

/** arriving: unknown images may still come. waiting: images are waited for. over: no longer. */
export type Stage = 'arriving' | 'waiting' | 'over';

export function stageOf(requestedAtMs: number, nowMs: number): Stage {
  const ageMs = nowMs - requestedAtMs;
  if (ageMs >= waitMs) return 'over';
  return ageMs >= unknownGraceMs ? 'waiting' : 'arriving';
}

export type Verdict =
  | { readonly tag: 'committed' }
  | { readonly tag: 'failed'; readonly reason: number }
  /** Nothing can be said yet. */
  | { readonly tag: 'waits' };

export function verdictOf(standing: Standing, stage: Stage): Verdict {
  switch (standing) {
    case 'verified':
      return { tag: 'committed' };
    case 'new':
    case 'waits':
      return stage === 'over' ? failed(failureReason.processingFailure) : { tag: 'waits' };
    case 'unknown':
      return stage === 'arriving' ? { tag: 'waits' } : failed(failureReason.noSuchInstance);
    case 'conflict':
      return failed(failureReason.classInstanceConflict);
    case 'unsupported':
      return failed(failureReason.sopClassNotSupported);
    case 'duplicate':
      return failed(failureReason.duplicateTransaction);
    default:
      return assertNever(standing);
  }
}

function failed(reason: number): Verdict {
  return { tag: 'failed', reason };
}

/** The same from the counts alone: whether something can be said of every instance. */
export function isDue(commitment: OpenCommitment, nowMs: number): boolean {
  switch (stageOf(commitment.requestedAtMs, nowMs)) {
    case 'over':
      return true;
    case 'waiting':
      return commitment.unsettled === 0;
    case 'arriving':
      return commitment.unsettled === 0 && commitment.unknown === 0;
  }
}

/** How many of it an answer given now would not commit. */
export function failures(commitment: OpenCommitment): number {
  const { isDuplicate, total, unsettled, unknown, refused } = commitment;
  return isDuplicate ? total : unsettled + unknown + refused;
}

export interface CommitmentResult {
  readonly eventTypeId: number;
  readonly dataset: Buffer;
  /** Positions of the instances that it does not commit. */
  readonly failed: ReadonlySet<number>;
}

/** Read at a time: keeps the event loop for some 5 ms. */
const pageSize = 250;

/**
 * What is true now, not when the answer became due: it may have taken days to reach the device. undefined: something
 * changed and an instance has to be waited for again. Throws EdgeSyncError.
 */
export async function buildResult(
  commitments: Pick<Commitments, 'standings' | 'transactionUid' | 'revision'>,
  commitment: Pick<OpenCommitment, 'id'>,
  layout: Layout,
  stage: Stage,
): Promise<CommitmentResult | undefined> {
  const transactionUid = commitments.transactionUid(commitment.id);
  const revision = commitments.revision(commitment.id);
  if (transactionUid === undefined || revision === undefined) return undefined;
  const writer = new CommitmentWriter(layout, transactionUid);
  const failedAt = new Set<number>();
  for (let after = -1; ;) {
    const page = commitments.standings(commitment.id, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { position, standing, sopClassUid, sopInstanceUid } of page) {
      const verdict = verdictOf(standing, stage);
      if (verdict.tag === 'waits') return undefined;
      if (verdict.tag === 'committed') writer.reference({ sopClassUid, sopInstanceUid });
      else {
        failedAt.add(position);
        writer.failed({ sopClassUid, sopInstanceUid, failureReason: verdict.reason });
      }
    }
    after = last.position;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (writer.referenceCount + writer.failedCount === 0) return undefined;
  // Something may have changed in the pages that were read already.
  if (commitments.revision(commitment.id) !== revision) return undefined;
  return {
    eventTypeId: failedAt.size === 0 ? eventType.success : eventType.failuresExist,
    dataset: writer.end(),
    failed: failedAt,
  };
}
