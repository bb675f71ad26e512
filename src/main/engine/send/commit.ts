/** Asks another node what became of images (Storage Commitment Push, PS3.4 annex J), from the device's side. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import {
  commitmentLayout,
  CommitmentReader,
  type CommitmentReading,
  encodeCommitmentRequest,
  type FailedInstance,
  type ReferencedInstance,
} from '../dicom/commitment-dataset.ts';
import { status } from '../dicom/dimse.ts';
import { storageCommitmentPushSopClass, storageCommitmentPushSopInstance } from '../dicom/sop-classes.ts';
import { explicitVrLittleEndian, implicitVrLittleEndian } from '../dicom/transfer-syntaxes.ts';
import { newUid } from '../dicom/uid.ts';
import type { Clock, Random } from '../ports.ts';
import { type EventReportUser, type OpenConnection, type Peer, Requestor } from './requestor.ts';

export interface CommitOptions {
  readonly peer: Peer;
  readonly references: readonly ReferencedInstance[];
  /** How long the answer is waited for on the association that asked, after the request was taken. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  readonly openConnection?: OpenConnection | undefined;
}

export type CommitReport =
  | {
      readonly tag: 'answered';
      readonly committed: readonly ReferencedInstance[];
      readonly failed: readonly FailedInstance[];
    }
  /** The node took the request and has not answered in time; it may answer elsewhere later. */
  | { readonly tag: 'unanswered' };

const contextId = 1;

/**
 * Throws EdgeSyncError peer-unreachable, peer-timeout, peer-refused (it does not offer storage commitment, or refused
 * the request), cancelled. An instance that the answer does not name at all counts as failed (0110).
 */
export async function requestCommitment(options: CommitOptions): Promise<CommitReport> {
  const { peer, clock, random, signal, references, waitMs, openConnection } = options;
  const transactionUid = newUid(random);
  const inbox = new ResultInbox(transactionUid);
  const requestor = await Requestor.open({
    peer,
    contexts: [
      {
        id: contextId,
        abstractSyntax: storageCommitmentPushSopClass,
        transferSyntaxes: [explicitVrLittleEndian, implicitVrLittleEndian],
      },
    ],
    clock,
    signal,
    openConnection,
    eventReports: inbox,
  });
  try {
    const layout = commitmentLayout(requestor.accepted.get(contextId) ?? '');
    if (layout === undefined) throw new EdgeSyncError('peer-refused', 'it does not offer storage commitment');
    inbox.expect(layout);
    const answer = await requestor.request(
      contextId,
      {
        tag: 'n-action-rq',
        messageId: requestor.nextMessageId,
        sopClassUid: storageCommitmentPushSopClass,
        sopInstanceUid: storageCommitmentPushSopInstance,
        actionTypeId: 1,
        dataset: 'follows',
      },
      whole(encodeCommitmentRequest(layout, transactionUid, references)),
      signal,
    );
    const code = 'status' in answer ? answer.status : status.processingFailure;
    if (code !== status.success)
      throw new EdgeSyncError('peer-refused', `storage commitment, status ${hex(code)}`);
    await firstOf([inbox.answered, requestor.ended], waitMs, clock, signal);
  } finally {
    await requestor.release();
  }
  return inbox.report(references);
}

/** The result, when it comes on our association. */
class ResultInbox implements EventReportUser {
  readonly #transactionUid: string;
  readonly #answered = Promise.withResolvers<undefined>();
  #layout: Parameters<typeof encodeCommitmentRequest>[0] | undefined;
  #reader: CommitmentReader | undefined;
  #result: Extract<CommitmentReading, { tag: 'read' }> | undefined;

  constructor(transactionUid: string) {
    this.#transactionUid = transactionUid;
  }

  get answered(): Promise<unknown> {
    return this.#answered.promise;
  }

  expect(layout: Parameters<typeof encodeCommitmentRequest>[0]): void {
    this.#layout = layout;
  }

  begin(): void {
    this.#reader = this.#layout === undefined ? undefined : new CommitmentReader(this.#layout);
  }

  dataset(bytes: Buffer): void {
    this.#reader?.push(bytes);
  }

  end(): number {
    const reading = this.#reader?.finish();
    this.#reader = undefined;
    if (reading?.tag !== 'read') return status.processingFailure;
    // The result of an earlier request of the same caller: taken, and not ours.
    if (reading.dataset.transactionUid !== this.#transactionUid) return status.success;
    this.#result = reading;
    this.#answered.resolve(undefined);
    return status.success;
  }

  report(references: readonly ReferencedInstance[]): CommitReport {
    if (this.#result === undefined) return { tag: 'unanswered' };
    const { dataset } = this.#result;
    const failedBy = new Map(dataset.failed.map((one) => [keyOf(one), one]));
    const named = new Set(dataset.references.map(keyOf));
    const isCommitted = (one: ReferencedInstance): boolean =>
      named.has(keyOf(one)) && !failedBy.has(keyOf(one));
    return {
      tag: 'answered',
      committed: references.filter(isCommitted),
      failed: references
        .filter((one) => !isCommitted(one))
        .map((one) => failedBy.get(keyOf(one)) ?? { ...one, failureReason: status.processingFailure }),
    };
  }
}

function keyOf({ sopClassUid, sopInstanceUid }: ReferencedInstance): string {
  return `${sopClassUid}\n${sopInstanceUid}`;
}

/** Resolves with the first of them, or when the time is up. Throws EdgeSyncError cancelled. */
async function firstOf(
  waits: readonly Promise<unknown>[],
  limitMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  const over = new AbortController();
  const ending = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    await Promise.race([...waits, clock.sleep(limitMs, ending)]);
  } catch (error) {
    throw signal?.aborted === true ? new EdgeSyncError('cancelled', undefined, { cause: error }) : error;
  } finally {
    over.abort(new Error('over'));
  }
}

function hex(code: number): string {
  return code.toString(16).padStart(4, '0').toUpperCase();
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is handed on in one piece is all there
async function* whole(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
