import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { EvictableObject } from '../queue/queue-types.ts';
import type { CopyToCheck } from '../queue/verification-types.ts';
import type { Verification } from '../queue/verification.ts';
import { nameOf } from './check-copy.ts';

export interface EvictionGuardDeps {
  readonly rows: Pick<Verification, 'copy'>;
  readonly destinations: readonly string[];
  readonly connect: (destination: string) => Promise<CloudStore>;
  /** A copy that is not there, or not as long as it was: to be looked at soon. */
  readonly onSuspect: (copy: CopyToCheck) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Many local copies go in one round: the connections are kept so long. */
const keepOpenMs = 30_000;
/** A destination that is down would cost each image of a round a timeout. */
const askAgainMs = 45_000;

/**
 * Asked before the copy on this PC goes: is the cloud's still there, at every destination and as long as it was? One
 * small request each. Where nobody can say, the local copy stays.
 */
export class EvictionGuard {
  readonly #deps: EvictionGuardDeps;
  readonly #open = new Map<string, { readonly store: CloudStore; readonly timer: Cancel }>();

  readonly #ending = new AbortController();
  /** Until when a destination that gave no answer is left alone, monotonic. */
  readonly #silentUntilMs = new Map<string, number>();

  constructor(deps: EvictionGuardDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('eviction') };
  }

  async mayGo({ instanceId }: EvictableObject): Promise<boolean> {
    const { rows, destinations, onSuspect, clock, logger } = this.#deps;
    const { signal } = this.#ending;
    for (const destination of destinations) {
      const copy = rows.copy(destination, instanceId);
      if (copy === undefined || copy.trouble !== null || signal.aborted) return false;
      if (clock.monotonicMs() < (this.#silentUntilMs.get(destination) ?? 0)) return false;
      try {
        const stored = await (await this.#store(destination)).stat(nameOf(copy), signal);
        if (stored?.sizeBytes === copy.objectSizeBytes) continue;
        logger.warn('copy-suspect', {
          destination,
          found: stored === undefined ? 'missing' : 'another size',
        });
        onSuspect(copy);
        return false;
      } catch (error) {
        this.#silentUntilMs.set(destination, clock.monotonicMs() + askAgainMs);
        logger.info('copy-unknown', { destination, code: toEdgeSyncError(error).code });
        return false;
      }
    }
    return destinations.length > 0;
  }

  /** Breaks off a question under way; nothing may go from here on. */
  stop(): void {
    this.#ending.abort(new EdgeSyncError('cancelled'));
  }

  async close(): Promise<void> {
    this.stop();
    for (const destination of [...this.#open.keys()]) await this.#drop(destination);
  }

  async #store(destination: string): Promise<CloudStore> {
    const known = this.#open.get(destination);
    if (known !== undefined) return known.store;
    const store = await this.#deps.connect(destination);
    const timer = this.#deps.clock.after(keepOpenMs, () => {
      this.#drop(destination).catch((error: unknown) =>
        this.#deps.logger.warn('not-closed', { destination, code: toEdgeSyncError(error).code }),
      );
    });
    this.#open.set(destination, { store, timer });
    return store;
  }

  async #drop(destination: string): Promise<void> {
    const known = this.#open.get(destination);
    this.#open.delete(destination);
    known?.timer.cancel();
    await known?.store.close();
  }
}
