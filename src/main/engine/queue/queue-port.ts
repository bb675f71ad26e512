/**
 * What each stage sees of the queue. `Queue` implements all of it; a stage asks for the narrow part it needs.
 * A promise resolves only after the COMMIT is on stable storage. Everything rejects or throws EdgeSyncError:
 * disk-full, disk-error, database-damaged. `destination` is the name in the configuration.
 */
import type { AuditWanted } from './audit-rows.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { IncidentReport, SpoolId } from '../model.ts';
import type { DatasetProof } from './dataset-proofs.ts';
import type {
  AuditRow,
  DeletableFile,
  DestinationConfig,
  EvictableObject,
  HeldCopy,
  InstanceRow,
  InstanceSelection,
  LocalCopy,
  ManifestBatch,
  ManifestHead,
  NewAuditRow,
  NewInstance,
  QueueChange,
  QueueStatus,
  RecordOutcome,
  RetryTarget,
  SpoolRow,
  StudyDetails,
  StudyRow,
  UploadJob,
  UploadProof,
} from './queue-types.ts';

export interface IncidentQueue {
  /** Same code and subject count together while open. */
  reportIncident(incident: IncidentReport): Promise<void>;
  /** The cause is gone: closes open incidents of that code (and subject, when given). Resolves with how many. */
  resolveIncident(code: ErrorCode, subject?: string): Promise<number>;
  /**
   * Somebody has seen it. `id` from QueueStatus.incidents: what came after that id was shown stays open. False when
   * nothing of it is open.
   */
  answerIncident(id: string): Promise<boolean>;
}

export interface IntakeQueue {
  /**
   * Makes the instance count, and the incident when its UID is taken by another content. Calls of the same turn share
   * one commit. After `duplicate` the caller removes its new spool file, after `replaced` the old one.
   */
  recordReceived(instance: NewInstance): Promise<RecordOutcome>;
  /** Whether a row names this file right now, be it durable or not. */
  namesSpool(spoolId: SpoolId): boolean;
}

export interface UploadQueue {
  /**
   * Takes up to `limit` instances that are due, newest study first, with a share for retries and for the oldest; at
   * most `mostLarge` of them of large objects (large-objects.ts), however many of those go before.
   * A claim lives in this process only: a crash leaves the rows queued (or failed), as they were.
   */
  claim(destination: string, limit: number, nowMs: number, mostLarge?: number): UploadJob[];
  /** The object lies in the cloud, proven; its manifest entry comes next. */
  markUploaded(instanceId: number, destination: string, proof: UploadProof): Promise<void>;
  /** It lies where images are read (a PACS), proven so: verified without a manifest, which such a place has not. */
  markDatasetVerified(instanceId: number, destination: string, proof: DatasetProof): Promise<void>;
  /** `detail`: no PHI. Uses up an attempt. */
  markFailed(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
    nextAttemptAtMs: number,
  ): Promise<void>;
  /** Waits for a person (or a resend). False when nothing was written: another copy has taken this one's place. */
  markParked(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
  ): Promise<boolean>;
  /** The local copy as the row names it now; undefined when there is none. */
  heldCopy(instanceId: number): HeldCopy | undefined;
  /** Gives a claim back without using an attempt (pause, shutdown). */
  release(instanceId: number, destination: string): void;
  /** 0 when something waits right now, else when the next failed one is due; undefined when nothing waits. */
  nextDueAtMs(destination: string): number | undefined;
  /** How many uploaded instances wait for their manifest entry. */
  manifestBacklog(destination: string): { readonly count: number; readonly oldestAtMs: number | undefined };
  /**
   * The next entry list, numbered and remembered: until `markVerified`, every call gives the same batch again
   * (also after a crash). undefined when nothing waits.
   */
  takeManifestBatch(destination: string, limit: number): ManifestBatch | undefined;
  /** Remembers the sealed bytes before they are sent (see ManifestBatch.sealed). */
  keepManifest(batch: ManifestBatch, sealed: Buffer): Promise<void>;
  /** The entry list is stored; `manifestSha256` (hex) is over its stored bytes. Its instances are verified now. */
  markVerified(batch: ManifestBatch, manifestSha256: string): Promise<void>;
  /** The last entry list known to be stored; undefined before the first. */
  manifestHead(destination: string): ManifestHead | undefined;
  /** A probe object was uploaded, proven and removed or kept: counts as proof that the destination works. */
  recordProbe(destination: string): Promise<void>;
  /** After re-heading. Resolves with the old spool id (the caller removes that file), undefined if the row moved on. */
  setSpool(
    instanceId: number,
    spoolId: SpoolId,
    sizeBytes: number,
    recoveryFingerprint: string | null,
  ): Promise<SpoolId | undefined>;
}

export interface CareQueue {
  /** Verified in every destination, before `beforeMs`, oldest first. */
  evictable(beforeMs: number, limit: number): EvictableObject[];
  /** Forgets the local copy; false when the row is no longer evictable. The caller removes the file after it. */
  markEvicted(object: EvictableObject): Promise<boolean>;
  /** Files that may be deleted now (folders with afterImport "delete"), in ascending order of id, after `afterId`. */
  deletableFiles(limit: number, afterId?: number): DeletableFile[];
  /** Deleted, or no longer there. */
  fileDeleted(id: number): Promise<void>;
  /** Rows with a local copy, in ascending order of spool id, after `after`. */
  spoolRows(after: SpoolId | undefined, limit: number): SpoolRow[];
  namesSpool(spoolId: SpoolId): boolean;
  /** The local copy is gone or damaged: forgotten when verified everywhere, else parked with `code`. */
  markLost(row: SpoolRow, code: ErrorCode): Promise<'forgotten' | 'parked' | 'moved-on'>;
}

export interface ReadQueue {
  status(): QueueStatus;
  /** As `status` tells it of one destination, at the cost of one row: asked for at every step of its upload loop. */
  lastProofAtMs(destination: string): number | null;
  /** Newest first. */
  studies(limit: number): StudyRow[];
  study(studyId: string): StudyRow | undefined;
  studyDetails(studyId: string): StudyDetails | undefined;
  /** Read in pages: rows added meanwhile may or may not be seen; no more than a page is in memory. */
  instances(selection: InstanceSelection): Iterable<InstanceRow>;
  /** As `instances`, but a row whose details do not open does not end it. */
  localCopies(selection: InstanceSelection): Iterable<LocalCopy>;
  /** Calls after each commit that changed something and after each claim. Returns the way to stop. */
  onChange(listener: (change: QueueChange) => void): () => void;
}

export interface AuditStore {
  appendAudit(row: NewAuditRow): Promise<void>;
  /** In order of recording, after `afterId`. */
  auditRows(afterId: number, limit: number): AuditRow[];
  /** A page of what is wanted; give `next` to the following one, null: there is none. */
  findAudit(wanted: AuditWanted): { readonly rows: AuditRow[]; readonly next: number | null };
}

export interface ControlQueue {
  /**
   * The destinations of the configuration. A new one gets a delivery for every instance held; one that left keeps
   * its proofs but no longer counts. Does nothing when nothing changed.
   */
  setDestinations(destinations: readonly DestinationConfig[]): void;
  /** Back to the queue at once: resolves with how many. Those whose local copy is gone stay parked, unless another
   * destination has them. */
  retry(target: RetryTarget): Promise<number>;
  /** Random, made with the database: names this installation's manifest chain. 32 hex digits. */
  readonly installationId: string;
}
