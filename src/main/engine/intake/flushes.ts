/** Files of the spool that are being flushed, and how that ended. */
import type { EdgeSyncError } from '../../../shared/errors.ts';
import { toEdgeSyncError } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';

export type Flushed = { readonly tag: 'durable' } | { readonly tag: 'failed'; readonly error: EdgeSyncError };

export class Flushes {
  readonly #underWay = new Map<SpoolId, Promise<Flushed>>();

  /** Never rejects. */
  begin(id: SpoolId, committed: Promise<unknown>): Promise<Flushed> {
    const flushed = committed.then(
      (): Flushed => ({ tag: 'durable' }),
      (error: unknown): Flushed => ({ tag: 'failed', error: toEdgeSyncError(error, 'disk-error') }),
    );
    this.#underWay.set(id, flushed);
    return flushed.finally(() => this.#underWay.delete(id));
  }

  /** Of another stream's file; one that is not being flushed is on the disk already. */
  async of(id: SpoolId): Promise<Flushed> {
    return (await this.#underWay.get(id)) ?? { tag: 'durable' };
  }
}
