/**
 * What receive/ and watch/ see of the intake: begin an instance, write its dataset bytes as they come, finish.
 * `finish` resolves only when the sealed bytes are fsynced and the row is committed: then, and only then, a device
 * may be told Success.
 */
import type { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceFlag } from '../model.ts';

/** Where an instance came from. AE titles are kept as device names; the rest is not stored in clear. */
export type Origin =
  | { readonly tag: 'association'; readonly callingAeTitle: string; readonly remoteAddress: string }
  | { readonly tag: 'folder'; readonly folder: string; readonly path: string }
  | { readonly tag: 'import'; readonly path: string };

/** What was announced before the first byte: by the C-STORE command and presentation context, or by the file meta. */
export interface Announcement {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly origin: Origin;
  /**
   * 128-byte preamble of the file it came from, if any. One that starts like an executable is zeroed and flagged;
   * absent means zeros.
   */
  readonly preamble?: Uint8Array;
  /** For folders with afterImport "delete": what watch/ needs to find and recognise the file again. */
  readonly deleteAfterVerify?: string;
}

export type IntakeOutcome =
  /** Durable now. */
  | {
      readonly tag: 'stored';
      readonly objectName: string;
      readonly sizeBytes: number;
      readonly flags: readonly InstanceFlag[];
    }
  /** Already held, whole: nothing stored twice. Also to be answered with Success. */
  | { readonly tag: 'duplicate'; readonly objectName: string }
  /**
   * Not stored, nothing left on disk. `dicom-mismatch` -> A900, `dicom-unreadable` -> C000, `disk-full` and
   * `disk-error` -> A700, any other -> 0110.
   */
  | { readonly tag: 'refused'; readonly error: EdgeSyncError };

export interface IntakeStream {
  /**
   * Takes dataset bytes exactly as received. The chunk belongs to the caller again when this returns (it is encrypted
   * or copied at once). A returned promise asks to wait before the next write: backpressure.
   * Never throws or rejects: problems are kept for `finish`.
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** The dataset is whole. Never rejects. Call once. */
  finish(): Promise<IntakeOutcome>;
  /** The dataset will not become whole: leaves nothing behind. Never rejects. */
  abort(): Promise<void>;
}

export interface Intake {
  /** Fails (as a refused stream, told by `finish`) when disk or key is unavailable; `canReceive` tells beforehand. */
  begin(announcement: Announcement): IntakeStream;
  /** undefined, or why nothing can be received now (disk-full, keychain-unavailable). */
  refusal(): EdgeSyncError | undefined;
}
