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
  /** Its cloud copy was found missing or damaged: a good one goes beside it if need be. Absent for all others. */
  readonly mending?: MendingFacts;
}

export interface MendingFacts {
  /** Of the copy that had been proven before, hex; null when there was none. */
  readonly objectSha256: string | null;
}

/** What an instance's row says of its copy on this PC. */
export type HeldCopy = Pick<UploadJob, 'spoolId' | 'sizeBytes' | 'recoveryFingerprint'>;

/** What proved the cloud copy. */
export interface UploadProof {
  readonly etag: string;
  /** SHA-256 of the ciphertext that lies in the cloud, hex. */
  readonly objectSha256: string;
  readonly sizeBytes: number;
  /** It lies at cloudNames.repairedObject of this number, since another copy under its own name was damaged. */
  readonly repair?: number;
}

export interface UploadedInstance {
  readonly instanceId: number;
  readonly objectName: string;
  readonly proof: UploadProof;
  readonly details: InstanceDetails;
}

/** One entry list of the numbered chain, chosen and numbered in the database before anything is sent. */
export interface ManifestBatch {
  readonly destination: string;
  /** Place in this installation's chain at this destination; the first is 1. */
  readonly sequence: number;
  /** SHA-256 (hex) of the stored bytes of entry `sequence - 1`; null for the first. */
  readonly previousSha256: string | null;
  readonly instances: readonly UploadedInstance[];
  /**
   * The sealed bytes kept by an earlier attempt (`keepManifest`): send exactly these again, so that a crash between
   * storing and recording ends in `exists` with equal bytes.
   */
  readonly sealed: Buffer | undefined;
  /** The newest entry of the audit trail, to be written into a list that is made now; absent where there is none. */
  readonly audit?: AuditHead;
}

/** Where this installation's chain at one destination ended when it was last written. */
export interface ManifestHead {
  /** 1 and up. */
  readonly sequence: number;
  /** Of the stored bytes, hex. */
  readonly sha256: string;
  /** may-be-stored: the bytes of the next one are kept already, so it may lie in the cloud without being recorded. */
  readonly next: 'not-written' | 'may-be-stored';
}

/** The aggregate over the required destinations; these four sum to `received`. */
export type InstanceState = 'pending' | 'verified' | 'failed' | 'parked';

export interface DeliveryRow {
  readonly destination: string;
  readonly state: DeliveryState;
  readonly etag: string | null;
  /** SHA-256 of the ciphertext that lies in the cloud, hex. */
  readonly objectSha256: string | null;
  readonly verifiedAtMs: number | null;
  readonly manifestSequence: number | null;
}

/** One instance with everything known of it, for verify, restore and re-heading. */
export interface InstanceRow {
  readonly instanceId: number;
  readonly objectName: string;
  /** null when the local copy is gone (evicted after verification, or lost). */
  readonly spoolId: SpoolId | null;
  readonly sizeBytes: number;
  readonly details: InstanceDetails;
  readonly source: string | null;
  readonly flags: readonly InstanceFlag[];
  readonly receivedAtMs: number;
  readonly state: InstanceState;
  readonly recoveryFingerprint: string | null;
  readonly deliveries: readonly DeliveryRow[];
}

/** An image as far as its local copy is concerned. */
export interface LocalCopy {
  readonly instanceId: number;
  readonly objectName: string;
  /** null when the local copy is gone. */
  readonly spoolId: SpoolId | null;
  readonly sizeBytes: number;
  readonly state: InstanceState;
  /** undefined when the row was damaged: the object itself still says what it is. */
  readonly details: InstanceDetails | undefined;
}

export type InstanceSelection =
  | { readonly tag: 'all' }
  /** By the DICOM Study Instance UID. */
  | { readonly tag: 'study'; readonly studyInstanceUid: string };

export interface DestinationConfig {
  readonly name: string;
  readonly required: boolean;
}

