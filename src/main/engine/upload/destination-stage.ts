import type { ErrorReport } from '../../../shared/errors.ts';
import type { DestinationState } from './destination-gate.ts';
import type { UploadHold } from './hold.ts';

export interface UploadStatus {
  readonly state: DestinationState;
  readonly error: ErrorReport | null;
  /** While uploads are held: by what. */
  readonly hold?: UploadHold['tag'];
  /** Held until then, epoch milliseconds; absent when nobody knows. */
  readonly heldUntilMs?: number;
  /** Over the last 10 s. */
  readonly bytesPerSecond: number;
  /** Objects being sent right now, and how many at most at this moment. */
  readonly active: number;
  readonly width: number;
  /** open: connected, and this installation's chain ends there as it was left. */
  readonly link: 'open' | 'closed';
}

/** What sends one destination's queue, whatever kind of destination it is. */
export interface DestinationStage {
  start(): void;
  workArrived(): void;
  wake(): void;
  readonly status: UploadStatus;
  drain(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
