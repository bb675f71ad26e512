import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import type { Patiently } from './rebuild.ts';

const attempts = 6;
const firstRetryMs = 500;

/** Tries again what may pass, six times in all, with growing pauses. Throws `cancelled` once the signal aborts. */
export function patience(clock: Clock, signal: AbortSignal): Patiently {
  return async (attempt) => {
    for (let tried = 1; ; tried += 1) {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof EdgeSyncError) || error.persistence !== 'transient') throw error;
        if (error.code.startsWith('disk-') || error.code === 'internal' || tried >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, firstRetryMs * 2 ** (tried - 1));
        await clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  };
}
