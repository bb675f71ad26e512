/** Storage commitment as the receiver sees it. */

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
}

/** A way to tell a device the result: an association that it opened and on which it is the user of storage commitment. */
export interface ReportChannel {
  readonly caller: CommitmentCaller;
  readonly transferSyntaxUid: string;
  /**
   * Sends an N-EVENT-REPORT when nothing else is going on, and resolves with the status of its answer.
   * Rejects with EdgeSyncError peer-timeout, peer-unreachable (the association ended), cancelled.
   */
  report(eventTypeId: number, dataset: Buffer, signal: AbortSignal): Promise<number>;
}

export interface CommitmentScp {
  begin(caller: CommitmentCaller, transferSyntaxUid: string): CommitmentRequest;
  /** A device that may have something to be told is there. */
  channelOpened(channel: ReportChannel): void;
  channelClosed(channel: ReportChannel): void;
}
