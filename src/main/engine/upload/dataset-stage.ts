import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DatasetStore } from '../cloud/dataset-store.ts';
import type { DatasetProofs } from '../queue/dataset-proofs.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { deliverDataset, type DatasetDeliveryDeps } from './dataset-delivery.ts';
import { dueProbe, type ProbeDeps } from './probe.ts';
import {
  damageOf,
  Sender,
  type Attempt,
  type Chore,
  type SenderDeps,
  type Traffic,
  type Way,
} from './sender.ts';

export interface DatasetStageDeps extends SenderDeps, DatasetDeliveryDeps, ProbeDeps {
  /** Its address: what counts as verified was proven there. */
  readonly url: string;
  readonly queue: SenderDeps['queue'] &
    ProbeDeps['queue'] &
    Pick<UploadQueue, 'markDatasetVerified' | 'manifestHead'>;
  readonly proofs: Pick<DatasetProofs, 'placeOf' | 'keepPlace'>;
  /** Opens the store with the credential as it is now. Throws cloud-secret-*, pacs-certificate-file, keychain-*. */
  readonly connect: () => Promise<DatasetStore>;
}

/**
 * Sends the queue of one destination that must read the images: in clear, without manifests and records, and `verified`
 * by a proof of its own.
 */
export class DatasetStage extends Sender<DatasetStore> {
  constructor(deps: DatasetStageDeps) {
    super(deps, new DatasetWay(deps));
  }
}

class DatasetWay implements Way<DatasetStore> {
  readonly #deps: DatasetStageDeps;
  #store: DatasetStore | undefined;

  constructor(deps: DatasetStageDeps) {
    this.#deps = deps;
  }

  get store(): DatasetStore | undefined {
    return this.#store;
  }

  /** A destination is known by its name: what counts as verified must have been proven at this address. */
  async connect(signal: AbortSignal): Promise<void> {
    const { queue, destination, proofs, url, connect } = this.#deps;
    const before = proofs.placeOf(destination);
    if (queue.manifestHead(destination) !== undefined || (before !== undefined && before !== url)) {
      throw new EdgeSyncError('destination-changed', destination);
    }
    const store = await connect();
    try {
      await store.check(signal);
    } catch (error) {
      await store.close();
      throw error;
    }
    this.#store = store;
  }

  async drop(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
  }

  /** Never: what is cut off begins anew. */
  isResumable(): boolean {
    return false;
  }

  async attempt(
    job: UploadJob,
    store: DatasetStore,
    options: { readonly signal: AbortSignal; readonly onProgress: (confirmedBytes: number) => void },
  ): Promise<Attempt> {
    const { queue, destination, logger, proofs, url } = this.#deps;
    const outcome = await deliverDataset(job, store, this.#deps, options);
    switch (outcome.tag) {
      case 'proven':
        return {
          tag: 'sent',
          record: async () => {
            if (proofs.placeOf(destination) === undefined) await proofs.keepPlace(destination, url);
            await queue.markDatasetVerified(job.instanceId, destination, outcome.proof);
            logger.info('upload.verified', { destination, instances: 1, proof: outcome.proof.tag });
          },
        };
      case 'local-damage':
        return damageOf(job, outcome.error, queue);
    }
  }

  dueChore(store: DatasetStore, traffic: Traffic): Chore | number | undefined {
    // It asks and stores nothing: what is put into a PACS stays there among the patients.
    return dueProbe(this.#deps, traffic, (signal) => store.check(signal));
  }
}
