import { toEdgeSyncError, type EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { isAboutTheCopy, type SealerFactory } from '../seal/seal-port.ts';
import { deliver, type DeliverDeps } from './deliver.ts';
import { DestinationLink, type DestinationLinkDeps } from './destination-link.ts';
import { ManifestWriter } from './manifest-writer.ts';
import { maxManifestEntries, type ManifestMac } from './manifest.ts';
import { dueProbe, probe, type ProbeDeps } from './probe.ts';
import {
  damageOf,
  Sender,
  type Attempt,
  type Chore,
  type SenderDeps,
  type Traffic,
  type Way,
} from './sender.ts';

/** A manifest is written when this long has gone by since its oldest entry was uploaded, ... */
const manifestMaxWaitMs = 2000;
/** ... or when nothing has been under way for this long: an image at the end of a study need not wait. */
const manifestIdleMs = 200;
/** How often an open connection is asked whether this installation's lists are still there as they were left. */
export const chainCheckEveryMs = 60 * 60_000;
/** Larger objects are sent in blocks, and go on with the next one later. */
const wholeObjectBytes = 4 * 1024 * 1024;

export interface UploadStageDeps extends SenderDeps, DeliverDeps, DestinationLinkDeps, ProbeDeps {
  readonly queue: UploadQueue;
  readonly sealers: SealerFactory;
  readonly manifestMac: ManifestMac;
  readonly archiveId: string;
  /**
   * Gives an object that was sealed to another (or no) recovery certificate the current one, and records it.
   * Resolves with the job as it is now, undefined when the row has moved on.
   */
  readonly rehead: (job: UploadJob) => Promise<UploadJob | undefined>;
}

/** Sends one destination's queue to an archive: sealed objects, manifests that name them, the daily probe. */
export class UploadStage extends Sender<CloudStore> {
  constructor(deps: UploadStageDeps) {
    super(deps, new ArchiveWay(deps));
  }
}

class ArchiveWay implements Way<CloudStore> {
  readonly #deps: UploadStageDeps;
  readonly #link: DestinationLink;
  readonly #manifests: ManifestWriter;
  #nextChainCheckMs = 0;
  /** Monotonic; while objects are under way, no list is due before. */
  #noManifestBeforeMs = 0;

  constructor(deps: UploadStageDeps) {
    this.#deps = deps;
    this.#link = new DestinationLink(deps);
    this.#manifests = new ManifestWriter({ ...deps, mac: deps.manifestMac });
  }

  get store(): CloudStore | undefined {
    return this.#link.store;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#link.open(signal);
    this.#chainIsGood();
  }

  drop(): Promise<void> {
    return this.#link.drop();
  }

  beforeObjects(): Chore | undefined {
    if (this.#link.hasRecords) return undefined;
    return { what: 'records', run: (signal) => this.#link.keepRecords(signal) };
  }

  isResumable(sizeBytes: number): boolean {
    return sizeBytes > wholeObjectBytes;
  }

  async attempt(
    claimed: UploadJob,
    store: CloudStore,
    options: { readonly signal: AbortSignal; readonly onProgress: (confirmedBytes: number) => void },
  ): Promise<Attempt> {
    const { queue, destination, sealers, rehead } = this.#deps;
    let job = claimed;
    if (claimed.recoveryFingerprint !== sealers.recoveryFingerprint) {
      try {
        const reheaded = await rehead(claimed);
        if (reheaded === undefined) return { tag: 'moved-on' };
        job = reheaded;
      } catch (error) {
        if (!isAboutTheCopy(error)) throw toEdgeSyncError(error);
        return this.#damage(claimed, error);
      }
    }
    const outcome = await deliver(job, store, this.#deps, options);
    switch (outcome.tag) {
      case 'uploaded':
        return {
          tag: 'sent',
          record: () => queue.markUploaded(job.instanceId, destination, outcome.proof),
        };
      case 'conflict':
        return outcome;
      case 'local-damage':
        return this.#damage(job, outcome.error);
    }
  }

  dueChore(store: CloudStore, traffic: Traffic): Chore | number | undefined {
    const { active, lastFinishedMs, heldMs } = traffic;
    const { clock, queue, destination, installationId, random } = this.#deps;
    const quietMs = this.#noManifestBeforeMs - clock.monotonicMs();
    if (active > 0 && quietMs > 0) return quietMs;
    const backlog = queue.manifestBacklog(destination);
    if (backlog.count > 0) {
      const idleMs =
        active > 0 ? Number.POSITIVE_INFINITY : lastFinishedMs + manifestIdleMs - clock.monotonicMs();
      const waitMs = Math.max(heldMs, this.#manifestWaitMs(backlog, idleMs));
      if (waitMs <= 0) return { what: 'manifest', run: (signal) => this.#writeManifest(store, signal) };
      this.#noManifestBeforeMs = clock.monotonicMs() + Math.min(waitMs, manifestMaxWaitMs);
      return waitMs;
    }
    const chainWaitMs = Math.max(heldMs, this.#nextChainCheckMs - clock.monotonicMs());
    if (chainWaitMs <= 0) return { what: 'chain', run: (signal) => this.#checkChain(signal) };
    const due = dueProbe(this.#deps, traffic, (signal) => probe(store, installationId, random, signal));
    return typeof due === 'number' ? Math.min(due, chainWaitMs) : due;
  }

  async finish(store: CloudStore, signal: AbortSignal): Promise<void> {
    while ((await this.#manifests.writeNext(store, signal)) > 0) continue;
  }

  #damage(job: UploadJob, error: EdgeSyncError): Attempt {
    return damageOf(job, error, this.#deps.queue);
  }

  #manifestWaitMs(
    { count, oldestAtMs }: { readonly count: number; readonly oldestAtMs?: number | undefined },
    idleMs: number,
  ): number {
    if (count >= maxManifestEntries) return 0;
    const ageMs = this.#deps.clock.nowMs() - (oldestAtMs ?? 0);
    // A clock set back makes an age below zero: then it has waited long enough.
    const oldMs = ageMs < 0 ? 0 : manifestMaxWaitMs - ageMs;
    return Math.max(0, Math.min(idleMs, oldMs));
  }

  async #writeManifest(store: CloudStore, signal: AbortSignal): Promise<void> {
    const verified = await this.#manifests.writeNext(store, signal);
    this.#deps.logger.info('upload.verified', { destination: this.#deps.destination, instances: verified });
  }

  async #checkChain(signal: AbortSignal): Promise<void> {
    await this.#link.recheck(signal);
    this.#chainIsGood();
  }

  #chainIsGood(): void {
    this.#nextChainCheckMs = this.#deps.clock.monotonicMs() + chainCheckEveryMs;
  }
}
