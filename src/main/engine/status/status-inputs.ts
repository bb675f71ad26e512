/** Everything the status is made of. Times are epoch milliseconds. */
import type { ErrorReport } from '../../../shared/errors.ts';
import type { DestinationStatus, StatusReport } from '../../../shared/status.ts';
import type { UploadWindow } from '../../../shared/upload-windows.ts';
import type { AccessInputs } from './access-status.ts';
import type { IncidentRow, QueueStatus } from '../queue/queue-types.ts';
import type { VerificationFacts } from '../queue/verification-types.ts';

/** Clocks differ and are set: a time this far ahead still counts as now. */
export const clockToleranceMs = 5 * 60_000;

export interface ListenerState {
  readonly up: boolean;
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
  /** Why it is down; null while it is up, or when nobody knows. */
  readonly error: ErrorReport | null;
}

/** A configured destination, with what its upload stage says right now. */
export interface DestinationInput {
  readonly name: string;
  readonly kind: string;
  readonly required: boolean;
  readonly state: DestinationStatus['state'];
  readonly error: ErrorReport | null;
  /** Of a PACS: how many were proven how. */
  readonly provenBy?: { readonly identical: number; readonly listed: number };
  /** While uploads are held. Its report is no failure: it ends by itself, and the images are safe here. */
  readonly hold?: { readonly by: 'paused' | 'window' | 'metered'; readonly untilMs: number | null };
  /** While images that have left this PC are copied there from another destination. */
  readonly backFill?: {
    readonly waiting: number;
    readonly total: number;
    readonly active: number;
    readonly bytesPerSecond: number;
    readonly error: ErrorReport | null;
  };
}

export interface StatusInputs {
  /**
   * Holds, per destination, the hook for idle days: `lastProofAtMs` is the newer of the last verified upload and the
   * last verified probe object.
   */
  readonly queue: QueueStatus;
  readonly listener: ListenerState;
  /** Incidents that the queue could not take yet: told from memory until it can. */
  readonly unrecorded: readonly IncidentRow[];
  /** Why nothing can be received though the listener is up (disk-full, disk-error, keychain-unavailable); or null. */
  readonly refusal: ErrorReport | null;
  /** Reasons that stages tell by themselves, until their cause is gone: an expired certificate, a port that is down. */
  readonly standing: readonly ErrorReport[];
  /** In the order of the configuration. */
  readonly destinations: readonly DestinationInput[];
  readonly recovery: StatusReport['recovery'];
  /** The newest drill that passed. */
  readonly recoveryProof?: { readonly atMs: number; readonly provenBy: 'test-object' | 'cloud-object' };
  readonly access?: AccessInputs;
  readonly verification?: readonly VerificationFacts[];
  readonly freeBytes: number;
  /** What comes in each day, and what of the local copies may go. */
  readonly room?: { readonly intakeBytesPerDay: number | null; readonly evictableBytes: number };
  /** Until images are refused if nothing more can be uploaded; null while no rate is known. */
  readonly daysLeft?: number | null;
  readonly warnBelowBytes: number;
  readonly pendingMaxMinutes: number;
  /** Times of day in which uploads run: what waits ages in them alone. */
  readonly uploadWindows?: readonly UploadWindow[];
  readonly startedAtMs: number;
  readonly nowMs: number;
}
