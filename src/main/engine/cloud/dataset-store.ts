/**
 * A place that has to read what it gets, such as a PACS: it is given single DICOM files in clear over TLS, never sealed
 * objects, lists, keys or backups. The sibling of cloud-store.ts, on purpose not the same interface: nothing that
 * restores, verifies or drills can take one for the archive.
 * All methods throw EdgeSyncError with a cloud-* or pacs-* code; none retries by itself.
 */

/** What names an instance in URLs and answers: UIDs of the image (PS3.18 10.1). */
export interface DatasetIdentity {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** A whole DICOM file (PS3.10) in clear, read once. Its reading fails at its end when it was not what it should be. */
export type DatasetBytes = AsyncIterable<Buffer>;

/** What came of fetching an instance back. */
export type Retrieved =
  /** All of it was handed on. */
  | { readonly tag: 'whole' }
  | { readonly tag: 'absent' }
  /** More than `maxBytes`: it is another file, however it goes on. */
  | { readonly tag: 'longer' }
  /** The service does not give files out, or not to this credential. */
  | { readonly tag: 'not-given' };

export interface DatasetStore {
  readonly kind: 'dicomweb';
  /**
   * Stores one instance. When it resolves the service has said that it has it, which proves nothing yet. `onProgress` gets
   * the bytes sent so far; the service confirms none before its answer.
   */
  store(
    identity: DatasetIdentity,
    bytes: DatasetBytes,
    options: {
      /** At most this long: for the deadline. */
      readonly sizeBytes: number;
      readonly signal?: AbortSignal;
      readonly onProgress?: (sentBytes: number) => void;
    },
  ): Promise<void>;
  /** Fetches an instance back as it lies there, not recoded. `onChunk` gets the file in order. */
  retrieve(
    identity: DatasetIdentity,
    options: {
      readonly maxBytes: number;
      readonly signal?: AbortSignal;
      readonly onChunk: (chunk: Buffer) => void;
    },
  ): Promise<Retrieved>;
  /** Does a search for this SOP Instance UID find it? */
  isListed(identity: DatasetIdentity, signal?: AbortSignal): Promise<boolean>;
  /** Is it there, is it a DICOMweb service, does it take the credential? Throws what is wrong. */
  check(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
