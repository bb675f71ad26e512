import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import { sha256Of, wholeSource } from './manifest-writer.ts';
import { maxManifestBytes } from './manifest.ts';

/** The archive key sealed to the recovery certificate: what a new PC starts from. */
export interface ArchiveKeyRecordBytes {
  readonly archiveId: string;
  readonly bytes: Buffer;
}

export interface DestinationLinkDeps {
  /** Name in the configuration. */
  readonly destination: string;
  readonly installationId: string;
  readonly queue: Pick<UploadQueue, 'manifestHead'>;
  /** Opens the store with the credential as it is now. Throws cloud-secret-missing, cloud-secret-malformed, keychain-*. */
  readonly connect: () => Promise<CloudStore>;
  readonly archiveKeyRecord: () => ArchiveKeyRecordBytes;
}

/**
 * The connection to one destination, made when first needed and again after `drop`. It counts as open only when the
 * credential works, the clocks agree, this installation's chain ends there as it was left, and the archive key record
 * is there: an upload that nobody could ever open is worth nothing.
 */
export class DestinationLink {
  readonly #deps: DestinationLinkDeps;
  #store: CloudStore | undefined;

  constructor(deps: DestinationLinkDeps) {
    this.#deps = deps;
  }

  /** The open store, if there is one. */
  get store(): CloudStore | undefined {
    return this.#store;
  }

  /** @throws EdgeSyncError of the store; cloud-secret-*, keychain-*, manifest-broken, archive-key-conflict. */
  async open(signal: AbortSignal): Promise<void> {
    const store = await this.#deps.connect();
    try {
      await store.check(signal);
      await this.#checkChain(store, signal);
      await this.#keepArchiveKey(store, signal);
    } catch (error) {
      await store.close();
      throw error;
    }
    this.#store = store;
  }

  /** Forgets the connection: the next one reads the credential anew. */
  async drop(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
  }

  /**
   * What counts as verified must still be there: a destination is known by its name, and behind that may stand another
   * container by now, or the same one set back to an earlier day.
   */
  async #checkChain(store: CloudStore, signal: AbortSignal): Promise<void> {
    const { queue, destination, installationId } = this.#deps;
    const head = queue.manifestHead(destination);
    if (head === undefined) return;
    const name = cloudNames.manifest(installationId, head.sequence);
    let found: string;
    try {
      found = await sha256Of(store, name, maxManifestBytes, signal);
    } catch (error) {
      if (!(error instanceof EdgeSyncError) || error.code !== 'object-missing') throw error;
      throw new EdgeSyncError('manifest-broken', `list ${head.sequence} of this PC is not there any more`);
    }
    if (found !== head.sha256) {
      throw new EdgeSyncError('manifest-broken', `list ${head.sequence} is not the one this PC stored`);
    }
  }

  /** Create-only. A different record under the same name would leave the printed words useless: that is an alarm. */
  async #keepArchiveKey(store: CloudStore, signal: AbortSignal): Promise<void> {
    const { archiveId, bytes } = this.#deps.archiveKeyRecord();
    const name = cloudNames.archiveKey(archiveId);
    const outcome = await store.putIfAbsent(name, wholeSource(bytes), { signal });
    if (outcome.tag === 'created') return;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of store.read(name, signal)) {
      size += chunk.length;
      if (size > bytes.length) break;
      chunks.push(chunk);
    }
    if (size !== bytes.length || !Buffer.concat(chunks).equals(bytes)) {
      throw new EdgeSyncError('archive-key-conflict');
    }
  }
}
