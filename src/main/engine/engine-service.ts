/** What the engine offers to its callers (RPC router, CLI without a running engine). One method per contract procedure. */
import type { AgentEvent } from '../../shared/agent-state.ts';
import type { ImportEvent, RestoreEvent, RestoreRequest } from '../../shared/contract.ts';
import type { FailureLedger } from '../../shared/contract-failures.ts';
import type { StatusReport } from '../../shared/status.ts';
import type { AlertService } from './alert-calls.ts';
import type { AttentionService } from './attention-calls.ts';
import type { AuditService } from './audit-calls.ts';
import type { BackupService } from './backup-calls.ts';
import type { CertificateService } from './certificate-calls.ts';
import type { DeviceService } from './device-calls.ts';
import type { DiagnosticsService } from './diagnostics-calls.ts';
import type { VerifyService } from './verify-calls.ts';
import type { HomeService } from './home-calls.ts';
import type { KeyService } from './key-calls.ts';
import type { PairingService } from './pairing-calls.ts';
import type { SetupService } from './setup-calls.ts';
import type { SecretService } from './secret-calls.ts';
import type { SettingsService } from './settings-calls.ts';
import type { ShareService } from './share-calls.ts';
import type { StudyService } from './study-calls.ts';
import type { UploadService } from './upload-calls.ts';
import type { RecoveryService } from './recovery-calls.ts';

/** Who asks: for the audit trail. */
export type Actor = 'local-socket' | 'web' | 'command-line';

export interface StudyReveal {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly studyDate: string;
  readonly hideAfterSeconds: number;
}

/** Every method rejects with EdgeSyncError. Iterables end when their signal aborts. */
export interface EngineService {
  readonly alerts: AlertService;
  readonly attention: AttentionService;
  readonly audit: AuditService;
  readonly backup: BackupService;
  readonly certificates: CertificateService;
  readonly devices: DeviceService;
  readonly diagnostics: DiagnosticsService;
  readonly pairing: PairingService;
  readonly verify: VerifyService;
  readonly home: HomeService;
  readonly keys: KeyService;
  readonly setup: SetupService;
  readonly secrets: SecretService;
  readonly settings: SettingsService;
  readonly shares: ShareService;
  readonly study: StudyService;
  readonly uploads: UploadService;
  readonly recovery: RecoveryService;
  status(): Promise<StatusReport>;
  failureLedger(): FailureLedger;
  watch(signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** Starts an orderly end; resolves with the instances still to upload (they go on at the next start). */
  drain(): Promise<{ readonly pending: number }>;
  reveal(studyId: string, actor: Actor): Promise<StudyReveal>;
  /** The Study Instance UID behind an id of the page. Rejects with object-missing. */
  identify(studyId: string, actor: Actor): Promise<{ readonly studyInstanceUid: string }>;
  retryStudy(studyId: string): Promise<{ readonly retried: number }>;
  /** null: everything failed and parked. */
  retryFailure(failureId: string | null): Promise<{ readonly retried: number }>;
  answer(failureId: string, actor: Actor): Promise<{ readonly answered: boolean }>;
  import(paths: readonly string[], signal: AbortSignal): AsyncIterable<ImportEvent>;
  open(
    file: string,
    out: string,
    actor: Actor,
  ): Promise<{ readonly out: string; readonly sizeBytes: number }>;
  restore(request: RestoreRequest, actor: Actor, signal: AbortSignal): AsyncIterable<RestoreEvent>;
}
