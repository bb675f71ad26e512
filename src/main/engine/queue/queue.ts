/** The queue of one installation: everything of queue-port.ts on one SQLite database. */
import path from 'node:path';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { IncidentReport, SpoolId } from '../model.ts';
import type { Clock, ColumnSealer, Logger, Random } from '../ports.ts';
import { Alerts } from './alerts.ts';
import { AuditRows, type AuditWanted } from './audit-rows.ts';
import { BackFill } from './back-fill.ts';
import { BackupMarks } from './backup-marks.ts';
import { Care } from './care.ts';
import { CertificateRows } from './certificates.ts';
import { Commitments } from './commitments.ts';
import { checkConsistency } from './consistency.ts';
import { DatasetProofs, type DatasetProof } from './dataset-proofs.ts';
import { openDatabase } from './database.ts';
import { Deliveries } from './deliveries.ts';
import { Destinations } from './destinations.ts';
import { Devices } from './devices.ts';
import { Incidents } from './incidents.ts';
import { HomeCounts } from './home-counts.ts';
import { IntakeDays } from './intake-days.ts';
import { ListenAddresses } from './listen-addresses.ts';
import { Manifests } from './manifests.ts';
import { migrations } from './migrations/index.ts';
import { QueueCore } from './queue-core.ts';
import type {
  AuditStore,
  CareQueue,
  ControlQueue,
  IncidentQueue,
  IntakeQueue,
  ReadQueue,
  UploadQueue,
} from './queue-port.ts';
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
import { Reading } from './reading.ts';
import { Rebuilt } from './rebuilt.ts';
import { Received } from './received.ts';
import { RecoveryDrills } from './recovery-drill.ts';
import { UploadPause } from './upload-pause.ts';
import { Verification } from './verification.ts';
import { Search } from './search.ts';
import { Shares } from './shares.ts';
import { StudyDetail } from './study-detail.ts';
import { WatchedFiles } from './watched-files.ts';

export interface QueueOptions {
  /** The data folder; the database is `queue.db` in it. Hold its DataDirLock first. */
  readonly dir: string;
  readonly sealer: ColumnSealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** FileSpool.holds; without it the row alone decides what is a duplicate. */
  readonly spoolHolds?: (spoolId: SpoolId, sizeBytes: number) => boolean;
}

