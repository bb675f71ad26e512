/** Storage commitment as the receiver sees it. */
import type { ErrorCode } from '../../../shared/errors.ts';

/** Who asks, as the association has it. */
export interface CommitmentCaller {
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
  /** null: a caller that is not paired. */
  readonly deviceId: string | null;
}

/** An N-ACTION whose dataset is coming in. */
export interface CommitmentRequest {
  /** Bytes are a view valid during the call only. */
  write(bytes: Buffer): void;
  /**
   * The dataset is whole. Resolves with the N-ACTION status; success means that the request is on stable storage.
   * Never rejects.
   */
  finish(): Promise<CommitmentAnswer>;
  abort(): void;
}

export interface CommitmentAnswer {
  readonly status: number;
  /** At most 64 characters, no value of the peer's. */
  readonly comment?: string;
  /** What staff have to hear of. */
  readonly incident?: ErrorCode;
}

/** N-EVENT-REPORT as it goes out. */
export interface EventReport {
  readonly eventTypeId: number;
  readonly dataset: Buffer;
}

/** A way to tell a device the result: an association that it opened and on which it is the user of storage commitment. */
export interface ReportChannel {
  readonly caller: CommitmentCaller;
  readonly transferSyntaxUid: string;
  /**
   * Sends an N-EVENT-REPORT when nothing else is going on, and resolves with the status of its answer. What it says is
   * made by `make` only then, more than once if the device stirs meanwhile: up to a minute may pass before, in which it
   * could become untrue. undefined: `make` gave none, and nothing was sent.
   * Rejects with EdgeSyncError peer-timeout, peer-unreachable (the association ended), peer-refused (the device is no
   * longer paired), cancelled, and with what `make` throws.
   */
  report(make: () => Promise<EventReport | undefined>, signal: AbortSignal): Promise<number | undefined>;
}

export interface CommitmentScp {
  begin(caller: CommitmentCaller, transferSyntaxUid: string): CommitmentRequest;
  /** A device that may have something to be told is there. */
  channelOpened(channel: ReportChannel): void;
  channelClosed(channel: ReportChannel): void;
}
