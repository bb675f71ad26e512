/** The reminder to try the recovery words: what was never tried again is forgotten, faded, or lost unnoticed. */
import { reportFor, type ErrorReport } from '../../../shared/errors.ts';
import { clockToleranceMs, type StatusInputs } from './status-inputs.ts';

/** A quarter of a year. */
export const drillMaxAgeMs = 90 * 24 * 3_600_000;

/**
 * At most one reason, from the day on which it was due. A drill in the future was dated by a clock that has been set
 * since: nobody knows how old it is, so it is due too.
 */
export function drillDue({
  recovery,
  recoveryProof,
  nowMs,
}: Pick<StatusInputs, 'recovery' | 'recoveryProof' | 'nowMs'>): readonly {
  readonly report: ErrorReport;
  readonly sinceMs: number;
}[] {
  if (recovery !== 'proven' || recoveryProof === undefined) return [];
  const ageMs = nowMs - recoveryProof.atMs;
  if (ageMs >= -clockToleranceMs && ageMs <= drillMaxAgeMs) return [];
  const sinceMs = ageMs < 0 ? nowMs : recoveryProof.atMs + drillMaxAgeMs;
  return [{ report: reportFor('recovery-check-due'), sinceMs }];
}
