import { EdgeSyncError } from '../../../shared/errors.ts';
import { createHeaderScanner, type HeaderScanner } from '../dicom/header-scanner.ts';
import type { InstanceDetails } from '../model.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import { Part10Digest, type FileMetaUids } from './part10-digest.ts';
import type { RestoredFiles, RestoredIdentity, UnfinishedFile } from './restored-files.ts';

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

/** One sealed object to bring back. */
export interface RestoreObject {
  readonly objectName: string;
  /** What a manifest or this PC's own database says of it; undefined when nothing names it. */
  readonly details: InstanceDetails | undefined;
  readonly read: () => AsyncIterable<Buffer>;
}

export type ObjectOutcome =
  | { readonly tag: 'restored' | 'skipped'; readonly sizeBytes: number }
  /** Not part of what was asked for (known only after opening). */
  | { readonly tag: 'not-selected' };

/** The first part of a dataset, in which its UIDs must stand for us to find them: group 0020 comes before pixel data. */
const scannedBytes = 4 * 1024 * 1024;

/** Opens one object into an unfinished file, proves it, and gives it its name. */
export class ObjectRestorer {
  readonly #keys: RestoreKeys;
  readonly #files: RestoredFiles;

  constructor(keys: RestoreKeys, files: RestoredFiles) {
    this.#keys = keys;
    this.#files = files;
  }

  /**
   * @throws EdgeSyncError object-format, object-tampered, object-truncated, object-no-recipient for a damaged object;
   * what `read` throws (object-missing, cloud-*, disk-*); disk-full, disk-error of the target.
   */
  async restore(
    object: RestoreObject,
    isSelected: (identity: RestoredIdentity) => boolean,
  ): Promise<ObjectOutcome> {
    const { details } = object;
    if (details !== undefined && (await this.#files.holds(details, details.datasetSha256))) {
      return { tag: 'skipped', sizeBytes: 0 };
    }
    const file = await this.#files.create();
    try {
      const opened = await this.#open(object, file);
      const identity = details ?? opened.identity;
      if (!isSelected(identity)) {
        await file.discard();
        return { tag: 'not-selected' };
      }
      const placed = await this.#files.place(file, identity, opened.datasetSha256);
      return { tag: placed, sizeBytes: opened.sizeBytes };
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  async #open(
    object: RestoreObject,
    file: UnfinishedFile,
  ): Promise<{
    readonly identity: RestoredIdentity;
    readonly datasetSha256: string;
    readonly sizeBytes: number;
  }> {
    const opener = this.#keys.openers.create();
    const digest = new Part10Digest();
    const finder = object.details === undefined ? new IdentityFinder(digest) : undefined;
    let sizeBytes = 0;
    for await (const chunk of object.read()) {
      const plaintext = opener.push(chunk);
      for (const part of plaintext) {
        sizeBytes += part.length;
        digest.update(part);
        await finder?.push(part);
      }
      await file.write(plaintext);
    }
    opener.end();
    const datasetSha256 = digest.digest();
    const { meta } = digest;
    if (datasetSha256 === undefined || meta === undefined) {
      throw new EdgeSyncError('object-format', 'there is no image inside');
    }
    this.#check(object, meta, datasetSha256);
    return { identity: await identityOf(meta, finder), datasetSha256, sizeBytes };
  }

  /** The name is an HMAC over content and identity: an object put under another's name does not pass. */
  #check(object: RestoreObject, meta: FileMetaUids, datasetSha256: string): void {
    const { details, objectName } = object;
    if (details !== undefined && details.datasetSha256 !== datasetSha256) {
      throw new EdgeSyncError('object-tampered', 'another image is inside');
    }
    const { sopInstanceUid, transferSyntaxUid } = details ?? meta;
    if (this.#keys.objectName({ sopInstanceUid, transferSyntaxUid, datasetSha256 }) !== objectName) {
      throw new EdgeSyncError('object-tampered', 'its name belongs to another image');
    }
  }
}

async function identityOf(meta: FileMetaUids, finder: IdentityFinder | undefined): Promise<RestoredIdentity> {
  const found = await finder?.finish();
  return {
    sopInstanceUid: meta.sopInstanceUid,
    studyInstanceUid: found?.studyInstanceUid ?? '',
    seriesInstanceUid: found?.seriesInstanceUid ?? '',
  };
}

/** Finds study and series in the dataset of an object that nothing describes. */
class IdentityFinder {
  readonly #digest: Part10Digest;
  #scanner: HeaderScanner | undefined;
  #head: Buffer[] = [];
  #scanned = 0;

  constructor(digest: Part10Digest) {
    this.#digest = digest;
  }

  /** Call after the digest has seen the same bytes. */
  async push(part: Buffer): Promise<void> {
    if (this.#scanned > scannedBytes) return;
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

  async finish(): Promise<{ readonly studyInstanceUid?: string; readonly seriesInstanceUid?: string }> {
    const result = await this.#scanner?.finish();
    return result?.tag === 'readable' ? result.identity : {};
  }
}
