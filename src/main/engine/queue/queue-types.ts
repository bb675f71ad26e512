/** Rows as the other stages see them. Times are epoch milliseconds. Nothing here is PHI except inside `details`. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { InstanceDetails, InstanceFlag, SpoolId } from '../model.ts';

export interface NewInstance {
  /** HMAC over (SOP Instance UID, transfer syntax, SHA-256 of the dataset), 64 hex digits: the cloud name. */
  readonly objectName: string;
  readonly spoolId: SpoolId;
  /** Size of the sealed object. */
  readonly sizeBytes: number;
  readonly details: InstanceDetails;
  /** AE title of the sending device, or null for files. */
  readonly source: string | null;
  readonly flags: readonly InstanceFlag[];
  /** Recovery certificate it is sealed to, or null when sealed before enrolment. */
  readonly recoveryFingerprint: string | null;
  /** The file to delete after verification, for folders with afterImport "delete". Sealed at rest. */
  readonly deleteAfterVerify?: string;
}

export type RecordOutcome =
  | { readonly tag: 'recorded'; readonly uidConflict: boolean }
  /** A whole copy under the same object name is already held; the caller discards its new spool file. */
  | { readonly tag: 'duplicate' }
  /** The earlier copy was missing, damaged or parked: the new one took its place; the old spool file may go. */
  | { readonly tag: 'replaced'; readonly oldSpoolId: SpoolId | null };

/** Per instance and destination. `uploaded`: object proven in the cloud, its manifest entry not yet stored. */
export type DeliveryState = 'queued' | 'uploading' | 'uploaded' | 'verified' | 'failed' | 'parked';

export interface UploadJob {
  readonly instanceId: number;
  readonly destination: string;
  readonly objectName: string;
  readonly spoolId: SpoolId;
  readonly sizeBytes: number;
  readonly recoveryFingerprint: string | null;
  readonly details: InstanceDetails;
  readonly attempts: number;
  readonly receivedAtMs: number;
}

/** What proved the cloud copy. */
export interface UploadProof {
  readonly etag: string;
  /** SHA-256 of the ciphertext that lies in the cloud, hex. */
  readonly objectSha256: string;
  readonly sizeBytes: number;
}

export interface UploadedInstance {
  readonly instanceId: number;
  readonly objectName: string;
  readonly proof: UploadProof;
  readonly details: InstanceDetails;
}

export interface IncidentRow {
  readonly id: string;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}
