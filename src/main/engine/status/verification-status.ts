import type { VerificationStatus } from '../../../shared/status.ts';
import type { VerificationFacts } from '../queue/verification-types.ts';

/** What the looks at cloud copies have found, per destination. */
export function verificationStatus(facts: readonly VerificationFacts[]): VerificationStatus {
  return {
    destinations: facts.map((one) => ({
      name: one.destination,
      copies: one.copies,
      everChecked: one.everChecked,
      checked: one.checked,
      foundMissing: one.foundMissing,
      foundDamaged: one.foundDamaged,
      mended: one.mended,
      bad: one.troubled,
      lastCheckedAt: isoOrNull(one.lastCheckedAtMs),
      lastResult: one.lastResult,
      oldestProofAt: isoOrNull(one.oldestProofAtMs),
    })),
  };
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
