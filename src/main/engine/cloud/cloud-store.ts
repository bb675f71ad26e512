/**
 * One small interface in front of every cloud. Implementations pass test/contract/cloud-store.ts.
 * All methods throw EdgeSyncError with a cloud-* code (object-missing for an absent name); none retries by itself:
 * the retry policy of upload/ decides. Names are relative to the destination's prefix.
 */

export interface ObjectSource {
  readonly sizeBytes: number;
  /**
   * Ciphertext from `start`; may be called again for a retry or a resumed upload. A chunk may be used until the next one
   * is asked for, not longer.
   */
  read(start: number): AsyncIterable<Buffer>;
  /** All of it in a buffer that is the caller's, for what is small; where it is missing, `read` is gathered. */
  whole?(): Promise<Buffer>;
}

export interface StoredObject {
  readonly name: string;
  readonly sizeBytes: number;
  readonly etag: string;
}

export type PutOutcome =
  /** Stored now. The service itself checked every byte's checksum, and length and etag were read back. */
  | { readonly tag: 'created'; readonly etag: string; readonly sizeBytes: number }
  /** Something is there already under this name; nothing was overwritten. */
  | { readonly tag: 'exists' };

export interface CloudStore {
  readonly kind: 'azure' | 's3' | 'folder';
  /**
   * Create-only. Resumes blocks left by an earlier attempt of the same bytes.
   * `onProgress` gets the bytes confirmed by the service so far.
   */
  putIfAbsent(
    name: string,
    source: ObjectSource,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (confirmedBytes: number) => void },
  ): Promise<PutOutcome>;
  stat(name: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  read(name: string, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Names that start with `prefix`, in name order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /** Can this credential reach the container and does the PC's clock agree? Throws what is wrong. */
  check(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Repaired copies of one object; one that is damaged more often than that is an incident for a person. */
export const maxRepairs = 9;

/** Names below the prefix. */
export const cloudNames = {
  object: (objectName: string): string => `objects/${objectName.slice(0, 2)}/${objectName}.cms`,
  /**
   * Where a good copy goes when a damaged one lies under the object's own name: nothing is ever overwritten, so a
   * reader tries these in order after it. `repair` from 1 to `maxRepairs`.
   */
  repairedObject: (objectName: string, repair: number): string =>
    `objects/${objectName.slice(0, 2)}/${objectName}.r${repair}.cms`,
  manifest: (installationId: string, sequence: number): string =>
    `manifests/${installationId}/${String(sequence).padStart(10, '0')}.cms`,
  manifests: 'manifests/',
  objects: 'objects/',
  /** The archive key sealed to the recovery certificate, with its HMAC: what a new PC starts from. */
  archiveKey: (archiveId: string): string => `keys/${archiveId}.json`,
  /** That of a later recovery kit: nothing is overwritten. `fingerprint`: of its certificate, 64 hex digits. */
  archiveKeyOfKit: (archiveId: string, fingerprint: string): string =>
    `keys/${archiveId}-${fingerprint.slice(0, 16)}.json`,
  keys: 'keys/',
  /** Sealed backups of settings, pairings and CA: one numbered chain per installation. */
  backup: (installationId: string, number: number): string =>
    `backups/${installationId}/${String(number).padStart(10, '0')}.cms`,
  backups: 'backups/',
} as const;
