/**
 * Storage commitment from the request to the delivered answer (PS3.4 annex J, DESIGN section 5). Every request is a row:
 * what is kept here in memory is only which ones are open and when each is looked at next.
 */
import { toEdgeSyncError } from '../../../shared/errors.ts';
import { type CommitmentDataset } from '../dicom/commitment-dataset.ts';
import { status } from '../dicom/dimse.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import type { ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger, Random } from '../ports.ts';
import type { Commitments, OpenCommitment } from '../queue/commitments.ts';
import type {
  CommitmentAnswer,
  CommitmentCaller,
  CommitmentRequest,
  CommitmentScp,
  ReportChannel,
} from './commitment-port.ts';
import { IncomingRequest } from './commitment-request.ts';
import { ReferenceRoom, sharesOf } from './reference-room.ts';
import { buildResult, failures, isDue, stageOf, unknownGraceMs, waitMs } from './commitment-result.ts';
import {
  type DeviceEndpoint,
  type EndpointOf,
  type OpenEndpoint,
  ReportDelivery,
} from './report-delivery.ts';

/** How long delivery is tried after the answer became due: DESIGN section 5. */
export const deliverMs = 7 * 24 * 3_600_000;
/** A window that doubles; the wait is its second half, drawn at random. */
export const firstRetryMs = 30_000;
export const longestRetryMs = 30 * 60_000;
/** An image changed while its answer was on the way: looked at again, but never in a tight circle. */
const withdrawnMs = 5_000;
/** While anything is open: catches a clock that was set and a timer that slept with the PC. */
const sweepMs = 60_000;
/** Changes of the queue are gathered for so long. */
const gatherMs = 50;
/** After the database refused. */
const troubleMs = 10_000;
/** References looked at in one transaction: keeps the event loop for some 10 ms. */
const settleAtOnce = 250;
const mostDeliveries = 4;
/** Answers above this size are made and sent one at a time, so that memory stays bounded. */
const largeReferences = 5_000;
/** Beyond these a request is refused (0213): a device that goes mad must not fill the disk. */
export const mostOpen = 5_000;
export const mostOpenReferences = 500_000;
/** Of a request in which nothing is known here, when the device has no address: it has to come back for its answer. */
export const deliverUnknownMs = 24 * 3_600_000;
const keepEndedMs = 30 * 24 * 3_600_000;
/** More than a year, so that a month can be compared with the same one of last year. */
const keepDaysMs = 400 * 24 * 3_600_000;
const forgetEveryMs = 24 * 3_600_000;

export interface CommitmentServiceDeps {
  readonly queue: {
    readonly commitments: Commitments;
    readonly onChange: (listener: () => void) => () => void;
  };
  /** Ours. */
  readonly aeTitle: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  /** Default: no device has an endpoint. */
  readonly endpointOf?: EndpointOf;
  readonly openConnection: OpenEndpoint;
  /** Whether images of a class are stored here at all. Default: those of the standard. */
  readonly isStoredClass?: (sopClassUid: string) => boolean;
}

export class CommitmentService implements CommitmentScp {
  readonly #deps: CommitmentServiceDeps;
  readonly #logger: Logger;
  readonly #room = new ReferenceRoom();
  readonly #delivery: ReportDelivery;
  readonly #open = new Map<number, OpenCommitment>();
  readonly #channels = new Set<ReportChannel>();
  readonly #delivering = new Map<number, Promise<void>>();
  readonly #ending = new AbortController();
  #large: Promise<void> = Promise.resolve();
  #stopListening: (() => void) | undefined;
  #timer: { readonly cancel: Cancel; readonly dueMs: number } | undefined;
  #looking: Promise<void> | undefined;
  #isLookDue = false;
  #forgetAtMs = 0;

