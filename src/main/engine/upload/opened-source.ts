import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import type { ExpectedObject } from './checked-source.ts';
import type { DatasetDigestFactory } from './dataset-digest.ts';

/**
 * A spooled object on its way to who reads it: opened as it is read, in memory only, never more of it than a chunk. The
 * last chunk is given out only after size, tag and dataset digest have matched, so that nobody ever gets a whole file
 * that is not the one that was received. What the local copy is to blame for is kept in `localFailure`.
 */
export class OpenedSource {
  readonly #expected: ExpectedObject;
  readonly #openBytes: () => AsyncIterable<Buffer>;
  readonly #openers: OpenerFactory;
  readonly #newDigest: DatasetDigestFactory;
  #localFailure: EdgeSyncError | undefined;

  constructor(
    expected: ExpectedObject,
    openBytes: () => AsyncIterable<Buffer>,
    openers: OpenerFactory,
    newDigest: DatasetDigestFactory,
  ) {
    this.#expected = expected;
    this.#openBytes = openBytes;
    this.#openers = openers;
    this.#newDigest = newDigest;
  }

  /** Why the local copy cannot be sent. */
  get localFailure(): EdgeSyncError | undefined {
    return this.#localFailure;
  }

  /** The DICOM file. @throws EdgeSyncError object-*; whatever reading throws. */
  async *read(): AsyncGenerator<Buffer> {
    this.#localFailure = undefined;
    const opener = this.#openers.create();
    const digest = this.#newDigest();
    const { sizeBytes: expectedBytes, datasetSha256 } = this.#expected;
    let held: Buffer | undefined;
    let sizeBytes = 0;
    for await (const chunk of this.#reading()) {
      sizeBytes += chunk.length;
      const plaintexts = this.#blamed(() => {
        if (sizeBytes > expectedBytes) throw new EdgeSyncError('object-tampered', 'it is longer');
        return opener.push(chunk);
      });
      for (const plaintext of plaintexts) {
        if (plaintext.length === 0) continue;
        digest.update(plaintext);
        if (held !== undefined) yield held;
        held = plaintext;
      }
    }
    this.#blamed(() => {
      opener.end();
      if (sizeBytes !== expectedBytes) throw new EdgeSyncError('object-truncated');
      if (digest.digest() !== datasetSha256) {
        throw new EdgeSyncError('object-tampered', 'another image is inside');
      }
    });
    if (held !== undefined) yield held;
  }

  async *#reading(): AsyncGenerator<Buffer> {
    try {
      yield* this.#openBytes();
    } catch (error) {
      throw this.#blame(error);
    }
  }

  #blamed<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#blame(error);
    }
  }

  #blame(error: unknown): EdgeSyncError {
    this.#localFailure = toEdgeSyncError(error);
    return this.#localFailure;
  }
}
