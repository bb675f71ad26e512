/** One N-ACTION from its first byte to its status: PS3.4 J.3.2. */
import { createHash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import {
  type CommitmentDataset,
  commitmentLayout,
  type CommitmentProblem,
  CommitmentReader,
} from '../dicom/commitment-dataset.ts';
import { status } from '../dicom/dimse.ts';
import type { CommitmentAnswer, CommitmentRequest } from './commitment-port.ts';

/**
 * Instances that requests on their way in may name together: about 30 MB of memory, whatever many devices ask for at
 * once. One request of the largest size has room.
 */
export const mostInMemory = 100_000;

/** Shared by all requests on their way in. */
export class ReferenceRoom {
  #taken = 0;

  /** False when there is none left. */
  take(count: number): boolean {
    if (this.#taken + count > mostInMemory) return false;
    this.#taken += count;
    return true;
  }

  giveBack(count: number): void {
    this.#taken -= count;
  }
}

/** Takes a request that could be read; `contentSha256` (hex) is over what it names. */
export type AcceptRequest = (dataset: CommitmentDataset, contentSha256: string) => Promise<CommitmentAnswer>;

export class IncomingRequest implements CommitmentRequest {
  readonly #room: ReferenceRoom;
  readonly #accept: AcceptRequest;
  #reader: CommitmentReader | undefined;
  #problem: CommitmentProblem = 'malformed';
  #taken = 0;

  constructor(transferSyntaxUid: string, room: ReferenceRoom, accept: AcceptRequest) {
    const layout = commitmentLayout(transferSyntaxUid);
    this.#reader = layout === undefined ? undefined : new CommitmentReader(layout);
    this.#room = room;
    this.#accept = accept;
  }

  write(bytes: Buffer): void {
    if (this.#reader === undefined) return;
    this.#reader.push(bytes);
    const more = this.#reader.count - this.#taken;
    // Fewer after a problem, when what was read so far is forgotten.
    if (more <= 0) return;
    if (this.#room.take(more)) this.#taken += more;
    else this.#drop('too-many');
  }

  async finish(): Promise<CommitmentAnswer> {
    try {
      const reading = this.#reader?.finish() ?? { tag: 'problem' as const, problem: this.#problem };
      if (reading.tag === 'problem') return refusalOf(reading.problem);
      const { dataset } = reading;
      if (dataset.references.length === 0) return refusalOf('empty-sequence');
      return await this.#accept(dataset, contentOf(dataset));
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
    this.#room.giveBack(this.#taken);
    this.#taken = 0;
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
      return { status: status.resourceLimitation, comment: 'too many instances at once' };
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
