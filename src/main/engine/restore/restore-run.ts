import type {
  RestoreEvent,
  RestoreManner,
  RestoreProblem,
  RestoreSelection,
} from '../../../shared/contract-restore.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import { forEachBounded } from './bounded.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import type { ChainHead } from './manifest-chains.ts';
import { Meter } from './meter.ts';
import { ObjectRestorer, type ObjectOutcome } from './object-restorer.ts';
import type { ExpectedObject, RestoreKeys } from './proven-object.ts';
import { isSelected, studyHint } from './selection.ts';
import type { RestoreTarget } from './target.ts';

export interface RestoreCommon {
  readonly keys: RestoreKeys;
  readonly selection: RestoreSelection;
  readonly target: RestoreTarget;
  /** Objects under way at once; default 8. */
  readonly concurrency?: number | undefined;
  readonly unproven?: RestoreManner['unproven'];
  readonly onEvent: (event: RestoreEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RestoreCounts {
  total: number;
  restored: number;
  skipped: number;
  missing: number;
  damaged: number;
  refused: number;
  unproven: number;
  /** Of image files. */
  bytes: number;
  /** Sealed. */
  totalBytes: number;
  doneBytes: number;
}

/** An object to bring back; `sizeBytes` of its sealed bytes, as far as it is known. */
export interface WantedObject extends ExpectedObject {
  readonly sizeBytes: number;
}

/** Brings one object back, from whichever copy fits. `counted` goes around whatever is read for it. */
export type RestoreOne<Wanted extends WantedObject> = (
  restorer: ObjectRestorer,
  wanted: Wanted,
  tools: {
    readonly counted: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
    readonly isSelected: (details: InstanceDetails) => boolean;
  },
) => Promise<ObjectOutcome>;

/** Enough to fill a line, few enough for a small PC. */
const usualConcurrency = 8;
const attempts = 6;
const firstRetryMs = 500;
const progressEveryMs = 250;
/** A node that has refused so many and taken none will not take the rest. */
const hopelessRefusals = 20;

/** One restore from its first event to its last: counts, progress, retries, what is wrong with which object. */
export class RestoreRun {
  readonly #options: RestoreCommon;
  readonly #counts: RestoreCounts = {
    total: 0,
    restored: 0,
    skipped: 0,
    missing: 0,
    damaged: 0,
    refused: 0,
    unproven: 0,
    bytes: 0,
    totalBytes: 0,
    doneBytes: 0,
  };
  readonly #meter: Meter;
  /** Sealed bytes read of objects that are not settled yet. */
  #underWayBytes = 0;
  #lastProgressMs = Number.NEGATIVE_INFINITY;

  constructor(options: RestoreCommon) {
    this.#options = options;
    this.#meter = new Meter(options.clock);
  }

  problem(problem: RestoreProblem): void {
    this.#options.onEvent({ tag: 'problem', problem });
  }

  /**
   * Gives every object of `objects` to `restoreOne`, some at once.
   * @throws EdgeSyncError what makes going on useless: cancelled, cloud-*, peer-*, disk-*, file-not-writable.
   */
  async all<Wanted extends WantedObject>(
    objects: Iterable<Wanted>,
    expected: { readonly total: number; readonly totalBytes: number },
    restoreOne: RestoreOne<Wanted>,
  ): Promise<Readonly<RestoreCounts>> {
    const { keys, target, concurrency = usualConcurrency } = this.#options;
    Object.assign(this.#counts, expected);
    this.#progress('now');
    const opened = await target();
    try {
      const restorer = new ObjectRestorer(keys, opened);
      await forEachBounded(objects, concurrency, (object) => this.#one(restorer, object, restoreOne));
      await opened.finish();
    } finally {
      await opened.close();
    }
    return this.#counts;
  }

  /** The last event: it also says where the chains of manifests end. */
  end(heads: readonly ChainHead[]): void {
    const chosen = heads.map(({ installationId, sequence, createdAt }) => ({
      installationId,
      sequence,
      createdAt,
    }));
    this.#options.onEvent({
      tag: 'progress',
      ...this.#counts,
      ...(chosen.length > 0 ? { heads: chosen } : {}),
    });
  }

  /** Tries again what may pass, with growing pauses. Targets try again by themselves. */
  async patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const { signal, clock } = this.#options;
    for (let tried = 1; ; tried += 1) {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      try {
        return await attempt();
      } catch (error) {
        if (isOver(signal)) throw new EdgeSyncError('cancelled', undefined, { cause: error });
        if (!(error instanceof EdgeSyncError) || error.persistence !== 'transient') throw error;
        if (/^(disk|peer|tls)-|^internal$/.test(error.code) || tried >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, firstRetryMs * 2 ** (tried - 1));
        await clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  }

  async #one<Wanted extends WantedObject>(
    restorer: ObjectRestorer,
    object: Wanted,
    restoreOne: RestoreOne<Wanted>,
  ): Promise<void> {
    const { selection } = this.#options;
    let read = 0;
    const again = (): void => {
      this.#underWayBytes -= read;
      read = 0;
    };
    const counted = async function* (
      this: RestoreRun,
      chunks: AsyncIterable<Buffer>,
    ): AsyncGenerator<Buffer> {
      again();
      for await (const chunk of chunks) {
        // Counted before it is handed on: its memory may be given back there.
        read += chunk.length;
        this.#underWayBytes += chunk.length;
        this.#meter.add(chunk.length);
        this.#progress('if-due');
        yield chunk;
      }
    };
    try {
      if (await restorer.holds(object)) this.#settled(object, { tag: 'skipped', sizeBytes: 0 });
      else {
        const outcome = await restoreOne(restorer, object, {
          counted: (chunks) => counted.call(this, chunks),
          isSelected: (details) => isSelected(selection, details),
        });
        this.#settled(object, outcome);
      }
    } catch (error) {
      this.#failed(object, error);
    } finally {
      again();
    }
    this.#counts.doneBytes += object.sizeBytes;
    this.#progress('if-due');
  }

  #settled(object: WantedObject, outcome: ObjectOutcome): void {
    switch (outcome.tag) {
      case 'restored':
      case 'skipped':
        this.#counts[outcome.tag] += 1;
        this.#counts.bytes += outcome.sizeBytes;
        if (object.details === undefined) this.#counts.unproven += 1;
        break;
      case 'not-selected':
        this.#counts.total -= 1;
    }
  }

