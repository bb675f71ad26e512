/** The engine's answers to its callers. Each one is a few lines on top of the stages. */
import { resolve } from 'node:path';
import type { AgentEvent } from '../../shared/agent-state.ts';
import type { ImportEvent, RestoreEvent, RestoreRequest } from '../../shared/contract.ts';
import type { FailureLedger } from '../../shared/contract-failures.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { StatusReport } from '../../shared/status.ts';
import { AlertCalls } from './alert-calls.ts';
import { AttentionCalls } from './attention-calls.ts';
import { AuditCalls } from './audit-calls.ts';
import { BackupCalls } from './backup-calls.ts';
import { CertificateCalls } from './certificate-calls.ts';
import { DeviceCalls } from './device-calls.ts';
import { DiagnosticsCalls } from './diagnostics-calls.ts';
import { VerifyCalls } from './verify-calls.ts';
import { HomeCalls } from './home-calls.ts';
import { KeyCalls } from './key-calls.ts';
import { PairingCalls } from './pairing-calls.ts';
import { UploadCalls } from './upload-calls.ts';
import { SetupCalls } from './setup-calls.ts';
import { SecretCalls } from './secret-calls.ts';
import { SettingsCalls } from './settings-calls.ts';
import { ShareCalls } from './share-calls.ts';
import { StudyCalls } from './study-calls.ts';
import { RecoveryCalls } from './recovery-calls.ts';
import type { EngineParts } from './engine.ts';
import type { Actor, EngineService, StudyReveal } from './engine-service.ts';
import { openSealedFile } from './restore/open-file.ts';
import { RestoreCalls } from './restore-calls.ts';
import { eventStream } from './system/event-stream.ts';
import { importPaths } from './watch/import-paths.ts';

/** A revealed name hides again after this: long enough to read it, short enough for a front desk. */
const hideAfterSeconds = 30;

export class EngineCalls implements EngineService {
  readonly alerts: AlertCalls;
  readonly attention: AttentionCalls;
  readonly audit: AuditCalls;
  readonly backup: BackupCalls;
  readonly certificates: CertificateCalls;
  readonly devices: DeviceCalls;
  readonly diagnostics: DiagnosticsCalls;
  readonly pairing: PairingCalls;
  readonly verify: VerifyCalls;
  readonly home: HomeCalls;
  readonly keys: KeyCalls;
  readonly setup: SetupCalls;
  readonly secrets: SecretCalls;
  readonly settings: SettingsCalls;
  readonly shares: ShareCalls;
  readonly study: StudyCalls;
  readonly uploads: UploadCalls;
  readonly recovery: RecoveryCalls;
  readonly #parts: EngineParts;
  readonly #restore: RestoreCalls;
  readonly #askForEnd: () => void;

  constructor(parts: EngineParts, askForEnd: () => void) {
    this.#parts = parts;
    this.alerts = new AlertCalls(parts);
    this.attention = new AttentionCalls(parts);
    this.audit = new AuditCalls(parts);
    this.backup = new BackupCalls(parts);
    this.certificates = new CertificateCalls({
      ...parts,
      cutByRevocation: () => parts.scp.cutByRevocation,
    });
    this.devices = new DeviceCalls(parts);
    this.pairing = new PairingCalls(parts);
    this.verify = new VerifyCalls(parts);
    this.home = new HomeCalls(parts);
    this.keys = new KeyCalls(parts);
    this.#restore = new RestoreCalls(parts);
    this.setup = new SetupCalls(parts);
    this.secrets = new SecretCalls(parts);
    this.settings = new SettingsCalls(parts);
    this.diagnostics = new DiagnosticsCalls(parts, this.settings);
    this.shares = new ShareCalls(parts);
    this.study = new StudyCalls(parts);
    this.uploads = new UploadCalls(parts);
    this.recovery = new RecoveryCalls(parts);
    this.#askForEnd = askForEnd;
  }

  status(): Promise<StatusReport> {
    return this.#parts.status.report();
  }

  failureLedger(): FailureLedger {
    return this.#parts.status.ledger();
  }

  watch(signal: AbortSignal): AsyncIterable<AgentEvent> {
    return this.#parts.status.watch(signal);
  }

  async drain(): Promise<{ readonly pending: number }> {
    const { pending, failed } = (await this.status()).counts;
    this.#askForEnd();
    return { pending: pending + failed };
  }

  /** The audit entry is on disk before the name is shown (HIPAA 164.312(b)); without it nothing is shown. */
  async reveal(studyId: string, actor: Actor): Promise<StudyReveal> {
    const { queue, audit } = this.#parts;
    const details = queue.studyDetails(studyId);
    const outcome = details === undefined ? 'failure' : 'success';
    await audit.recorded({ action: 'phi-revealed', actor, subject: studyId, outcome });
    if (details === undefined) throw new EdgeSyncError('object-missing', 'this study is not on this PC');
    const { patientName, patientId, studyDescription, studyDate } = details;
    return { patientName, patientId, studyDescription, studyDate, hideAfterSeconds };
  }

  /** Audited as a reveal: the UID leads to the patient in other systems. */
  async identify(studyId: string, actor: Actor): Promise<{ readonly studyInstanceUid: string }> {
    const { queue, audit } = this.#parts;
    const studyInstanceUid = queue.studyInstanceUid(studyId);
    const outcome = studyInstanceUid === undefined ? 'failure' : 'success';
    await audit.recorded({ action: 'phi-revealed', actor, subject: studyId, outcome });
    if (studyInstanceUid === undefined)
      throw new EdgeSyncError('object-missing', 'this study is not on this PC');
    return { studyInstanceUid };
  }

  async retryStudy(studyId: string): Promise<{ readonly retried: number }> {
    const retried = await this.#parts.queue.retry({ tag: 'study', studyId });
    this.#parts.uploads.wake();
    return { retried };
  }

  async retryFailure(failureId: string | null): Promise<{ readonly retried: number }> {
    const { queue, uploads } = this.#parts;
    const retried = await queue.retry(
      failureId === null ? { tag: 'all' } : { tag: 'failure', id: failureId },
    );
    uploads.wake();
    return { retried };
  }

  async answer(failureId: string, actor: Actor): Promise<{ readonly answered: boolean }> {
    const { queue, audit } = this.#parts;
    const answered = await queue.answerIncident(failureId);
    audit.record({
      action: 'incident-answered',
      actor,
      subject: failureId,
      outcome: answered ? 'success' : 'failure',
    });
    return { answered };
  }

  import(paths: readonly string[], signal: AbortSignal): AsyncIterable<ImportEvent> {
    const { intake, options } = this.#parts;
    return eventStream<ImportEvent>(signal, (onEvent, ending) =>
      importPaths(paths, { intake, clock: options.clock, onEvent, signal: ending }),
    );
  }

  async open(
    file: string,
    out: string,
    actor: Actor,
  ): Promise<{ readonly out: string; readonly sizeBytes: number }> {
    const { keys, audit, options } = this.#parts;
    try {
      const sizeBytes = await openSealedFile({ file, out, openers: keys.openers, random: options.random });
      audit.record({ action: 'object-opened', actor, outcome: 'success' });
      return { out: resolve(out), sizeBytes };
    } catch (error) {
      audit.record({ action: 'object-opened', actor, outcome: 'failure' });
      throw error;
    }
  }

  restore(request: RestoreRequest, actor: Actor, signal: AbortSignal): AsyncIterable<RestoreEvent> {
    return this.#restore.restore(request, actor, signal);
  }
}
