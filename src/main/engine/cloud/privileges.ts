import type { CloudStore } from './cloud-store.ts';

/** One thing that `config check` tells about a credential or the place it leads to. */
export interface Finding {
  /** warning: more can go wrong than has to. note: as it should be, or not to be seen. */
  readonly level: 'warning' | 'note';
  /** A sentence in English; holds no secret. */
  readonly text: string;
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

/**
 * What a credential that can destroy means, given what protects the place.
 * @param can "delete", "overwrite", "delete and overwrite".
 */
export function judged(
  can: string,
  protection: 'protected' | 'unprotected' | 'unknown',
  how: string,
): Finding {
  switch (protection) {
    case 'protected':
      return note(`The credential can ${can} objects, but ${how}.`);
    case 'unprotected':
      return warning(
        `The credential can ${can} objects and nothing protects them: turn on versioning or immutability, or use a narrower credential (docs/cloud-setup.md).`,
      );
    case 'unknown':
      return warning(
        `The credential can ${can} objects, and it may not see whether anything protects them: check versioning and immutability yourself (docs/cloud-setup.md).`,
      );
  }
}