export class Queue
  implements IntakeQueue, UploadQueue, IncidentQueue, CareQueue, ReadQueue, AuditStore, ControlQueue
{
  readonly installationId: string;
  /** Who did what; each entry chained to the one before. */
  readonly auditTrail: AuditRows;
  readonly watched: WatchedFiles;
  readonly certificates: CertificateRows;
  /** Pairings, refused callers, observed classes. */
  readonly devices: Devices;
  /** What devices asked in storage commitment, and what they were answered. */
  readonly commitments: Commitments;
  /** Cloud copies looked at again after their upload. */
  readonly verification: Verification;
  /** Rows made from the manifests in the cloud. */
  readonly rebuilt: Rebuilt;
  /** Backups of settings, pairings and CA. */
  readonly backups: BackupMarks;
  /** Studies that were given out. */
  readonly alerts: Alerts;
  readonly shares: Shares;
  /** One study with its images and its past. */
  readonly studyDetail: StudyDetail;
  readonly recoveryDrills: RecoveryDrills;
  readonly uploadPause: UploadPause;
  /** How images were proven at destinations that must read them. */
  readonly datasetProofs: DatasetProofs;
  /** Images to be copied from one destination to another. */
  readonly backFill: BackFill;
  /** How much comes in, and how much of what lies here could go. */
  readonly intakeDays: IntakeDays;
  /** Where this PC was listening. */
  readonly listenAddresses: ListenAddresses;
  /** Arrivals, proofs and waiting images by quarters of an hour. */
  readonly home: HomeCounts;
  /** Studies by name, id and accession number. */
  readonly search: Search;
  readonly #core: QueueCore;
  readonly #received: Received;
  readonly #deliveries: Deliveries;
  readonly #manifests: Manifests;
  readonly #destinations: Destinations;
  readonly #incidents: Incidents;
  readonly #care: Care;
  readonly #reading: Reading;

  private constructor(core: QueueCore) {
    this.#core = core;
    this.installationId = identify(core);
    this.auditTrail = new AuditRows(core, this.installationId);
    this.#incidents = new Incidents(core);
    this.#received = new Received(core, this.#incidents);
    this.datasetProofs = new DatasetProofs(core);
    this.#deliveries = new Deliveries(core, this.#incidents, this.datasetProofs);
    this.#manifests = new Manifests(core, this.#incidents, this.auditTrail);
    this.#destinations = new Destinations(core, this.#incidents);
    this.#care = new Care(core);
    this.#reading = new Reading(core, this.#incidents);
    this.watched = new WatchedFiles(core);
    this.certificates = new CertificateRows(core);
    this.commitments = new Commitments(core);
    this.verification = new Verification(core, this.#incidents);
    this.devices = new Devices(core);
    this.recoveryDrills = new RecoveryDrills(core);
    this.uploadPause = new UploadPause(core);
    this.backFill = new BackFill(core);
    this.intakeDays = new IntakeDays(core);
    this.listenAddresses = new ListenAddresses(core);
    this.home = new HomeCounts(core);
    this.search = new Search(core);
    this.rebuilt = new Rebuilt(core);
    this.backups = new BackupMarks(core);
    this.alerts = new Alerts(core);
    this.shares = new Shares(core);
    this.studyDetail = new StudyDetail(core);
  }

  /**
   * Throws database-too-new (nothing changed), database-damaged, database-other-key, data-dir-not-writable,
   * disk-full or disk-error.
   */
  static open(options: QueueOptions): Queue {
    const db = openDatabase(path.join(options.dir, 'queue.db'), migrations);
    const { sealer, clock, random, logger, spoolHolds = () => true } = options;
    try {
      return new Queue(new QueueCore(db, { sealer, clock, random, logger, spoolHolds }));
    } catch (error) {
      db.close();
      throw error;
    }
  }

  recordReceived(instance: NewInstance): Promise<RecordOutcome> {
    return this.#received.record(instance);
  }

  setDestinations(destinations: readonly DestinationConfig[]): void {
    this.#destinations.set(destinations);
  }

  retry(target: RetryTarget): Promise<number> {
    return this.#destinations.retry(target);
  }

  claim(destination: string, limit: number, nowMs: number, mostLarge?: number): UploadJob[] {
    return this.#deliveries.claim(destination, limit, nowMs, mostLarge);
  }

  release(instanceId: number, destination: string): void {
    this.#deliveries.release(instanceId, destination);
  }

  nextDueAtMs(destination: string): number | undefined {
    return this.#deliveries.nextDueAtMs(destination);
  }

  markUploaded(instanceId: number, destination: string, proof: UploadProof): Promise<void> {
    return this.#deliveries.markUploaded(instanceId, destination, proof);
  }

  markDatasetVerified(instanceId: number, destination: string, proof: DatasetProof): Promise<void> {
    return this.#deliveries.markDatasetVerified(instanceId, destination, proof);
  }

  markFailed(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
    nextAttemptAtMs: number,
  ): Promise<void> {
    return this.#deliveries.markFailed(instanceId, destination, code, detail, nextAttemptAtMs);
  }

  markParked(
    instanceId: number,
    destination: string,
    code: ErrorCode,
    detail: string | undefined,
  ): Promise<boolean> {
    return this.#deliveries.markParked(instanceId, destination, code, detail);
  }

  heldCopy(instanceId: number): HeldCopy | undefined {
    return this.#deliveries.heldCopy(instanceId);
  }

  setSpool(
    instanceId: number,
    spoolId: SpoolId,
    sizeBytes: number,
    recoveryFingerprint: string | null,
  ): Promise<SpoolId | undefined> {
    return this.#deliveries.setSpool(instanceId, spoolId, sizeBytes, recoveryFingerprint);
  }

  manifestBacklog(destination: string): { readonly count: number; readonly oldestAtMs: number | undefined } {
    return this.#manifests.backlog(destination);
  }

  takeManifestBatch(destination: string, limit: number): ManifestBatch | undefined {
    return this.#manifests.take(destination, limit);
  }

  keepManifest(batch: ManifestBatch, sealed: Buffer): Promise<void> {
    return this.#manifests.keep(batch, sealed);
  }

  markVerified(batch: ManifestBatch, manifestSha256: string): Promise<void> {
    return this.#manifests.markVerified(batch, manifestSha256);
  }

  manifestHead(destination: string): ManifestHead | undefined {
    return this.#manifests.head(destination);
  }

  recordProbe(destination: string): Promise<void> {
    return this.#manifests.recordProbe(destination);
  }

  reportIncident(incident: IncidentReport): Promise<void> {
    return this.#incidents.report(incident);
  }

  resolveIncident(code: ErrorCode, subject?: string): Promise<number> {
    return this.#incidents.resolve(code, subject);
  }

  answerIncident(id: string): Promise<boolean> {
    return this.watched.answer(id) ?? this.#incidents.answer(id);
  }

  evictable(beforeMs: number, limit: number): EvictableObject[] {
    return this.#care.evictable(beforeMs, limit);
  }

  markEvicted(object: EvictableObject): Promise<boolean> {
    return this.#care.markEvicted(object);
  }

  deletableFiles(limit: number, afterId?: number): DeletableFile[] {
    return this.#care.deletableFiles(limit, afterId);
  }

  fileDeleted(id: number): Promise<void> {
    return this.#care.fileDeleted(id);
  }

  spoolRows(after: SpoolId | undefined, limit: number): SpoolRow[] {
    return this.#care.spoolRows(after, limit);
  }

  namesSpool(spoolId: SpoolId): boolean {
    return this.#care.namesSpool(spoolId);
  }

  markLost(row: SpoolRow, code: ErrorCode): Promise<'forgotten' | 'parked' | 'moved-on'> {
    return this.#care.markLost(row, code);
  }

  status(): QueueStatus {
    const status = this.#reading.status();
    const files = this.watched.incident();
    return files === undefined ? status : { ...status, incidents: [...status.incidents, files] };
  }

  lastProofAtMs(destination: string): number | null {
    return this.#reading.lastProofAtMs(destination);
  }

  studies(limit: number): StudyRow[] {
    return this.#reading.studies(limit);
  }

  study(studyId: string): StudyRow | undefined {
    return this.#reading.study(studyId);
  }

  studyDetails(studyId: string): StudyDetails | undefined {
    return this.#reading.studyDetails(studyId);
  }

  /** Of a study by its id in the page; undefined where no row of it can be read. */
  studyInstanceUid(studyId: string): string | undefined {
    return this.#reading.studyInstanceUid(studyId);
  }

  localCopies(selection: InstanceSelection): Iterable<LocalCopy> {
    return this.#reading.localCopies(selection);
  }

  instances(selection: InstanceSelection): Iterable<InstanceRow> {
    return this.#reading.instances(selection);
  }

  onChange(listener: (change: QueueChange) => void): () => void {
    return this.#core.changes.listen(listener);
  }

  appendAudit(row: NewAuditRow): Promise<void> {
    return this.auditTrail.append(row);
  }

  auditRows(afterId: number, limit: number): AuditRow[] {
    return this.auditTrail.page(afterId, limit);
  }

  findAudit(wanted: AuditWanted): { readonly rows: AuditRow[]; readonly next: number | null } {
    return this.auditTrail.find(wanted);
  }

  /** Commits now what waits for the end of this turn. */
  flush(): void {
    this.#core.commits.flush();
  }

  /** A durable write that says nothing: whether the database takes any. Rejects with disk-full, disk-error. */
  proveWriting(): Promise<void> {
    return this.#core.write(() => {
      this.#core.db
        .prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('write-probe', ?)")
        .run(String(this.#core.nowMs()));
    });
  }

  /** What does not hold in the whole database, in words; reads every row (doctor, tests). */
  checkConsistency(): string[] {
    return this.#core.read(() => checkConsistency(this.#core.db));
  }

  /** The SQL of every hot statement, for looking at its plan. */
  get statements(): readonly string[] {
    return this.#core.statements;
  }

  /** Commits what waits and closes. Later writes reject with engine-stopped. */
  close(): void {
    if (!this.#core.db.open) return;
    this.#core.commits.close();
    void this.#core.log.close();
    this.#core.db.close();
  }
}

/** The installation's own name, made once; and a check that the keys are the ones this database was made with. */
function identify(core: QueueCore): string {
  return core.read(() => {
    const get = core.db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
    const keyCheck = core.ports.sealer.lookup('key-check', 'queue').toString('hex');
    const known = get.get('key-check');
    if (known !== undefined && known !== keyCheck) throw new EdgeSyncError('database-other-key');
    if (known === undefined) {
      core.writeNow(() => {
        const put = core.db.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
        put.run('key-check', keyCheck);
        put.run('installation-id', core.ports.random.bytes(16).toString('hex'));
      });
    }
    return get.get('installation-id') ?? '';
  });
}
