/**
 * N-EVENT-REPORT on an association that the device opened (PS3.7 10.1.1): the way back when it gave no other. One at a
 * time, and only in a pause: a device that is about to send waits for the answer to its own request and takes nothing
 * else for it.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CommitmentCaller, EventReport, ReportChannel } from '../commitment/commitment-port.ts';
import { type DimseCommand, encodeCommand } from '../dicom/dimse.ts';
import type { FragmentKind } from '../dicom/pdu.ts';
import type { Wait } from '../dicom/pdu-reader.ts';
import { storageCommitmentPushSopClass, storageCommitmentPushSopInstance } from '../dicom/sop-classes.ts';
import type { Cancel, Clock } from '../ports.ts';

/** Silence in both directions before a report: longer than a sender takes between two images or before its release. */
export const pauseMs = 1_000;
/** A device that is busy for so long is told another time. */
export const longestWaitMs = 60_000;
/** A device may look up each instance before it answers. */
export const answerMs = 120_000;

export interface EventReportsDeps {
  readonly caller: CommitmentCaller;
  readonly contextId: number;
  readonly transferSyntaxUid: string;
  readonly clock: Clock;
  /** Whether the device may still be told: its pairing may have ended since the association began. */
  readonly stands: () => boolean;
  /** Whether a message of the peer's is under way or not yet answered. */
  readonly isBusy: () => boolean;
  /** One whole command or dataset, in one go: nothing comes between its fragments. */
  readonly send: (contextId: number, kind: FragmentKind, bytes: Buffer) => Wait;
}

type Answer = Extract<DimseCommand, { tag: 'n-event-report-rsp' }>;

export class EventReports implements ReportChannel {
  readonly #deps: EventReportsDeps;
  readonly #closing = new AbortController();
  #lastMs: number;
  #messageId = 0;
  #outstanding: { readonly messageId: number; readonly resolve: (status: number) => void } | undefined;
  #isReporting = false;

  constructor(deps: EventReportsDeps) {
    this.#deps = deps;
    this.#lastMs = deps.clock.monotonicMs();
  }

  get caller(): CommitmentCaller {
    return this.#deps.caller;
  }

  get transferSyntaxUid(): string {
    return this.#deps.transferSyntaxUid;
  }

  /** Something came from the peer, or went to it. */
  stirred(): void {
    this.#lastMs = this.#deps.clock.monotonicMs();
  }

  /** False: it is no answer to a report of ours. */
  answered(answer: Answer): boolean {
    if (answer.messageId !== this.#outstanding?.messageId) return false;
    this.#outstanding.resolve(answer.status);
    this.#outstanding = undefined;
    return true;
  }

  /** The association is over. */
  close(): void {
    this.#closing.abort(new EdgeSyncError('peer-unreachable', 'the association ended'));
  }

  async report(
    make: () => Promise<EventReport | undefined>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (this.#isReporting) throw new EdgeSyncError('peer-timeout', 'another result is being told');
    this.#isReporting = true;
    const ending = AbortSignal.any([this.#closing.signal, signal]);
    try {
      const until = this.#deps.clock.monotonicMs() + longestWaitMs;
      for (;;) {
        await this.#pause(until, ending);
        if (!this.#deps.stands()) throw new EdgeSyncError('peer-refused', 'it is no longer paired');
        const report = await make();
        if (report === undefined) return undefined;
        ending.throwIfAborted();
        // Nothing comes between this question and the bytes on their way.
        if (this.#quietMs >= pauseMs) return await this.#exchange(report, ending);
      }
    } catch (error) {
      throw this.#closing.signal.aborted ? this.#closing.signal.reason : error;
    } finally {
      this.#isReporting = false;
    }
  }

  /** In both directions. */
  get #quietMs(): number {
    const { clock, isBusy } = this.#deps;
    return isBusy() ? 0 : clock.monotonicMs() - this.#lastMs;
  }

  async #pause(until: number, ending: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    for (;;) {
      ending.throwIfAborted();
      const quietMs = this.#quietMs;
      if (quietMs >= pauseMs) return;
      if (clock.monotonicMs() >= until) throw new EdgeSyncError('peer-timeout', 'it is busy');
      await clock.sleep(pauseMs - quietMs, ending);
    }
  }

  async #exchange({ eventTypeId, dataset }: EventReport, ending: AbortSignal): Promise<number> {
    const { contextId, clock, send } = this.#deps;
    this.#messageId = (this.#messageId % 0xffff) + 1;
    const messageId = this.#messageId;
    const answer = Promise.withResolvers<number>();
    const fail = (): void => answer.reject(ending.reason);
    let timer: Cancel | undefined;
    ending.addEventListener('abort', fail, { once: true });
    this.#outstanding = { messageId, resolve: answer.resolve };
    try {
      const command: DimseCommand = {
        ...{ tag: 'n-event-report-rq', messageId, eventTypeId, dataset: 'follows' },
        sopClassUid: storageCommitmentPushSopClass,
        sopInstanceUid: storageCommitmentPushSopInstance,
      };
      // Both at once: an answer of ours to something else must not come between them.
      const commandSent = send(contextId, 'command', encodeCommand(command));
      const datasetSent = send(contextId, 'dataset', dataset);
      const sent = Promise.all([commandSent ?? Promise.resolve(), datasetSent ?? Promise.resolve()]);
      await Promise.race([sent, answer.promise]);
      timer = clock.after(answerMs, () => answer.reject(new EdgeSyncError('peer-timeout')));
      return await answer.promise;
    } finally {
      timer?.cancel();
      ending.removeEventListener('abort', fail);
      this.#outstanding = undefined;
      this.stirred();
    }
  }
}
