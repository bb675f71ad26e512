import { EdgeSyncError, toEdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import { isLarge } from '../queue/large-objects.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { DestinationGate } from './destination-gate.ts';
import type { DestinationStage, UploadStatus } from './destination-stage.ts';
import { receivingMs, type Turns } from './give-way.ts';
import { holdMs, holdReport, holdUntilMs, type UploadHold } from './hold.ts';
import { JobPicker, secondLookMs } from './job-picker.ts';
import { NotRecorded, OutcomeRecord } from './outcome-record.ts';
import { AdaptiveWidth } from './pacing-width.ts';
import { dispositionOf, longestGateMs, nextWaitMs } from './retry-policy.ts';
import { Throughput } from './throughput.ts';
import { WakeLoop } from './wake-loop.ts';

/** When uploads are held, what is under way may end by itself within this; cut off, its answer would be lost. */
const holdGraceMs = 5000;

/** Faults of this PC's own disk or database: no cloud can help. */
const codesOfThisPc: ReadonlySet<ErrorCode> = new Set([
  'disk-full',
  'disk-error',
  'data-dir-not-writable',
  'database-damaged',
]);
/** Somebody has to look at the destination itself. */
const codesForAPerson: ReadonlySet<ErrorCode> = new Set(['manifest-broken', 'archive-key-conflict']);

export interface SenderDeps {
  /** Name in the configuration. */
  readonly destination: string;
  /** Objects under way at once (settings upload.concurrency). */
  readonly concurrency: number;
  readonly queue: Pick<
    UploadQueue,
    'claim' | 'release' | 'nextDueAtMs' | 'markFailed' | 'markParked' | 'heldCopy'
  >;
  /** False until the recovery words are proven: nothing leaves this PC that only this PC can open. */
  readonly mayUpload: () => boolean;
  /** Why nothing may be uploaded right now (a pause, the time of day); undefined: it may. Poked when it changes. */
  readonly hold?: () => UploadHold | undefined;
  /** Receiving goes first; undefined: uploads never give way. */
  readonly turns?: Turns;
  readonly reportIncident: ReportIncident;
  /** State, error or rate changed. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What came of one attempt. Failures of the place itself are thrown. */
export type Attempt =
  /** Proven there; `record` writes it down. */
  | { readonly tag: 'sent'; readonly record: () => Promise<void> }
  /** Something else lies there already. */
  | { readonly tag: 'conflict'; readonly error: EdgeSyncError }
  /** The copy on this PC is missing or damaged. */
  | { readonly tag: 'local-damage'; readonly error: EdgeSyncError }
  /** The row has changed meanwhile: it is looked at anew. */
  | { readonly tag: 'moved-on' };

/** Something to do besides the objects, one at a time. */
export interface Chore {
  readonly what: 'connect' | 'records' | 'manifest' | 'chain' | 'probe';
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** What is under way besides, for whoever says which chore is due. */
export interface Traffic {
  /** Objects being sent. */
  readonly active: number;
  /** When the last of them ended, monotonic. */
  readonly lastFinishedMs: number;
  /** No chore before this many milliseconds: one has failed. May be below zero. */
  readonly heldMs: number;
}

/** One kind of destination: how it is reached, what an attempt is, what else has to be done there. */
export interface Way<Store> {
  /** The open connection. */
  readonly store: Store | undefined;
  connect(signal: AbortSignal): Promise<void>;
  drop(): Promise<void>;
  /** What has to be done over an open connection before any object. */
  beforeObjects?(): Chore | undefined;
  attempt(
    job: UploadJob,
    store: Store,
    options: { readonly signal: AbortSignal; readonly onProgress: (confirmedBytes: number) => void },
  ): Promise<Attempt>;
  /** The chore that is due now, or milliseconds until one is. */
  dueChore(store: Store, traffic: Traffic): Chore | number | undefined;
  /** Can it go on later where it was cut off? */
  isResumable(sizeBytes: number): boolean;
  /** Last work of an orderly end, over an open connection. */
  finish?(store: Store, signal: AbortSignal): Promise<void>;
}

/** Something under way, and the way to break it off. */
interface UnderWay {
  readonly sizeBytes: number;
  readonly cut: AbortController;
  task: Promise<void>;
}

/**
 * Sends one destination's queue, whatever kind of destination it is. A single loop decides what to begin; each begun
 * thing ends by waking the loop. Begins: connecting, objects, and the chores of the `Way`.
 */
export class Sender<Store> implements DestinationStage {
  readonly #deps: SenderDeps;
  readonly #way: Way<Store>;
  readonly #gate: DestinationGate;
  readonly #record: OutcomeRecord;
  readonly #throughput: Throughput;
  readonly #width: AdaptiveWidth;
  readonly #picker: JobPicker;
  readonly #loop: WakeLoop;
  readonly #stop = new AbortController();
  readonly #active = new Map<number, UnderWay>();
  #chore: UnderWay | undefined;
  /** Since when uploads are held, monotonic; undefined while they are not. */
  #heldSinceMs: number | undefined;
  #choreNotBeforeMs = 0;
  #choreFailures = 0;
  #lastFinishedMs = 0;

  constructor(deps: SenderDeps, way: Way<Store>) {
    this.#deps = deps;
    this.#way = way;
    this.#gate = new DestinationGate(deps.clock, deps.random);
    this.#record = new OutcomeRecord(deps);
    this.#width = new AdaptiveWidth(deps.concurrency, deps.clock);
    this.#throughput = new Throughput(deps.clock);
    this.#picker = new JobPicker(deps);
    this.#loop = new WakeLoop(deps.clock);
  }

  /** Begins to send. Call once. */
  start(): void {
    this.#loop.begin(() => this.#look());
  }

  /** There may be something new to send. Cheap: call it after every commit. */
  workArrived(): void {
    this.#loop.poke();
  }

  /** Network, credential, enrolment or sleep changed: everything that waits is tried now. */
  wake(): void {
    this.#gate.wake();
    this.#record.gate.wake();
    this.#choreNotBeforeMs = 0;
    this.#picker.sweep();
    this.#loop.poke();
  }

  get status(): UploadStatus {
    const base = {
      bytesPerSecond: this.#throughput.bytesPerSecond(),
      active: this.#active.size,
      width: this.#isNarrow ? 1 : this.#width.now,
      link: this.#way.store === undefined ? 'closed' : 'open',
    } as const;
    if (!this.#deps.mayUpload()) {
      return { ...base, state: 'paused', error: new EdgeSyncError('recovery-not-proven').report };
    }
    const { state, report } = this.#record.gate.state === 'ok' ? this.#gate : this.#record.gate;
    const hold = this.#deps.hold?.();
    if (hold === undefined) return { ...base, state, error: report };
    const untilMs = holdUntilMs(hold);
    const held = { ...base, hold: hold.tag, ...(untilMs === undefined ? {} : { heldUntilMs: untilMs }) };
    // What waits for a person is told first: the hold ends by itself.
    if (state === 'refused' || state === 'paused') return { ...held, state, error: report };
    return { ...held, state: 'paused', error: holdReport(hold) };
  }

  /** Takes nothing new, finishes what is under way and what belongs to it, then stops. Gives up when `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#loop.end();
    this.#picker.putBack();
    const giveUp = (): void => this.#cutAll();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      while (this.#active.size > 0 || this.#chore !== undefined) {
        await Promise.allSettled(this.#tasks());
      }
      const { store } = this.#way;
      const isHeld = this.#deps.hold?.() !== undefined;
      if (store !== undefined && !isHeld && !this.#stop.signal.aborted) {
        await this.#way.finish?.(store, this.#stop.signal);
      }
    } catch (error) {
      // What is not in a manifest now will be in one at the next start.
      this.#deps.logger.warn('upload.drain-manifest', { code: toEdgeSyncError(error).code });
    } finally {
      signal.removeEventListener('abort', giveUp);
      await this.stop();
    }
  }

  /** Breaks off what is under way; its jobs go back to the queue without using an attempt. */
  async stop(): Promise<void> {
    this.#cutAll();
    this.#loop.end();
    this.#picker.putBack();
    await Promise.allSettled([this.#loop.done, ...this.#tasks()]);
    await this.#way.drop();
  }

  #tasks(): Promise<void>[] {
    return [...this.#underWay()].map(({ task }) => task);
  }

  *#underWay(): Generator<UnderWay> {
    yield* this.#active.values();
    if (this.#chore !== undefined) yield this.#chore;
  }

  #cutAll(): void {
    this.#stop.abort();
    for (const { cut } of this.#underWay()) cut.abort();
  }

  #look(): number | undefined {
    try {
      return this.#step();
    } catch (error) {
      // The queue itself failed (disk, database). Its own stage shows that; here it only means to come back later.
      this.#deps.logger.error('upload.step', { destination: this.#deps.destination }, error);
      this.#record.failed(error);
      return Math.max(secondLookMs, this.#record.gate.waitMs());
    }
  }

  /** Begins what may begin now. @returns milliseconds until there is a reason to look again; undefined: only when poked. */
  #step(): number | undefined {
    const open = this.#open();
    if (open.tag === 'open')
      return soonest([this.#beginJobs(open.store), this.#beginChore(open.store), this.#picker.sweepWaitMs()]);
    this.#picker.putBack();
    return open.waitMs;
  }

  /** Whether objects may begin now; begins what has to come before them. `waitMs` as of `#step`. */
  #open():
    | { readonly tag: 'open'; readonly store: Store }
    | { readonly tag: 'not-now'; readonly waitMs: number | undefined } {
    const notNow = (waitMs?: number) => ({ tag: 'not-now', waitMs }) as const;
    if (!this.#deps.mayUpload()) return notNow();
    const hold = this.#deps.hold?.();
    if (hold !== undefined) return notNow(this.#held(hold));
    this.#heldSinceMs = undefined;
    const gateMs = Math.max(this.#gate.waitMs(), this.#record.gate.waitMs());
    if (gateMs > 0) return notNow(gateMs);
    const way = this.#way;
    const { store } = way;
    if (store === undefined) {
      if (this.#chore === undefined && this.#active.size === 0)
        this.#begin({ what: 'connect', run: (signal) => way.connect(signal) });
      return notNow();
    }
    const first = way.beforeObjects?.();
    if (first === undefined) return { tag: 'open', store };
    if (this.#chore === undefined) this.#begin(first);
    return notNow();
  }

  /** Nothing new; what can go on later stops now, the rest has a moment. @returns milliseconds until the next look. */
  #held(hold: UploadHold): number | undefined {
    const { clock } = this.#deps;
    this.#heldSinceMs ??= clock.monotonicMs();
    const graceMs = this.#heldSinceMs + holdGraceMs - clock.monotonicMs();
    for (const { sizeBytes, cut } of this.#underWay()) {
      if (graceMs <= 0 || this.#way.isResumable(sizeBytes)) cut.abort();
    }
    const isBusy = this.#active.size > 0 || this.#chore !== undefined;
    return soonest([graceMs > 0 && isBusy ? graceMs : undefined, holdMs(hold, clock.nowMs())]);
  }

  /** One request at a time finds out whether the destination, or the queue, is there again. */
  get #isNarrow(): boolean {
    return this.#gate.width() === 'one' || this.#record.gate.width() === 'one';
  }

  /** How many may begin, and how many large ones among them: what is small always finds a slot. */
  #room(): { readonly all: number; readonly large: number } {
    const active = this.#active.size;
    if (this.#isNarrow) return { all: 1 - active, large: 1 - active };
    const large = [...this.#active.values()].filter(isLarge).length;
    const all = this.#width.now - active;
    const isLargeAlone = large > 0 && large === active;
    return {
      all: all <= 0 && isLargeAlone ? 1 : all,
      large: Math.min(all, this.#width.large(this.#throughput.bytesPerSecond()) - large),
    };
  }

  #beginJobs(store: Store): number | undefined {
    const { turns } = this.#deps;
    const turnsLeft = turns?.left() ?? Number.POSITIVE_INFINITY;
    const { all, large } = this.#room();
    const { jobs, waitMs } = this.#picker.pick({ all: Math.min(all, turnsLeft), large });
    if (jobs.length > 0) turns?.take();
    for (const job of jobs) this.#beginJob(job, store);
    return turnsLeft === 0 ? soonest([receivingMs, waitMs]) : waitMs;
  }

  #beginJob(job: UploadJob, store: Store): void {
    const cut = new AbortController();
    const task = this.#send(job, store, cut.signal)
      .catch((error: unknown) => {
        this.#deps.queue.release(job.instanceId, job.destination);
        if (!(error instanceof NotRecorded)) this.#record.failed(error);
      })
      .finally(() => {
        // It may have been begun anew as soon as it was given back.
        if (this.#active.get(job.instanceId)?.cut === cut) this.#active.delete(job.instanceId);
        this.#lastFinishedMs = this.#deps.clock.monotonicMs();
        this.#loop.poke();
      });
    this.#active.set(job.instanceId, { sizeBytes: job.sizeBytes, cut, task });
  }

  async #send(job: UploadJob, store: Store, signal: AbortSignal): Promise<void> {
    const { queue, destination, logger, clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    let confirmed = 0;
    try {
      const outcome = await this.#way.attempt(job, store, {
        signal,
        onProgress: (bytes) => {
          this.#throughput.add(bytes - confirmed);
          confirmed = bytes;
        },
      });
      switch (outcome.tag) {
        case 'sent':
          this.#succeeded();
          this.#width.succeeded(beganMs);
          await this.#record.write(outcome.record);
          return;
        case 'conflict':
          this.#succeeded();
          await this.#park(job, outcome.error);
          return;
        case 'local-damage':
          await this.#park(job, outcome.error);
          return;
        case 'moved-on':
          queue.release(job.instanceId, destination);
      }
    } catch (error) {
      if (error instanceof NotRecorded) throw error;
      if (signal.aborted) {
        queue.release(job.instanceId, destination);
        return;
      }
      const ours = toEdgeSyncError(error);
      this.#width.failed(ours.code, beganMs);
      logger.warn('upload.failed', { destination, code: ours.code, attempts: job.attempts });
      await this.#failed(job, ours);
    }
  }

  async #failed(job: UploadJob, error: EdgeSyncError): Promise<void> {
    const { queue, destination, clock, random } = this.#deps;
    switch (dispositionOf(error)) {
      case 'pause':
        queue.release(job.instanceId, destination);
        await this.#paused(error);
        return;
      case 'park':
        await this.#park(job, error);
        return;
      case 'retry': {
        this.#gate.failed(error, String(job.instanceId));
        const dueAtMs = clock.nowMs() + nextWaitMs(error, job.attempts + 1, random);
        await this.#record.write(() =>
          queue.markFailed(job.instanceId, destination, error.code, error.detail, dueAtMs),
        );
        this.#deps.onChange();
      }
    }
  }

  async #park(job: UploadJob, error: EdgeSyncError): Promise<void> {
    const { queue, destination } = this.#deps;
    const { instanceId } = job;
    const park = (): Promise<boolean> => queue.markParked(instanceId, destination, error.code, error.detail);
    if (await this.#record.write(park)) this.#report(error, job.details.studyInstanceUid);
  }

  #report({ code, detail }: EdgeSyncError, subject: string): void {
    this.#deps.reportIncident({ code, subject, ...(detail === undefined ? {} : { detail }) });
  }

  /** @returns milliseconds until one is due. */
  #beginChore(store: Store): number | undefined {
    if (this.#chore !== undefined) return undefined;
    const due = this.#way.dueChore(store, {
      active: this.#active.size,
      lastFinishedMs: this.#lastFinishedMs,
      heldMs: this.#choreNotBeforeMs - this.#deps.clock.monotonicMs(),
    });
    if (typeof due !== 'object') return due;
    this.#begin(due);
    return undefined;
  }

  /** Runs a chore; how it ends goes to the gate, as with the objects. */
  #begin({ what, run }: Chore): void {
    const { clock, random, logger, destination } = this.#deps;
    const cut = new AbortController();
    const task = run(cut.signal)
      .then(
        () => {
          this.#choreFailures = 0;
          this.#succeeded();
          if (what === 'manifest' || what === 'probe') this.#record.worked();
        },
        async (error: unknown) => {
          if (cut.signal.aborted) return;
          const ours = toEdgeSyncError(error);
          logger.warn(`upload.${what}`, { destination, code: ours.code, detail: ours.detail });
          this.#choreFailures += 1;
          const isOfThisPc = codesOfThisPc.has(ours.code);
          const ceilingMs = isOfThisPc ? longestGateMs : undefined;
          this.#choreNotBeforeMs =
            clock.monotonicMs() + nextWaitMs(ours, this.#choreFailures, random, ceilingMs);
          if (isOfThisPc) this.#record.failed(ours);
          else if (dispositionOf(ours) === 'pause') await this.#paused(ours);
          else if (what === 'connect') this.#gate.down(ours);
          else this.#gate.failed(ours, what);
          this.#deps.onChange();
          if (codesForAPerson.has(ours.code)) this.#report(ours, destination);
        },
      )
      .finally(() => {
        this.#chore = undefined;
        this.#loop.poke();
      });
    this.#chore = { sizeBytes: 0, cut, task };
  }

  #succeeded(): void {
    const stateBefore = this.#gate.state;
    this.#gate.succeeded();
    if (stateBefore !== 'ok') this.#deps.onChange();
  }

  /** The destination waits; the credential is read again before the next attempt. */
  async #paused(error: EdgeSyncError): Promise<void> {
    this.#gate.paused(error);
    // Objects under way still use the connection; the last of them drops it.
    if (this.#active.size <= 1) await this.#way.drop();
    this.#deps.onChange();
  }
}

/** A copy whose place another has taken (re-headed, resent) is not missing: its row is looked at anew. */
export function damageOf(
  job: UploadJob,
  error: EdgeSyncError,
  queue: Pick<UploadQueue, 'heldCopy'>,
): Attempt {
  const held = queue.heldCopy(job.instanceId);
  const isReplaced = held !== undefined && held.spoolId !== job.spoolId;
  return isReplaced ? { tag: 'moved-on' } : { tag: 'local-damage', error };
}

function soonest(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
