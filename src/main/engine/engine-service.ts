/** What the engine offers to its callers (RPC router, CLI without a running engine). One method per contract procedure. */
import type { AgentEvent } from '../../shared/agent-state.ts';
import type { ImportEvent, RestoreEvent, RestoreSelection } from '../../shared/contract.ts';
import type { StatusReport } from '../../shared/status.ts';
import type { AttentionService } from './attention-calls.ts';
import type { CertificateService } from './certificate-calls.ts';
import type { DeviceService } from './device-calls.ts';

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
  readonly attention: AttentionService;
  readonly certificates: CertificateService;
  readonly devices: DeviceService;
  status(): Promise<StatusReport>;
  watch(signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** Starts an orderly end; resolves with the instances still to upload (they go on at the next start). */
  drain(): Promise<{ readonly pending: number }>;
  reveal(studyId: string, actor: Actor): Promise<StudyReveal>;
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
  createRecovery(
    replace: boolean,
    actor: Actor,
  ): Promise<{ readonly words: readonly string[]; readonly fingerprint: string }>;
  checkRecovery(
    words: readonly string[],
    actor: Actor,
  ): Promise<{ readonly fingerprint: string; readonly provenAt: string }>;
  recoveryCertificate(): { readonly pem: string | null; readonly fingerprint: string | null };
  restore(
    request: { readonly to: string; readonly selection: RestoreSelection; readonly fromCloud: boolean },
    actor: Actor,
    signal: AbortSignal,
  ): AsyncIterable<RestoreEvent>;
  storeSecret(name: string, value: string, actor: Actor): Promise<void>;
}
