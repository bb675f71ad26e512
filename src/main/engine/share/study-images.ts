/** The images of a study, each from the first copy that is proven whole: the one of this PC, then the clouds. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { Clock } from '../ports.ts';
import type { InstanceRow } from '../queue/queue-types.ts';
import { readCopies } from '../restore/copies.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';

const attempts = 5;
const firstRetryMs = 500;
const mostRetryMs = 15_000;

/** One image that is to be given out. */
export interface StudyImage {
  readonly objectName: string;
  readonly details: InstanceDetails;
  readonly spoolId: SpoolId | null;
}

/** Opens a copy, proves it and does with it what is to be done; throws object-* about the copy. */
export type UseCopy<T> = (read: () => AsyncIterable<Buffer>) => Promise<T>;

export interface StudyImagesDeps {
  readonly instances: (selection: {
    readonly tag: 'study';
    readonly studyInstanceUid: string;
  }) => Iterable<InstanceRow>;
  readonly spool: Pick<Spool, 'read'>;
  /** The archive's destinations, those that count as safe first. Asked for at the first image that needs them. */
  readonly stores: readonly (() => Promise<CloudStore>)[];
  readonly clock: Clock;
}

export class StudyImages {
  readonly #deps: StudyImagesDeps;
  readonly #open = new Map<number, Promise<CloudStore>>();

  constructor(deps: StudyImagesDeps) {
    this.#deps = deps;
  }

  /** Throws share-study-unknown, share-too-large. */
  list(studyInstanceUid: string, most: number): readonly StudyImage[] {
    const images: StudyImage[] = [];
    for (const { objectName, details, spoolId } of this.#deps.instances({ tag: 'study', studyInstanceUid })) {
      if (images.length === most) throw new EdgeSyncError('share-too-large', `more than ${most}`);
      images.push({ objectName, details, spoolId });
    }
    if (images.length === 0) throw new EdgeSyncError('share-study-unknown');
    return images;
  }

  /**
   * Throws what is wrong with the best copy (object-missing, object-tampered, ...), what the way there throws (cloud-*)
   * once waiting has not helped, and what `use` throws.
   */
  async withCopy<T>(image: StudyImage, use: UseCopy<T>, signal: AbortSignal): Promise<T> {
    const { spool } = this.#deps;
    let failure: EdgeSyncError = new EdgeSyncError('object-missing', 'no copy of one of its images is left');
    const { spoolId } = image;
    if (spoolId !== null) {
      try {
        return await use(() => spool.read(spoolId));
      } catch (error) {
        if (!isAboutTheCopy(error)) throw error;
        failure = error;
      }
    }
    for (const index of this.#deps.stores.keys()) {
      try {
        const found = await this.patiently(
          async () => readCopies(await this.#store(index), image.objectName, ({ read }) => use(read), signal),
          signal,
        );
        if (found.tag === 'read') return found.value;
        if (found.error.code !== 'object-missing') failure = found.error;
      } catch (error) {
        if (!(error instanceof EdgeSyncError) || !error.code.startsWith('cloud-')) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Tries again what may pass, with growing pauses. */
  async patiently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof EdgeSyncError) || !error.code.startsWith('cloud-')) throw error;
        if (error.persistence !== 'transient' || tried >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, firstRetryMs * 2 ** (tried - 1));
        await this.#deps.clock.sleep(Math.min(waitMs, mostRetryMs), signal).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    const stores = await Promise.allSettled(this.#open.values());
    for (const store of stores) if (store.status === 'fulfilled') await store.value.close();
  }

  #store(index: number): Promise<CloudStore> {
    const open = this.#open.get(index) ?? this.#deps.stores[index]?.();
    if (open === undefined) throw new EdgeSyncError('no-destination');
    this.#open.set(index, open);
    // A failed connection is tried anew.
    open.catch(() => this.#open.delete(index));
    return open;
  }
}
