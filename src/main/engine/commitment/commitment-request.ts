/** One N-ACTION from its first byte to its status: PS3.4 J.3.2. */
import { createHash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import {
  type CommitmentDataset,
  commitmentLayout,
  type CommitmentLimits,
  type CommitmentProblem,
  CommitmentReader,
  type ReferencedInstance,
} from '../dicom/commitment-dataset.ts';
import { status } from '../dicom/dimse.ts';
import type { CommitmentAnswer, CommitmentRequest } from './commitment-port.ts';
import { mostInMemory, type ReferenceRoom, type Share } from './reference-room.ts';

/**
 * More images than a CT makes of one patient. A request of this size is answered in about a second and takes some 4 MB
 * while it is written down; an item with two UIDs of full length has 160 bytes, in the longest form of headers 192.
 */
export const requestLimits: CommitmentLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxReferences: mostInMemory / 4,
};

/**
 * Takes a request that could be read; `contentSha256` (hex) is over what it names. References up to `count` are not
 * looked at again after `recorded(count)`.
 */
export type AcceptRequest = (
  dataset: CommitmentDataset,
  contentSha256: string,
  recorded: (count: number) => void,
) => Promise<CommitmentAnswer>;

const forgotten: ReferencedInstance = { sopClassUid: '', sopInstanceUid: '' };

export class IncomingRequest implements CommitmentRequest {
  readonly #room: ReferenceRoom;
  readonly #shares: readonly Share[];
  readonly #accept: AcceptRequest;
  #reader: CommitmentReader | undefined;
  #problem: CommitmentProblem = 'malformed';
  #taken = 0;

  constructor(
    transferSyntaxUid: string,
    room: ReferenceRoom,
    shares: readonly Share[],
    accept: AcceptRequest,
  ) {
    const layout = commitmentLayout(transferSyntaxUid);
    this.#reader = layout === undefined ? undefined : new CommitmentReader(layout, requestLimits);
    this.#shares = shares;
    this.#room = room;
    this.#accept = accept;
  }

  write(bytes: Buffer): void {
    if (this.#reader === undefined) return;
    this.#reader.push(bytes);
    const more = this.#reader.count - this.#taken;
    // Fewer after a problem, when what was read so far is forgotten.
    if (more <= 0) return;
    if (this.#room.take(this.#shares, more)) this.#taken += more;
    else this.#drop('too-many');
  }

  async finish(): Promise<CommitmentAnswer> {
    try {
      const reading = this.#reader?.finish() ?? { tag: 'problem' as const, problem: this.#problem };
      this.#reader = undefined;
      if (reading.tag === 'problem') return refusalOf(reading.problem);
      const { transactionUid, failed } = reading.dataset;
      const references = [...reading.dataset.references];
      if (references.length === 0) return refusalOf('empty-sequence');
      const dataset = { transactionUid, references, failed };
      let recorded = 0;
      return await this.#accept(dataset, contentOf(dataset), (count) => {
        references.fill(forgotten, recorded, count);
        this.#giveBack(Math.min(count - recorded, this.#taken));
        recorded = count;
      });
    } finally {
      this.abort();
    }
  }

  abort(): void {
    this.#drop('malformed');
  }

  #drop(problem: CommitmentProblem): void {
    this.#problem = problem;
    this.#reader = undefined;
    this.#giveBack(this.#taken);
  }

  #giveBack(count: number): void {
    this.#room.giveBack(this.#shares, count);
    this.#taken -= count;
  }
}

/** PS3.7 10.1.4.1.10 and annex C. */
export function refusalOf(problem: CommitmentProblem): CommitmentAnswer {
  switch (problem) {
    case 'malformed':
    case 'cut':
      return { status: status.processingFailure, comment: 'the request cannot be read' };
    case 'too-large':
    case 'too-many':
      return {
        status: status.resourceLimitation,
        comment: 'too many instances at once',
        incident: 'commitment-refused',
      };
    case 'missing-attribute':
      return { status: status.missingAttribute, comment: 'an attribute of type 1 is missing' };
    case 'empty-value':
      return { status: status.missingAttributeValue, comment: 'a UID is empty' };
    case 'invalid-value':
      return { status: status.invalidArgumentValue, comment: 'a value is not valid' };
    case 'empty-sequence':
      return { status: status.invalidArgumentValue, comment: 'no instance is named' };
    default:
      return assertNever(problem);
  }
}

function contentOf(dataset: CommitmentDataset): string {
  const hash = createHash('sha256');
  // Neither UID can hold a line break.
  for (const { sopClassUid, sopInstanceUid } of dataset.references)
    hash.update(`${sopClassUid}\n${sopInstanceUid}\n`);
  return hash.digest('hex');
}