export type RetryTarget =
  | { readonly tag: 'instance'; readonly instanceId: number }
  /** `studyId` as shown in the page. */
  | { readonly tag: 'study'; readonly studyId: string }
  /** One group of `QueueStatus.failures`, by its id. */
  | { readonly tag: 'failure'; readonly id: string }
  | { readonly tag: 'destination'; readonly destination: string }
  | { readonly tag: 'all' };

/** A verified local copy that may go. */
export interface EvictableObject {
  readonly instanceId: number;
  readonly spoolId: SpoolId;
  readonly sizeBytes: number;
  readonly verifiedAtMs: number;
}

/** A file of a folder with afterImport "delete" whose image is verified in every required destination. */
export interface DeletableFile {
  readonly id: number;
  readonly path: string;
}

export interface SpoolRow {
  readonly instanceId: number;
  readonly spoolId: SpoolId;
  readonly sizeBytes: number;
  readonly state: InstanceState;
}

/** What a person may see of a study after a reveal; sealed at rest. */
export interface StudyDetails {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly studyDate: string;
  readonly modality: string;
}

export interface StudyRow {
  /** Random, stable on this PC, says nothing. */
  readonly id: string;
  readonly details: StudyDetails;
  readonly source: string | null;
  readonly firstReceivedAtMs: number;
  readonly lastReceivedAtMs: number;
  readonly instances: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly sizeBytes: number;
  readonly verifiedBytes: number;
  /** One of its instances is being sent right now. */
  readonly uploading: boolean;
}

/** After a commit or a claim. `many`: more than is worth naming; ask for the page again. */
export type QueueChange =
  | { readonly tag: 'studies'; readonly studyIds: readonly string[] }
  | { readonly tag: 'many' }
  /** Counters or incidents only. */
  | { readonly tag: 'status' };

export interface DestinationCounts {
  readonly name: string;
  readonly required: boolean;
  /** Not verified yet, whatever the reason. */
  readonly pending: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly lastVerifiedAtMs: number | null;
  /** The newer of the last verified upload and the last verified probe object. */
  readonly lastProofAtMs: number | null;
}

/** Deliveries that stand still for the same reason. */
export interface FailureGroup {
  /** Stable while the cause lasts; give it to `retry`. */
  readonly id: string;
  readonly destination: string;
  readonly state: 'failed' | 'parked';
  readonly code: ErrorCode;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface SourceCounts {
  readonly aeTitle: string;
  readonly received: number;
  readonly verified: number;
  /** Answered with success in storage commitment. */
  readonly committed: number;
  readonly lastReceivedAtMs: number | null;
}

/** Everything status needs, from counters kept by triggers: costs the same at 1,000 and at 1,000,000 rows. */
export interface QueueStatus {
  readonly received: number;
  readonly pending: number;
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly spoolBytes: number;
  readonly studies: number;
  readonly oldestPendingAtMs: number | null;
  /** Newest arrival of a pending instance: in the future of the clock when the PC's time was set back. */
  readonly newestPendingAtMs: number | null;
  readonly lastVerifiedAtMs: number | null;
  readonly destinations: readonly DestinationCounts[];
  readonly sources: readonly SourceCounts[];
  readonly failures: readonly FailureGroup[];
  readonly incidents: readonly IncidentRow[];
}

/** Open incidents of one code, together. */
export interface IncidentRow {
  /** Says what was seen: another one after each further report. Give it to `answerIncident`. */
  readonly id: string;
  readonly code: ErrorCode;
  /** Of the newest one. */
  readonly detail: string | undefined;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface AuditRow {
  readonly id: number;
  readonly atMs: number;
  readonly action: string;
  readonly actor: string;
  readonly subject: string | null;
  readonly outcome: 'success' | 'failure';
  /** Value of the chain (audit-chain.ts), hex; null for entries from before it. */
  readonly chain: string | null;
}

export type NewAuditRow = Omit<AuditRow, 'id' | 'chain'>;

/** An entry of the trail and its chain value (hex): whoever has them knows that the trail went at least so far, and how. */
export interface AuditHead {
  readonly number: number;
  readonly chain: string;
}
