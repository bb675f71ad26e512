import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';

/** A request without payload is answered within this time, or the cloud counts as unreachable. */
const answerDeadlineMs = 60_000;
/** A payload has to move at least this fast over its whole time: below, a retry at another moment is worth more. */
const leastBytesPerSecond = 4 * 1024;

/** Who ended a request that failed. */
export type EndedBy = 'by-service' | 'by-caller' | 'by-deadline';

/**
 * Runs one request with a deadline of ours for `sizeBytes` of payload, cancelled with the caller's signal.
 * @throws what `map` makes of the failure; EdgeSyncError `cancelled`.
 */
export async function runRequest<T>(
  clock: Clock,
  sizeBytes: number,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
  map: (error: unknown, ended: EndedBy) => EdgeSyncError,
): Promise<T> {
  if (signal?.aborted === true) throw new EdgeSyncError('cancelled');
  const controller = new AbortController();
  let ended: EndedBy = 'by-service';
  const end = (by: EndedBy): void => {
    ended = by;
    controller.abort();
  };
  const onAbort = (): void => end('by-caller');
  signal?.addEventListener('abort', onAbort, { once: true });
  const deadlineMs = answerDeadlineMs + (sizeBytes / leastBytesPerSecond) * 1000;
  const timer = clock.after(deadlineMs, () => end('by-deadline'));
  try {
    return await request(controller.signal);
  } catch (error) {
    throw map(error, ended);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * For a request whose body takes longer than its answer: the deadline's signal ends it until the answer is there, the
 * caller's own (and whoever reads the body) after that.
 */
export async function untilAnswered<T>(
  deadline: AbortSignal,
  caller: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const onAbort = (): void => own.abort();
  if (deadline.aborted) onAbort();
  deadline.addEventListener('abort', onAbort, { once: true });
  try {
    return await request(caller === undefined ? own.signal : AbortSignal.any([own.signal, caller]));
  } finally {
    deadline.removeEventListener('abort', onAbort);
  }
}
