/** How long certificates still last, and when somebody has to be told. No I/O. */
import type { CertificateRow } from '../queue/certificates.ts';
import type { CertificateFacts } from './pem.ts';

export const dayMs = 86_400_000;
/** Told once at each, as an incident that somebody answers; after the end it is a standing reason. */
export const warnDays: readonly number[] = [60, 30, 7];
/** This node's own certificate is renewed before the first warning about it. */
export const renewServerDays = 75;

export interface Held {
  readonly row: CertificateRow;
  readonly facts: CertificateFacts;
  /** Itself, or the CA that signed it. */
  readonly isRevoked: boolean;
}

export type Standing = 'valid' | 'expires-soon' | 'expired' | 'not-yet-valid' | 'revoked' | 'replaced';

/** Whole days until the end, rounded down; negative afterwards. */
export function daysLeft({ notAfterMs }: Pick<CertificateFacts, 'notAfterMs'>, nowMs: number): number {
  return Math.floor((notAfterMs - nowMs) / dayMs);
}

export function standingOf({ row, facts, isRevoked }: Held, nowMs: number): Standing {
  if (isRevoked) return 'revoked';
  if (nowMs >= facts.notAfterMs) return 'expired';
  if (nowMs < facts.notBeforeMs) return 'not-yet-valid';
  if (row.replacedBy !== undefined) return 'replaced';
  return daysLeft(facts, nowMs) < (warnDays[0] ?? 0) ? 'expires-soon' : 'valid';
}

/** Whether anybody still relies on it: what was revoked or has a successor may end in silence. */
export function isCounted({ row, isRevoked }: Held): boolean {
  return !isRevoked && row.replacedBy === undefined;
}

/** The step of the countdown that has been reached and was not told yet. */
export function dueWarning({ row, facts }: Held, nowMs: number): number | undefined {
  const left = facts.notAfterMs - nowMs;
  if (left <= 0) return undefined;
  const reached = warnDays.filter((days) => left <= days * dayMs).at(-1);
  if (reached === undefined) return undefined;
  return row.warnedDays !== undefined && row.warnedDays <= reached ? undefined : reached;
}
