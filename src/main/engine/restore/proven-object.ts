/** Opening one sealed object and proving that it is what its name and its manifest say. */
import { createHash } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { createHeaderScanner, type HeaderScanner } from '../dicom/header-scanner.ts';
import type { InstanceDetails } from '../model.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { Part10Digest, type FileMetaUids } from './part10-digest.ts';

/**
 * The keys a restore needs: this installation's own, or those that come from the words. The functions are a class's
 * methods in one of the two cases, so `this` is declared: the compiler refuses to pass them on by themselves.
 */
export interface RestoreKeys {
  readonly openers: OpenerFactory;
  objectName(
    this: RestoreKeys,
    identity: Pick<InstanceDetails, 'sopInstanceUid' | 'transferSyntaxUid' | 'datasetSha256'>,
  ): string;
  manifestMac(this: RestoreKeys, bytes: Uint8Array): Buffer;
}

/** What an object should be. */
export interface ExpectedObject {
  readonly objectName: string;
  /** What a manifest or this PC's own database says of it; undefined when nothing names it. */
  readonly details: InstanceDetails | undefined;
  /** As it lay in the cloud when it was verified. A copy put beside a damaged one may differ in its bytes. */
  readonly sealed?: SealedFacts | undefined;
  /** No copy may be longer than this; default: a little more than `sealed`. */
  readonly maxSealedBytes?: number | undefined;
}

export interface SealedFacts {
  readonly sizeBytes: number;
  /** SHA-256 of the sealed bytes, hex. */
  readonly objectSha256: string;
}

export interface ProvenObject {
  /** From the manifest; else what the dataset itself shows, with empty UIDs where it shows none. */
  readonly details: InstanceDetails;
  /** Of the Part 10 file inside. */
  readonly sizeBytes: number;
  readonly sealed: SealedFacts;
  /** Are the sealed bytes those the manifest recorded? The image inside is proven in either case. */
  readonly sealedBytes: 'as-recorded' | 'others' | 'not-recorded';
}

/** The first part of a dataset, in which its UIDs must stand for us to find them: group 0020 comes before pixel data. */
const scannedBytes = 4 * 1024 * 1024;
/** Recipients may be added to a head; more than this is another object. */
const sealedSlackBytes = 1024 * 1024;

/**
 * Opens sealed bytes as they stream by. `onPlaintext` gets plaintext that is unproven until this has resolved (keep it
 * under a temporary name); its buffers are its own.
 * Proven are the tag, the dataset's digest against the manifest, and the name, an HMAC over content and identity: an
 * object put under another's name does not pass.
 * @throws EdgeSyncError object-format, object-tampered, object-truncated, object-no-recipient for a damaged object;
 * what `chunks` and `onPlaintext` throw.
 */
export async function openProven(
  chunks: AsyncIterable<Buffer>,
  expected: ExpectedObject,
  keys: RestoreKeys,
  onPlaintext: (plaintext: readonly Buffer[]) => Promise<void> = dropped,
): Promise<ProvenObject> {
  const opener = keys.openers.create();
  const digest = new Part10Digest();
  const sealedHash = createHash('sha256');
  const finder = new DetailsFinder(digest, expected.details);
  const maxSealedBytes = longestOf(expected);
  let sealedBytes = 0;
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      sealedBytes += chunk.length;
      if (sealedBytes > maxSealedBytes)
        throw new EdgeSyncError('object-tampered', 'it is longer than recorded');
      sealedHash.update(chunk);
      const plaintext = opener.push(chunk);
      for (const part of plaintext) {
        sizeBytes += part.length;
        digest.update(part);
        await finder.push(part);
      }
      if (plaintext.length > 0) await onPlaintext(plaintext);
    }
    opener.end();
    const datasetSha256 = digest.digest();
    const { meta } = digest;
    if (datasetSha256 === undefined || meta === undefined) {
      throw new EdgeSyncError('object-format', 'there is no image inside');
    }
    check(expected, keys, meta, datasetSha256);
    const sealed = { sizeBytes: sealedBytes, objectSha256: sealedHash.digest('hex') };
    return {
      details: await finder.finish(meta, datasetSha256),
      sizeBytes,
      sealed,
      sealedBytes: compared(sealed, expected.sealed),
    };
  } finally {
    finder.close();
  }
}

function dropped(plaintext: readonly Buffer[]): Promise<void> {
  for (const part of plaintext) releaseMemory(part);
  return Promise.resolve();
}

function longestOf({ maxSealedBytes, sealed }: ExpectedObject): number {
  if (maxSealedBytes !== undefined) return maxSealedBytes;
  return sealed === undefined ? Number.POSITIVE_INFINITY : sealed.sizeBytes + sealedSlackBytes;
}

function compared(found: SealedFacts, recorded: SealedFacts | undefined): ProvenObject['sealedBytes'] {
  if (recorded === undefined) return 'not-recorded';
  return found.objectSha256 === recorded.objectSha256 ? 'as-recorded' : 'others';
}

function check(
  { details, objectName }: ExpectedObject,
  keys: RestoreKeys,
  meta: FileMetaUids,
  datasetSha256: string,
): void {
  if (details !== undefined && details.datasetSha256 !== datasetSha256) {
    throw new EdgeSyncError('object-tampered', 'another image is inside');
  }
  const { sopInstanceUid, transferSyntaxUid } = details ?? meta;
  if (keys.objectName({ sopInstanceUid, transferSyntaxUid, datasetSha256 }) !== objectName) {
    throw new EdgeSyncError('object-tampered', 'its name belongs to another image');
  }
}

/** What is known of an image; where nothing describes it, what its own dataset shows. */
class DetailsFinder {
  readonly #digest: Part10Digest;
  readonly #known: InstanceDetails | undefined;
  #scanner: HeaderScanner | undefined;
  #head: Buffer[] = [];
  #scanned = 0;

  constructor(digest: Part10Digest, known: InstanceDetails | undefined) {
    this.#digest = digest;
    this.#known = known;
  }

  /** Call after the digest has seen the same bytes. */
  async push(part: Buffer): Promise<void> {
    if (this.#known !== undefined || this.#scanned > scannedBytes) return;
    this.#scanned += part.length;
    if (this.#scanner !== undefined) {
      await this.#scanner.push(part);
      return;
    }
    this.#head.push(Buffer.from(part));
    const { meta } = this.#digest;
    if (meta === undefined) return;
    const head = Buffer.concat(this.#head);
    this.#head = [];
    this.#scanner = createHeaderScanner(meta.transferSyntaxUid);
    await this.#scanner.push(head.subarray(144 + head.readUInt32LE(140)));
  }

  async finish(meta: FileMetaUids, datasetSha256: string): Promise<InstanceDetails> {
    if (this.#known !== undefined) return this.#known;
    const result = await this.#scanner?.finish();
    const found = result?.tag === 'readable' ? { ...result.display, ...result.identity } : {};
    return { sopClassUid: '', studyInstanceUid: '', seriesInstanceUid: '', ...found, ...meta, datasetSha256 };
  }

  close(): void {
    this.#scanner?.close();
  }
}