  constructor(deps: CommitmentServiceDeps) {
    this.#deps = deps;
    this.#logger = deps.logger.child('commitment');
    this.#delivery = new ReportDelivery({
      ...deps,
      // It can be changed while this runs.
      get aeTitle() {
        return deps.aeTitle;
      },
      logger: this.#logger,
    });
  }

  /** Takes up what an earlier run left open. Throws EdgeSyncError database-*, disk-*. */
  async start(): Promise<void> {
    for (const one of await this.#deps.queue.commitments.open()) this.#open.set(one.id, one);
    this.#stopListening = this.#deps.queue.onChange(() => this.wake());
    this.wake();
  }

  /** Breaks deliveries off; they go on at the next start. Never rejects. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('stopping'));
    this.#stopListening?.();
    this.#timer?.cancel.cancel();
    this.#timer = undefined;
    await this.#looking;
    await Promise.allSettled(this.#delivering.values());
  }

  /** Images changed, the PC woke up, a pairing was changed: looks soon. Costs nothing while no request is open. */
  wake(): void {
    if (this.#open.size > 0) this.#lookIn(gatherMs);
  }

  /** Requests without a delivered answer. */
  get openCount(): number {
    return this.#open.size;
  }

  /** A method: it changes while we wait. */
  #hasEnded(): boolean {
    return this.#ending.signal.aborted;
  }

  begin(caller: CommitmentCaller, transferSyntaxUid: string): CommitmentRequest {
    return new IncomingRequest(
      transferSyntaxUid,
      this.#room,
      sharesOf(caller),
      (dataset, contentSha256, recorded) => this.#accept(caller, dataset, contentSha256, recorded),
    );
  }

  /** Whoever calls can be told now: what waits for its next try is due. */
  channelOpened(channel: ReportChannel): void {
    this.#channels.add(channel);
    for (const one of this.#open.values()) {
      if (isOf(one, channel.caller) && one.nextAttemptAtMs !== null)
        this.#open.set(one.id, { ...one, nextAttemptAtMs: null });
    }
    this.wake();
  }

  channelClosed(channel: ReportChannel): void {
    this.#channels.delete(channel);
  }

  async #accept(
    caller: CommitmentCaller,
    { transactionUid, references }: CommitmentDataset,
    contentSha256: string,
    written: (count: number) => void,
  ): Promise<CommitmentAnswer> {
    const { queue, clock } = this.#deps;
    if (!this.#hasRoomFor(caller, references.length))
      return {
        status: status.resourceLimitation,
        comment: 'too many requests are open',
        incident: 'commitment-refused',
      };
    try {
      const day = calendarDay(clock.nowMs());
      const asked = { ...caller, transactionUid, references, contentSha256, day };
      const recorded = await queue.commitments.record(asked, written);
      if (recorded.tag === 'recorded') this.#open.set(recorded.commitment.id, recorded.commitment);
      else this.#retrySoon(recorded.id);
      this.#logger.info('commitment asked', { instances: references.length, how: recorded.tag });
      this.wake();
      return { status: status.success };
    } catch (error) {
      const { code } = toEdgeSyncError(error);
      this.#logger.error('commitment not recorded', { code }, error);
      return code === 'disk-full'
        ? { status: status.resourceLimitation, comment: 'the disk is full', incident: 'disk-full' }
        : { status: status.processingFailure, comment: 'the request could not be recorded' };
    }
  }

  #hasRoomFor(caller: CommitmentCaller, count: number): boolean {
    const requests = new ReferenceRoom(mostOpen);
    const instances = new ReferenceRoom(mostOpenReferences);
    for (const one of this.#open.values()) {
      // What an earlier run took counts, even if it does not fit the shares of today.
      requests.add(sharesOf(one), 1);
      instances.add(sharesOf(one), one.total);
    }
    return requests.take(sharesOf(caller), 1) && instances.take(sharesOf(caller), count);
  }

  /** The device asks once more for what it has not got. */
  #retrySoon(id: number): void {
    const one = this.#open.get(id);
    if (one !== undefined) this.#open.set(id, { ...one, nextAttemptAtMs: null });
  }

  // ---- looking

  #lookIn(ms: number): void {
    if (this.#hasEnded()) return;
    const dueMs = this.#deps.clock.monotonicMs() + ms;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel.cancel();
    const cancel = this.#deps.clock.after(ms, () => {
      this.#timer = undefined;
      this.#lookNow();
    });
    this.#timer = { cancel, dueMs };
  }

  #lookNow(): void {
    this.#isLookDue = true;
    if (this.#looking !== undefined || this.#hasEnded()) return;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  async #look(): Promise<void> {
    while (this.#isLookDue && !this.#hasEnded()) {
      this.#isLookDue = false;
      try {
        await this.#settle();
        for (const one of [...this.#open.values()]) await this.#advance(one);
        await this.#forgetEnded();
      } catch (error) {
        if (this.#hasEnded()) return;
        this.#logger.error('commitments not looked at', { code: toEdgeSyncError(error).code }, error);
        this.#lookIn(troubleMs);
        return;
      }
    }
    this.#lookLater();
  }

  /** What the triggers marked since the last look. */
  async #settle(): Promise<void> {
    const { queue, isStoredClass = isStorageSopClass } = this.#deps;
    for (;;) {
      const { looked, commitments } = await queue.commitments.settle(settleAtOnce, isStoredClass);
      for (const id of commitments) this.#refresh(id);
      if (looked < settleAtOnce || this.#hasEnded()) return;
    }
  }

  /** What the database counts; when it is tried next stays what is known here. */
  #refresh(id: number): void {
    const known = this.#open.get(id);
    const facts = this.#deps.queue.commitments.facts(id);
    if (known === undefined || facts === undefined) return;
    const { unsettled, unknown, refused } = facts;
    this.#open.set(id, { ...known, unsettled, unknown, refused });
  }

  async #advance(known: OpenCommitment): Promise<void> {
    const { queue, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const { id } = known;
    if (this.#delivering.has(id) || !this.#open.has(id)) return;
    let one = known;
    if (isDue(one, nowMs) !== (one.readyAtMs !== null)) {
      const readyAtMs = one.readyAtMs === null ? nowMs : null;
      await queue.commitments.setReady(id, readyAtMs);
      one = this.#change(id, { readyAtMs, attempts: 0, nextAttemptAtMs: null }) ?? one;
    }
    if (one.readyAtMs === null) return;
    if (failures(one) > 0) await this.#tellFailure(one);
    if (nowMs - one.readyAtMs >= deliverMs) await this.#giveUp(one);
    else if (nowMs - one.readyAtMs >= deliverUnknownMs && this.#isHopeless(one)) await this.#forget(one);
    else if ((one.nextAttemptAtMs ?? 0) <= nowMs) this.#tryDelivery(one);
  }

  /** Staff were told of its failure, and a device that wants its answer has had a day to come for it. */
  #isHopeless(one: OpenCommitment): boolean {
    const hasEndpoint =
      this.#deps.endpointOf?.(one.callingAeTitle, one.remoteAddress, one.deviceId) !== undefined;
    return !hasEndpoint && (one.isDuplicate || one.unknown + one.refused === one.total);
  }

  async #forget(one: OpenCommitment): Promise<void> {
    await this.#deps.queue.commitments.giveUp(one.id);
    this.#open.delete(one.id);
    this.#logger.info('commitment of unknown instances forgotten', { instances: one.total });
  }

  #change(id: number, change: Partial<OpenCommitment>): OpenCommitment | undefined {
    const known = this.#open.get(id);
    if (known === undefined) return undefined;
    const changed = { ...known, ...change };
    this.#open.set(id, changed);
    return changed;
  }

  /** The next thing that happens by time alone, or the sweep. */
  #lookLater(): void {
    if (this.#open.size === 0) return;
    const nowMs = this.#deps.clock.nowMs();
    const dues = [...this.#open.values()].flatMap((one) =>
      one.readyAtMs === null
        ? [one.requestedAtMs + unknownGraceMs, one.requestedAtMs + waitMs]
        : [one.nextAttemptAtMs ?? Infinity, one.readyAtMs + deliverUnknownMs, one.readyAtMs + deliverMs],
    );
    const nextMs = dues.filter((due) => due > nowMs).reduce((least, due) => Math.min(least, due), Infinity);
    this.#lookIn(Math.min(sweepMs, Math.max(nextMs - nowMs, gatherMs)));
  }

  async #forgetEnded(): Promise<void> {
    const { queue, clock } = this.#deps;
    if (clock.nowMs() < this.#forgetAtMs) return;
    this.#forgetAtMs = clock.nowMs() + forgetEveryMs;
    const beforeDay = calendarDay(clock.nowMs() - keepDaysMs);
    const beforeMs = clock.nowMs() - keepEndedMs;
    while ((await queue.commitments.forgetEnded(beforeMs, beforeDay, settleAtOnce)) === settleAtOnce);
  }

  // ---- telling

  /** Once per request. */
  async #tellFailure(one: OpenCommitment): Promise<void> {
    if (this.#open.get(one.id)?.failureTold !== false) return;
    this.#deps.reportIncident({
      code: 'commitment-failed',
      subject: subjectOf(one),
      detail: `${failures(one)} of ${one.total} images that ${one.callingAeTitle} asked about`,
    });
    await this.#deps.queue.commitments.failureTold(one.id);
    this.#change(one.id, { failureTold: true });
  }

  async #giveUp(one: OpenCommitment): Promise<void> {
    this.#deps.reportIncident({
      code: 'commitment-undelivered',
      subject: subjectOf(one),
      detail: `${one.callingAeTitle}, about ${one.total} images`,
    });
    await this.#deps.queue.commitments.giveUp(one.id);
    this.#open.delete(one.id);
    this.#logger.warn('commitment given up', { attempts: one.attempts, instances: one.total });
  }

  #tryDelivery(one: OpenCommitment): void {
    if (this.#delivering.size >= mostDeliveries) return;
    const { endpointOf } = this.#deps;
    const endpoint = endpointOf?.(one.callingAeTitle, one.remoteAddress, one.deviceId);
    const channel = [...this.#channels].find(({ caller }) => isOf(one, caller));
    // Nothing to try before it calls: no attempt is used up.
    if (endpoint === undefined && channel === undefined) return;
    // One at a time per device: most of them take one association.
    if ([...this.#delivering.keys()].some((id) => isSameDevice(this.#open.get(id), one))) return;
    const delivering = this.#deliver(one, { endpoint, channel })
      .catch((error: unknown) => {
        if (!this.#hasEnded()) this.#logger.error('commitment delivery failed', {}, error);
      })
      .finally(() => {
        this.#delivering.delete(one.id);
        // Others may have waited for the place.
        this.wake();
      });
    this.#delivering.set(one.id, delivering);
  }

  async #deliver(
    one: OpenCommitment,
    ways: { readonly endpoint: DeviceEndpoint | undefined; readonly channel: ReportChannel | undefined },
  ): Promise<void> {
    const { queue, clock } = this.#deps;
    const turn = one.total > largeReferences ? await this.#largeTurn() : undefined;
    try {
      const outcome = await this.#delivery.deliver(
        one,
        ways,
        (layout) => buildResult(queue.commitments, one, layout, stageOf(one.requestedAtMs, clock.nowMs())),
        this.#ending.signal,
      );
      if (outcome.tag === 'withdrawn') {
        this.#change(one.id, { nextAttemptAtMs: clock.nowMs() + withdrawnMs });
        return;
      }
      const { result } = outcome;
      if (result.failed.size > 0) await this.#tellFailure(one);
      await queue.commitments.delivered(one.id, result.failed);
      this.#open.delete(one.id);
      const facts = { instances: one.total, failed: result.failed.size, attempts: one.attempts + 1 };
      this.#logger.info('commitment delivered', facts);
    } catch (error) {
      if (!this.#hasEnded()) await this.#failed(one, error);
    } finally {
      turn?.();
    }
  }

  async #failed(one: OpenCommitment, error: unknown): Promise<void> {
    const { queue, clock, random } = this.#deps;
    const { code, detail } = toEdgeSyncError(error);
    const window = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(one.attempts, 10));
    const nextAttemptAtMs = clock.nowMs() + Math.round(window * (0.5 + random.fraction() / 2));
    this.#change(one.id, { attempts: one.attempts + 1, nextAttemptAtMs });
    this.#logger.warn('commitment not delivered', { code, detail, attempts: one.attempts + 1 });
    await queue.commitments.attempted(one.id, nextAttemptAtMs);
  }

  /** Resolves when no other large answer is being made or sent, with the way to let the next one go. */
  async #largeTurn(): Promise<() => void> {
    const before = this.#large;
    const mine = Promise.withResolvers<undefined>();
    this.#large = before.then(() => mine.promise);
    await before;
    return () => mine.resolve(undefined);
  }
}

/** A paired device wherever it calls from; anybody else by name and address. */
function isOf(one: OpenCommitment, caller: CommitmentCaller): boolean {
  if (one.deviceId !== null || caller.deviceId !== null) return one.deviceId === caller.deviceId;
  return one.callingAeTitle === caller.callingAeTitle && one.remoteAddress === caller.remoteAddress;
}

function isSameDevice(one: OpenCommitment | undefined, other: OpenCommitment): boolean {
  return one !== undefined && isOf(one, other);
}

function subjectOf({ callingAeTitle, remoteAddress }: OpenCommitment): string {
  return `${callingAeTitle}@${remoteAddress}`;
}

/** The clinic's own day, YYYY-MM-DD: its calendar is the one staff compare with. */
export function calendarDay(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
