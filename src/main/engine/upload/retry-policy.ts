/**
 * What is tried again, and when. The one place for it (docs/architecture.md): attempts are unlimited, the wait is
 * drawn from a window that doubles ("full jitter"), so that many PCs that lost the same cloud do not come back at once.
 */
import type { EdgeSyncError, ErrorCode } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';

export const firstWindowMs = 1000;
/** No object waits longer than this for its next attempt. */
export const longestWindowMs = 15 * 60_000;
/** Everything that waits is tried again this often, whatever its own wait (a clock set back, a missed wake-up). */
export const sweepEveryMs = 10 * 60_000;
/** A destination that is down is probed with one request at least this often: cheap, and the backlog goes on soon. */
export const longestGateMs = 60_000;
/** A refused credential is tried again this rarely: it takes a person, who wakes us when done. */
export const firstPauseMs = 30_000;

/**
 * @param attempts those that failed, this one included (1 and up).
 * @returns milliseconds to wait: uniform below 1 s times 2^(attempts - 1), at most `ceilingMs`.
 */
export function backoffMs(attempts: number, random: Random, ceilingMs = longestWindowMs): number {
  const window = Math.min(ceilingMs, firstWindowMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30));
  return Math.round(random.fraction() * window);
}

/** Like `backoffMs`, but never before the time the server asked for (Retry-After). */
export function nextWaitMs(
  error: EdgeSyncError,
  attempts: number,
  random: Random,
  ceilingMs?: number,
): number {
  const own = backoffMs(attempts, random, ceilingMs);
  return error.retryAfterMs === undefined ? own : error.retryAfterMs + Math.min(own, firstWindowMs);
}

/**
 * retry: this object again later. pause: the whole destination waits, no attempt is used up. park: a person has to
 * look at this object.
 */
export type Disposition = 'retry' | 'pause' | 'park';

/** Codes that are about this one object: it is not sent again until somebody has looked. */
const parked: ReadonlySet<ErrorCode> = new Set([
  'object-format',
  'object-tampered',
  'object-truncated',
  'object-no-recipient',
  'cloud-conflict',
  'cloud-refused',
  'pacs-refused',
  'pacs-too-large',
  'pacs-copy-differs',
  'pacs-copy-unproven',
]);

/** Codes about keys and enrolment: nothing can be opened or sealed until they are mended. */
const pausing: ReadonlySet<ErrorCode> = new Set([
  'keychain-unavailable',
  'keychain-entry-missing',
  'passphrase-missing',
  'passphrase-wrong',
  'key-file-damaged',
  'recovery-missing',
  'recovery-not-proven',
  'manifest-broken',
]);

/** What an error means for the object or list that was on its way. */
export function dispositionOf(error: EdgeSyncError): Disposition {
  if (error.persistence === 'paused' || pausing.has(error.code)) return 'pause';
  return parked.has(error.code) ? 'park' : 'retry';
}
