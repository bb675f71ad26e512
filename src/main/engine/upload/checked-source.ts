import { createHash, type Hash } from 'node:crypto';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { ObjectSource } from '../cloud/cloud-store.ts';
import type { Opener, OpenerFactory } from '../seal/seal-port.ts';
import { releaseMemory } from '../system/release-memory.ts';
import type { DatasetDigest, DatasetDigestFactory } from './dataset-digest.ts';

/** What a sealed object has to be, to be sent or to be accepted. */
export interface ExpectedObject {
  readonly sizeBytes: number;
  /** SHA-256 of the dataset inside, hex. */
  readonly datasetSha256: string;
}

/** Opens a sealed object as it streams by and hashes both sides; nothing of the plaintext is kept. */
export class ObjectInspector {
  readonly #opener: Opener;
  readonly #dataset: DatasetDigest;
  readonly #ciphertext: Hash = createHash('sha256');

  constructor(openers: OpenerFactory, newDigest: DatasetDigestFactory) {
    this.#opener = openers.create();
    this.#dataset = newDigest();
  }

  /** @throws EdgeSyncError object-format, object-tampered, object-truncated, object-no-recipient. */
  push(chunk: Buffer): void {
    this.#ciphertext.update(chunk);
    for (const plaintext of this.#opener.push(chunk)) {
      this.#dataset.update(plaintext);
      releaseMemory(plaintext);
    }
  }

  /** The tag has matched when this returns. @throws like `push`. */
  end(): { readonly objectSha256: string; readonly datasetSha256: string | undefined } {
    this.#opener.end();
    return { objectSha256: this.#ciphertext.digest('hex'), datasetSha256: this.#dataset.digest() };
  }
}

/**
 * A spooled object on its way to the cloud, checked as it is read: the reading fails at its end, before a store can
 * commit, unless size, tag and dataset digest are what was recorded. What the local copy is to blame for is kept in
 * `localFailure`, so that it can be told from the cloud's failures.
 */
export class CheckedSource implements ObjectSource {
  readonly sizeBytes: number;
  readonly #expected: ExpectedObject;
  readonly #openBytes: () => AsyncIterable<Buffer>;
  readonly #newInspector: () => ObjectInspector;
  #objectSha256: string | undefined;
  #localFailure: EdgeSyncError | undefined;

  constructor(
    expected: ExpectedObject,
    /** Chunks that nobody else keeps: their memory is given back. */
    openBytes: () => AsyncIterable<Buffer>,
    newInspector: () => ObjectInspector,
  ) {
    this.#expected = expected;
    this.#openBytes = openBytes;
    this.#newInspector = newInspector;
    this.sizeBytes = expected.sizeBytes;
  }

  /** SHA-256 of the ciphertext, hex, once it was read to its end. */
  get objectSha256(): string | undefined {
    return this.#objectSha256;
  }

  /** Why the local copy cannot be sent. */
  get localFailure(): EdgeSyncError | undefined {
    return this.#localFailure;
  }

  /** Always reads and checks from the first byte; only what lies behind `start` is given out. */
  async *read(start: number): AsyncGenerator<Buffer> {
    this.#localFailure = undefined;
    const chunks = this.#checked();
    let at = 0;
    for await (const chunk of chunks) {
      const skip = Math.min(Math.max(start - at, 0), chunk.length);
      at += chunk.length;
      if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
    }
  }

  /** Checked like what `read` gives. */
  async whole(): Promise<Buffer> {
    this.#localFailure = undefined;
    const pieces: Buffer[] = [];
    for await (const piece of this.#checked('keep')) pieces.push(piece);
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) return first;
    const whole = Buffer.concat(pieces);
    for (const piece of pieces) releaseMemory(piece);
    return whole;
  }

  async *#checked(pieces: 'keep' | 'release' = 'release'): AsyncGenerator<Buffer> {
    try {
      const inspector = this.#newInspector();
      let sizeBytes = 0;
      for await (const chunk of this.#openBytes()) {
        sizeBytes += chunk.length;
        if (sizeBytes > this.#expected.sizeBytes) throw new EdgeSyncError('object-tampered', 'it is longer');
        inspector.push(chunk);
        yield chunk;
        if (pieces === 'release') releaseMemory(chunk);
      }
      const found = inspector.end();
      if (sizeBytes !== this.#expected.sizeBytes) throw new EdgeSyncError('object-truncated');
      if (found.datasetSha256 !== this.#expected.datasetSha256) {
        throw new EdgeSyncError('object-tampered', 'another image is inside');
      }
      this.#objectSha256 = found.objectSha256;
    } catch (error) {
      this.#localFailure = toEdgeSyncError(error);
      throw this.#localFailure;
    }
  }
}
