import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { ManifestHead } from '../queue/queue-types.ts';
import { sha256Of, wholeSource } from './manifest-writer.ts';
import { maxManifestBytes } from './manifest.ts';

/** The archive key sealed to the recovery certificate: what a new PC starts from. */
export interface ArchiveKeyRecordBytes {
  readonly archiveId: string;
  /** Of a later recovery kit, whose record has a name of its own; undefined: the archive's first. */
  readonly fingerprint: string | undefined;
  readonly bytes: Buffer;
}

export interface DestinationLinkDeps {
  /** Name in the configuration. */
  readonly destination: string;
  readonly installationId: string;
  readonly queue: Pick<UploadQueue, 'manifestHead'>;
  /** Opens the store with the credential as it is now. Throws cloud-secret-missing, cloud-secret-malformed, keychain-*. */
  readonly connect: () => Promise<CloudStore>;
  /** Of every recovery kit in force: two while a replacement waits for its drill. */
  readonly archiveKeyRecords: () => readonly ArchiveKeyRecordBytes[];
}

/**
 * The connection to one destination, made when first needed and again after `drop`. It counts as open only when the
 * credential works, the clocks agree, this installation's chain ends there as it was left, and the archive key record
 * is there: an upload that nobody could ever open is worth nothing.
 */
export class DestinationLink {
  readonly #deps: DestinationLinkDeps;
  #store: CloudStore | undefined;
  /** Which records are known to be there. */
  #kept = '';

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
      await this.#keepRecords(store, signal);
    } catch (error) {
      await store.close();
      throw error;
    }
    this.#store = store;
  }

  /**
   * Looks again whether the chain still ends as this PC left it: a connection may stay open for weeks.
   * @throws EdgeSyncError `manifest-broken`; those of the store.
   */
  async recheck(signal: AbortSignal): Promise<void> {
    if (this.#store !== undefined) await this.#checkChain(this.#store, signal);
  }

  /** False when a kit came into force since: its record must be there before anything more is sent. */
  get hasRecords(): boolean {
    return this.#kept === marksOf(this.#deps.archiveKeyRecords());
  }

  /** Stores the records of kits that came into force since the connection was opened. @throws as `open`. */
  async keepRecords(signal: AbortSignal): Promise<void> {
    if (this.#store !== undefined) await this.#keepRecords(this.#store, signal);
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
      if (store.kind === 'folder' && (await isEmpty(store, signal))) {
        // What a share leaves behind that is not connected: an empty folder, on the disk of this PC.
        throw new EdgeSyncError('cloud-unreachable', 'the folder holds nothing: is the share connected?');
      }
      throw new EdgeSyncError('manifest-broken', `list ${head.sequence} of this PC is not there any more`);
    }
    if (found !== head.sha256) {
      throw new EdgeSyncError('manifest-broken', `list ${head.sequence} is not the one this PC stored`);
    }
    await this.#checkNobodyElse(head, store, signal);
  }

  /** A copied data folder has the same id: two PCs would write one chain, and each hide from the other what it has. */
  async #checkNobodyElse(head: ManifestHead, store: CloudStore, signal: AbortSignal): Promise<void> {
    if (head.next === 'may-be-stored') return;
    const { queue, destination, installationId } = this.#deps;
    const next = await store.stat(cloudNames.manifest(installationId, head.sequence + 1), signal);
    // Asked again: a list of our own may have been written meanwhile.
    const now = queue.manifestHead(destination);
    const isStill = now?.sequence === head.sequence && now.next === 'not-written';
    if (next === undefined || !isStill) return;
    throw new EdgeSyncError(
      'manifest-broken',
      `list ${head.sequence + 1} was written by another installation with a copy of this data folder`,
    );
  }

  async #keepRecords(store: CloudStore, signal: AbortSignal): Promise<void> {
    const records = this.#deps.archiveKeyRecords();
    if (records.length === 0) throw new EdgeSyncError('recovery-missing');
    for (const record of records) await this.#keepArchiveKey(record, store, signal);
    this.#kept = marksOf(records);
  }

  /** Create-only. A different record under the same name would leave the printed words useless: that is an alarm. */
  async #keepArchiveKey(
    { archiveId, fingerprint, bytes }: ArchiveKeyRecordBytes,
    store: CloudStore,
    signal: AbortSignal,
  ): Promise<void> {
    const name =
      fingerprint === undefined
        ? cloudNames.archiveKey(archiveId)
        : cloudNames.archiveKeyOfKit(archiveId, fingerprint);
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

function marksOf(records: readonly ArchiveKeyRecordBytes[]): string {
  return records.map(({ archiveId, fingerprint }) => `${archiveId}-${fingerprint ?? ''}`).join(' ');
}

/** True when there is neither a list nor an object, of whatever PC. */
async function isEmpty(store: CloudStore, signal: AbortSignal): Promise<boolean> {
  for (const prefix of [cloudNames.manifests, cloudNames.objects]) {
    for await (const _any of store.list(prefix, signal)) return false;
  }
  return true;
}
