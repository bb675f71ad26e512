/** One N-ACTION of storage commitment, from its command to its status: PS3.4 J.3.2, PS3.7 10.1.4. */
import type {
  CommitmentAnswer,
  CommitmentCaller,
  CommitmentRequest,
  CommitmentScp,
} from '../commitment/commitment-port.ts';
import { type DimseCommand, status } from '../dicom/dimse.ts';
import { storageCommitmentPushSopClass, storageCommitmentPushSopInstance } from '../dicom/sop-classes.ts';
import type { AcceptedContext } from './negotiation.ts';

export type ActionRequest = Extract<DimseCommand, { tag: 'n-action-rq' }>;

/** PS3.4 table J.3-1: Request Storage Commitment. */
const requestStorageCommitment = 1;

/** `write` until the last fragment, then `finish`; or `abort`. */
export class ActionInProgress {
  readonly #request: CommitmentRequest | undefined;
  readonly #refusal: CommitmentAnswer;

  private constructor(request: CommitmentRequest | undefined, refusal: CommitmentAnswer) {
    this.#request = request;
    this.#refusal = refusal;
  }

  /** A refused one still reads its dataset to the end: the answer comes after it. */
  static begin(
    request: ActionRequest,
    context: AcceptedContext,
    caller: CommitmentCaller,
    scp: CommitmentScp,
  ): ActionInProgress {
    const refusal = refuse(request, context);
    if (refusal !== undefined) return new ActionInProgress(undefined, refusal);
    return new ActionInProgress(scp.begin(caller, context.transferSyntax), {
      status: status.processingFailure,
    });
  }

  /** PS3.7 annex C.5.14: the pairing was changed or ended since the negotiation. */
  static notAuthorised(): ActionInProgress {
    return new ActionInProgress(undefined, {
      status: status.notAuthorised,
      comment: 'not allowed for this device',
    });
  }

  write(bytes: Buffer): void {
    this.#request?.write(bytes);
  }

  /** Never rejects. */
  async finish(): Promise<CommitmentAnswer> {
    return (await this.#request?.finish()) ?? this.#refusal;
  }

  abort(): void {
    this.#request?.abort();
  }
}

function refuse(request: ActionRequest, context: AcceptedContext): CommitmentAnswer | undefined {
  const isCommitment =
    request.sopClassUid === storageCommitmentPushSopClass &&
    context.abstractSyntax === storageCommitmentPushSopClass;
  if (!isCommitment) return { status: status.noSuchSopClass, comment: 'actions are for storage commitment' };
  if (request.sopInstanceUid !== storageCommitmentPushSopInstance)
    return { status: status.noSuchSopInstance, comment: 'not the well-known SOP Instance' };
  if (request.actionTypeId !== requestStorageCommitment)
    return { status: status.noSuchAction, comment: 'only action type 1 is known' };
  if (request.dataset === 'none') return { status: status.missingAttribute, comment: 'no dataset' };
  return undefined;
}
