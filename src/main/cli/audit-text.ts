import { assertNever } from '../../shared/assert-never.ts';
import type { AuditBreak } from '../../shared/contract-audit.ts';

/** What does not hold, as half a sentence: where, and of which kind. */
export function auditBreakText({ kind, from, to }: AuditBreak): string {
  const one = from === to;
  const entries = one ? `entry ${from}` : `entries ${from} to ${to}`;
  switch (kind) {
    case 'changed':
      return `${entries} ${one ? 'does not say what it said' : 'do not say what they said'} when written`;
    case 'missing':
      return `${entries} ${one ? 'is' : 'are'} missing`;
    case 'order':
      return `${entries} ${one ? 'is' : 'are'} not in the order in which they were written`;
    case 'before-chain':
      return `${entries}, from before the chain, are not those that its first entry states`;
    case 'cut-off':
      return `the end is cut off: ${entries} ${one ? 'was' : 'were'} there once`;
    case 'rewritten':
      return `${entries} ${one ? 'is' : 'are'} not the one that was there once: the trail was cut off or set back, and went on`;
    default:
      return assertNever(kind);
  }
}
