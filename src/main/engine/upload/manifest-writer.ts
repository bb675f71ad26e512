import { createHash } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore, type ObjectSource } from '../cloud/cloud-store.ts';
import type { Clock } from '../ports.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { ManifestBatch } from '../queue/queue-types.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import { encodeManifest, maxManifestEntries, type ManifestMac } from './manifest.ts';

export type ManifestQueue = Pick<
  UploadQueue,
  'manifestBacklog' | 'takeManifestBatch' | 'keepManifest' | 'markVerified'
>;

export interface ManifestWriterDeps {
  readonly destination: string;
  readonly queue: ManifestQueue;
  readonly sealers: SealerFactory;
  readonly mac: ManifestMac;
  readonly installationId: string;
  readonly archiveId: string;
  readonly clock: Clock;
}

/**
 * Writes this installation's chain at one destination. The bytes of a manifest are kept locally before they are sent,
 * so after a crash exactly the same ones are sent again: an entry is neither lost nor doubled.
 */
export class ManifestWriter {
  readonly #deps: ManifestWriterDeps;

  constructor(deps: ManifestWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Writes one manifest with what waits. @returns how many instances became verified, 0 when nothing waited.
   * @throws EdgeSyncError of the store; `manifest-broken` when other bytes lie under the next number: another
   * installation goes by the same id (a copied data folder), or the cloud was tampered with.
   */
  async writeNext(store: CloudStore, signal: AbortSignal): Promise<number> {
    const { queue, destination, installationId } = this.#deps;
    const batch = queue.takeManifestBatch(destination, maxManifestEntries);
    if (batch === undefined) return 0;
    const sealed = batch.sealed ?? (await this.#sealAndKeep(batch));
    const sha256 = createHash('sha256').update(sealed).digest('hex');
    const name = cloudNames.manifest(installationId, batch.sequence);
    const outcome = await store.putIfAbsent(name, wholeSource(sealed), { signal });
    switch (outcome.tag) {
      case 'created':
        break;
      case 'exists':
        // An earlier attempt whose answer was lost. Equal bytes are ours; anything else is not to be built on.
        if ((await sha256Of(store, name, sealed.length, signal)) !== sha256) {
          throw new EdgeSyncError('manifest-broken', `another list lies under number ${batch.sequence}`);
        }
    }
    await queue.markVerified(batch, sha256);
    return batch.instances.length;
  }

  async #sealAndKeep(batch: ManifestBatch): Promise<Buffer> {
    const { archiveId, installationId, mac, clock, sealers, queue } = this.#deps;
    const { sequence, previousSha256 } = batch;
    const createdAt = new Date(clock.nowMs()).toISOString();
    const { audit } = batch;
    const header = { installationId, archiveId, sequence, previousSha256, createdAt, audit };
    const sealed = sealBytes(sealers, encodeManifest(header, batch.instances, mac));
    await queue.keepManifest(batch, sealed);
    return sealed;
  }
}

export function sealBytes(sealers: SealerFactory, content: Buffer): Buffer {
  const sealer = sealers.create();
  const out: Buffer[] = [sealer.head];
  sealer.update(content, out);
  sealer.finish(out);
  return Buffer.concat(out);
}

export function wholeSource(bytes: Buffer): ObjectSource {
  return {
    sizeBytes: bytes.length,
    async *read(start) {
      await Promise.resolve();
      if (start < bytes.length) yield bytes.subarray(start);
    },
  };
}

/** SHA-256 (hex) of what is stored; '' for more than `atMostBytes`: that is none of ours. @throws as `CloudStore.read`. */
export async function sha256Of(
  store: CloudStore,
  name: string,
  atMostBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  let seen = 0;
  for await (const chunk of store.read(name, signal)) {
    seen += chunk.length;
    if (seen > atMostBytes) return '';
    hash.update(chunk);
  }
  return hash.digest('hex');
}
