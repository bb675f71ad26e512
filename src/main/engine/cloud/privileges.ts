import { enFindings, findingText } from '../../../shared/credential-findings.ts';
import type { FindingFact, FindingHow, FindingVerb } from '../../../shared/credential-findings.ts';
import type { CloudStore } from './cloud-store.ts';

/** One thing that `config check` tells about a credential or the place it leads to. */
export interface Finding {
  /** warning: more can go wrong than has to. note: as it should be, or not to be seen. */
  readonly level: 'warning' | 'note';
  /** A sentence in English; holds no secret. */
  readonly text: string;
  /** The same for other languages; what only the command line tells has none. */
  readonly fact?: FindingFact;
}

/** A store that can also tell what its credential may do beyond adding and reading, and what protects the archive. */
export interface InspectableStore extends CloudStore {
  /**
   * Looks, and tries only on objects of its own that hold nothing (checks/...). Call after `check`.
   * @throws EdgeSyncError as `check`; what the credential may not look at is told as a note.
   */
  inspect(signal?: AbortSignal): Promise<readonly Finding[]>;
}

export function warning(text: string): Finding {
  return { level: 'warning', text };
}

export function note(text: string): Finding {
  return { level: 'note', text };
}

/** A finding of the list that other languages have too. */
export function found(level: Finding['level'], fact: FindingFact): Finding {
  return { level, text: findingText(fact, enFindings), fact };
}

/** What a credential that can destroy means, given what protects the place. */
export function judged(
  can: readonly FindingVerb[],
  protection: 'protected' | 'unprotected' | 'unknown',
  how: FindingHow,
): Finding {
  const fact = { can: [...can], how };
  switch (protection) {
    case 'protected':
      return found('note', { code: 'can-protected', ...fact });
    case 'unprotected':
      return found('warning', { code: 'can-unprotected', ...fact });
    case 'unknown':
      return found('warning', { code: 'can-unknown', ...fact });
  }
}
