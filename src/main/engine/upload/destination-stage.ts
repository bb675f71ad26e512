import type { UploadStatus } from './upload-stage.ts';

/** What sends one destination's queue, whatever kind of destination it is. */
export interface DestinationStage {
  start(): void;
  workArrived(): void;
  wake(): void;
  readonly status: UploadStatus;
  drain(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
