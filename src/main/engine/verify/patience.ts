import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';

const attempts = 6;
const firstRetryMs = 500;

export type Patiently = <T>(attempt: () => Promise<T>) => Promise<T>;

/** Tries again what may pass, with growing pauses. What it rejects with is `cancelled` once `signal` has aborted. */
export function patience(clock: Clock, signal: AbortSignal): Patiently {
  return async (attempt) => {
    for (let tried = 1; ; tried += 1) {
      stopIfAborted(signal);
      try {
        return await attempt();
      } catch (error) {
        stopIfAborted(signal, error);
        if (!(error instanceof EdgeSyncError) || error.persistence !== 'transient') throw error;
        if (!error.code.startsWith('cloud-') || tried >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, firstRetryMs * 2 ** (tried - 1));
        await clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  };
}

function stopIfAborted(signal: AbortSignal, cause?: unknown): void {
  if (signal.aborted) throw new EdgeSyncError('cancelled', undefined, { cause });
}