  /** Throws again what is not about this object alone. */
  #failed(object: WantedObject, error: unknown): void {
    const counts = this.#counts;
    if (isAboutTheCopy(error)) counts[error.code === 'object-missing' ? 'missing' : 'damaged'] += 1;
    else if (error instanceof EdgeSyncError && error.code === 'peer-refused') {
      counts.refused += 1;
      if (counts.refused >= hopelessRefusals && counts.restored + counts.skipped === 0) throw error;
    } else throw error;
    this.#options.logger.warn('restore.object', { object: object.objectName, code: error.code });
    const study = object.details === undefined ? {} : { study: studyHint(object.details) };
    this.problem({ ...error.report, object: object.objectName, ...study });
  }

  #progress(when: 'now' | 'if-due'): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (when === 'if-due' && nowMs - this.#lastProgressMs < progressEveryMs) return;
    this.#lastProgressMs = nowMs;
    const { totalBytes } = this.#counts;
    const doneBytes = Math.min(totalBytes, this.#counts.doneBytes + this.#underWayBytes);
    const rate = this.#meter.rate();
    this.#options.onEvent({
      tag: 'progress',
      ...this.#counts,
      doneBytes,
      ...(rate === undefined ? {} : { bytesPerSecond: Math.round(rate) }),
      ...(rate === undefined || rate === 0
        ? {}
        : { secondsLeft: Math.round((totalBytes - doneBytes) / rate) }),
    });
  }
}

/** Asked anew: it may have changed while something was awaited. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
