/** One C-STORE, from its command to its status: PS3.7 9.1.1, PS3.4 table B.2-1. */
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import { type DimseCommand, status } from '../dicom/dimse.ts';
import type { Wait } from '../dicom/pdu-reader.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import { isUsableUid } from '../dicom/uid.ts';
import type { Intake, IntakeStream, Origin } from '../intake/intake-port.ts';
import type { Authorized } from './authorize.ts';
import type { AcceptedContext } from './negotiation.ts';
import { isStorageLike } from './refused-classes.ts';

/** Where a C-STORE came in, and from whom. */
export interface StoreSetting {
  readonly context: AcceptedContext;
  readonly origin: Origin;
  readonly allowsClass: Authorized['allowsClass'];
}

export type StoreRequest = Extract<DimseCommand, { tag: 'c-store-rq' }>;

/** What the peer is told. */
export interface StoreAnswer {
  readonly status: number;
  /** (0000,0902): at most 64 characters, no value of the peer's. */
  readonly comment?: string;
  /** Why it was refused. */
  readonly error?: EdgeSyncError;
}

/** Any other code is 0110, processing failure. */
const statusByCode: Partial<Record<ErrorCode, number>> = {
  'dicom-mismatch': status.datasetDoesNotMatchSopClass,
  'dicom-unreadable': status.cannotUnderstand,
  'dicom-class-refused': status.sopClassNotSupported,
  'dicom-class-not-allowed': status.notAuthorised,
  'disk-full': status.outOfResources,
  'disk-error': status.outOfResources,
  'data-dir-not-writable': status.outOfResources,
  'keychain-unavailable': status.outOfResources,
  'keychain-entry-missing': status.outOfResources,
  'passphrase-missing': status.outOfResources,
  'key-file-damaged': status.outOfResources,
};

export function answerFor(error: EdgeSyncError): StoreAnswer {
  return {
    status: statusByCode[error.code] ?? status.processingFailure,
    // The message alone: it is from our own table, without the detail.
    comment: error.report.message.split(':', 1)[0] ?? '',
    error,
  };
}

/** A C-STORE under way. `write` until the last fragment, then `finish`; or `abort`. */
export class StoreInProgress {
  /** Made at the first byte of the dataset: a file, keys and buffers are not for commands that nothing follows. */
  readonly #begin: () => IntakeStream;
  readonly #refusal: StoreAnswer | undefined;
  #stream: IntakeStream | undefined;
  #isAborted = false;
  /** Dataset bytes so far. */
  sizeBytes = 0;

  private constructor(begin: () => IntakeStream, refusal: StoreAnswer | undefined) {
    this.#begin = begin;
    this.#refusal = refusal;
  }

  /** A refused store still reads its dataset to the end: the answer comes after it (PS3.7 9.3.1). */
  static begin(request: StoreRequest, setting: StoreSetting, intake: Intake): StoreInProgress {
    const { context, origin } = setting;
    const begin = (): IntakeStream =>
      intake.begin({
        sopClassUid: request.sopClassUid,
        sopInstanceUid: request.sopInstanceUid,
        transferSyntaxUid: context.transferSyntax,
        origin,
      });
    return new StoreInProgress(begin, refuse(request, setting, intake));
  }

  write(bytes: Buffer): Wait {
    this.sizeBytes += bytes.length;
    if (bytes.length === 0 || this.#refusal !== undefined || this.#isAborted) return undefined;
    return this.#begun().write(bytes);
  }

  /** The dataset is whole. Success means that it is durable. Never rejects. */
  async finish(): Promise<StoreAnswer> {
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#isAborted) return { status: status.processingFailure };
    const outcome = await this.#begun().finish();
    return outcome.tag === 'refused' ? answerFor(outcome.error) : { status: status.success };
  }

  /** Leaves nothing behind. Never rejects. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    await this.#stream?.abort();
  }

  #begun(): IntakeStream {
    return (this.#stream ??= this.#begin());
  }
}

function refuse(
  request: StoreRequest,
  { context, allowsClass }: StoreSetting,
  intake: Intake,
): StoreAnswer | undefined {
  const { sopClassUid } = request;
  // A class we know and the pairing leaves out, whatever context it comes in: PS3.7 annex C, 0124 "not authorized".
  if (isStorageSopClass(sopClassUid) && !allowsClass(sopClassUid)) return notAllowed();
  if (sopClassUid !== context.abstractSyntax || !isStorageLike(sopClassUid))
    return refusal('dicom-class-refused', 'SOP class is not the one negotiated');
  // The pairing was changed or ended since the negotiation.
  if (!allowsClass(sopClassUid)) return notAllowed();
  if (!isUsableUid(request.sopInstanceUid))
    return refusal('dicom-unreadable', 'SOP Instance UID is missing or unreadable');
  if (request.dataset === 'none') return refusal('dicom-unreadable', 'no dataset');
  const unavailable = intake.refusal();
  return unavailable === undefined ? undefined : answerFor(unavailable);
}

function notAllowed(): StoreAnswer {
  return refusal('dicom-class-not-allowed', 'not allowed for this device');
}

function refusal(code: ErrorCode, comment: string): StoreAnswer {
  return { ...answerFor(new EdgeSyncError(code)), comment };
}
