import { EdgeSyncError, type ErrorCode, type ErrorReport } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Cancel, Clock, Logger, Random } from '../ports.ts';
import type { ReportIncident } from '../model.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { largeObjectBytes } from '../queue/large-objects.ts';
import { isAboutTheCopy, type SealerFactory } from '../seal/seal-port.ts';
import { deliver, type DeliverDeps, type DeliveryOutcome } from './deliver.ts';
import { DestinationGate, type DestinationState } from './destination-gate.ts';
import { DestinationLink, type DestinationLinkDeps } from './destination-link.ts';
import { holdMs, holdReport, holdUntilMs, type UploadHold } from './hold.ts';
import { ManifestWriter } from './manifest-writer.ts';
import { maxManifestEntries, type ManifestMac } from './manifest.ts';
import { AdaptiveWidth } from './pacing-width.ts';
import { probe, probeEveryMs } from './probe.ts';
import { dispositionOf, longestGateMs, nextWaitMs, sweepEveryMs } from './retry-policy.ts';
import { Throughput } from './throughput.ts';

/** A manifest is written when this long has gone by since its oldest entry was uploaded, ... */
const manifestMaxWaitMs = 2000;
/** ... or when nothing has been under way for this long: an image at the end of a study need not wait. */
const manifestIdleMs = 200;
/** How often an open connection is asked whether this installation's lists are still there as they were left. */
export const chainCheckEveryMs = 60 * 60_000;
/** When uploads are held, what is small may end by itself within this; cut off, its answer would be lost. */
const holdGraceMs = 5000;
/** Larger objects are sent in blocks, and go on with the next one later: they are cut off at once. */
const wholeObjectBytes = 4 * 1024 * 1024;
/** Between two looks at a queue that says something is due and gives nothing. */
const secondLookMs = 250;

export interface UploadStageDeps extends DeliverDeps, DestinationLinkDeps {
  /** Objects under way at once (settings upload.concurrency). */
  readonly concurrency: number;
  readonly queue: UploadQueue;
  readonly sealers: SealerFactory;
  readonly manifestMac: ManifestMac;
  readonly archiveId: string;
  /** False until the recovery words are proven: nothing leaves this PC that only this PC can open. */
  readonly mayUpload: () => boolean;
  /** Why nothing may be uploaded right now (a pause, the time of day); undefined: it may. Poked when it changes. */
  readonly hold?: () => UploadHold | undefined;
  /**
   * Gives an object that was sealed to another (or no) recovery certificate the current one, and records it.
   * Resolves with the job as it is now, undefined when the row has moved on.
   */
  readonly rehead: (job: UploadJob) => Promise<UploadJob | undefined>;
  /** Newest proof that this destination works (an upload or a probe), epoch milliseconds. */
  readonly lastProofAtMs: () => number | null;
  readonly reportIncident: ReportIncident;
  /** State, error or rate changed. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

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

/** Something under way, and the way to break it off. */
interface UnderWay {
  readonly sizeBytes: number;
  readonly cut: AbortController;
  task: Promise<void>;
}

/** Faults of this PC's own disk or database: no cloud can help. */
const codesOfThisPc: ReadonlySet<ErrorCode> = new Set([
  'disk-full',
  'disk-error',
  'data-dir-not-writable',
  'database-damaged',
]);

/** What came of an upload could not be written down. The job stays as it was; the cause has been told. */
export class NotRecorded extends Error {}

type Phase = 'new' | 'running' | 'draining' | 'stopped';

/**
 * Sends one destination's queue. A single loop decides what to begin; each begun thing ends by waking the loop.
 * Begins: connecting, objects, manifests, the daily probe.
 */
export class UploadStage {
  readonly #deps: UploadStageDeps;
  readonly #gate: DestinationGate;
  /** Whether the queue takes what came of uploads: sending what cannot be recorded would be sent again, for ever. */
  readonly #recording: DestinationGate;
  readonly #link: DestinationLink;
  readonly #manifests: ManifestWriter;
  readonly #throughput: Throughput;
  readonly #width: AdaptiveWidth;
  readonly #stop = new AbortController();
  readonly #active = new Map<number, UnderWay>();
  /** Connecting, writing a manifest or probing: one at a time. */
  #chore: UnderWay | undefined;
  /** Since when uploads are held, monotonic; undefined while they are not. */
  #heldSinceMs: number | undefined;
  #choreNotBeforeMs = 0;
  #choreFailures = 0;
  #lastFinishedMs = 0;
  #nextSweepMs = 0;
  #nextChainCheckMs = 0;
  /** Instances tried in the sweep that is going on; undefined between sweeps. */
  #sweep: Set<number> | undefined;
  #phase: Phase = 'new';
  #loop: Promise<void> = Promise.resolve();
  #isPoked = false;
  #wakeLoop: (() => void) | undefined;

  constructor(deps: UploadStageDeps) {
    this.#deps = deps;
    this.#gate = new DestinationGate(deps.clock, deps.random);
    this.#recording = new DestinationGate(deps.clock, deps.random);
    this.#link = new DestinationLink(deps);
    this.#width = new AdaptiveWidth(deps.concurrency, deps.clock);
    this.#throughput = new Throughput(deps.clock);
    this.#manifests = new ManifestWriter({ ...deps, mac: deps.manifestMac });
  }

  /** Begins to send. Call once. */
  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'running';
    this.#nextSweepMs = this.#deps.clock.monotonicMs() + sweepEveryMs;
    this.#loop = this.#run();
  }

  /** There may be something new to send. Cheap: call it after every commit. */
  workArrived(): void {
    this.#poke();
  }

  /** Network, credential, enrolment or sleep changed: everything that waits is tried now. */
  wake(): void {
    this.#gate.wake();
    this.#recording.wake();
    this.#choreNotBeforeMs = 0;
    this.#sweep ??= new Set();
    this.#poke();
  }

  get status(): UploadStatus {
    const link = this.#link.store === undefined ? 'closed' : 'open';
    const base = {
      bytesPerSecond: this.#throughput.bytesPerSecond(),
      active: this.#active.size,
      width: this.#isNarrow ? 1 : this.#width.now,
      link,
    } as const;
    if (!this.#deps.mayUpload()) {
      return { ...base, state: 'paused', error: new EdgeSyncError('recovery-not-proven').report };
    }
    const { state, report } = this.#recording.state === 'ok' ? this.#gate : this.#recording;
    const hold = this.#deps.hold?.();
    if (hold === undefined) return { ...base, state, error: report };
    const untilMs = holdUntilMs(hold);
    const held = { ...base, hold: hold.tag, ...(untilMs === undefined ? {} : { heldUntilMs: untilMs }) };
    // What waits for a person is told first: the hold ends by itself.
    if (state === 'refused' || state === 'paused') return { ...held, state, error: report };
    return { ...held, state: 'paused', error: holdReport(hold) };
  }

  /** Takes nothing new, finishes what is under way and its manifest, then stops. Gives up when `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'draining';
    const giveUp = (): void => this.#cutAll();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    this.#poke();
    try {
      while (this.#active.size > 0 || this.#chore !== undefined) {
        await Promise.allSettled(this.#tasks());
      }
      const { store } = this.#link;
      const isHeld = this.#deps.hold?.() !== undefined;
      if (store !== undefined && !isHeld && !this.#stop.signal.aborted) await this.#writeAllManifests(store);
    } catch (error) {
      // What is not in a manifest now will be in one at the next start.
      this.#deps.logger.warn('upload.drain-manifest', { code: asOurs(error).code });
    } finally {
      signal.removeEventListener('abort', giveUp);
      await this.stop();
    }
  }

  /** Breaks off what is under way; its jobs go back to the queue without using an attempt. */
  async stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#cutAll();
    this.#poke();
    await Promise.allSettled([this.#loop, ...this.#tasks()]);
    await this.#link.drop();
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

  async #run(): Promise<void> {
    while (this.#phase === 'running') {
      let waitMs: number | undefined;
      try {
        waitMs = this.#step();
      } catch (error) {
        // The queue itself failed (disk, database). Its own stage shows that; here it only means to come back later.
        this.#deps.logger.error('upload.step', { destination: this.#deps.destination }, error);
        this.#notRecorded(error);
        waitMs = Math.max(secondLookMs, this.#recording.waitMs());
      }
      await this.#rest(waitMs);
    }
  }

  /** Begins what may begin now. @returns milliseconds until there is a reason to look again; undefined: only when poked. */
  #step(): number | undefined {
    if (!this.#deps.mayUpload()) return undefined;
    const hold = this.#deps.hold?.();
    if (hold !== undefined) return this.#held(hold);
    this.#heldSinceMs = undefined;
    const gateMs = Math.max(this.#gate.waitMs(), this.#recording.waitMs());
    if (gateMs > 0) return gateMs;
    const { store } = this.#link;
    if (store === undefined) {
      if (this.#chore === undefined && this.#active.size === 0)
        this.#begin('connect', (signal) => this.#connect(signal));
      return undefined;
    }
    if (!this.#link.hasRecords) {
      if (this.#chore === undefined) this.#begin('records', (signal) => this.#link.keepRecords(signal));
      return undefined;
    }
    const room = this.#room();
    const waits = [this.#beginJobs(store, room), this.#beginChore(store), this.#sweepWaitMs()];
    const known = waits.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Nothing new; what is large stops now, the rest has a moment. @returns milliseconds until the next look. */
  #held(hold: UploadHold): number | undefined {
    const { clock } = this.#deps;
    this.#heldSinceMs ??= clock.monotonicMs();
    const graceMs = this.#heldSinceMs + holdGraceMs - clock.monotonicMs();
    for (const { sizeBytes, cut } of this.#underWay()) {
      if (graceMs <= 0 || sizeBytes > wholeObjectBytes) cut.abort();
    }
    const waits = [
      ...(graceMs > 0 && (this.#active.size > 0 || this.#chore !== undefined) ? [graceMs] : []),
      ...[holdMs(hold, clock.nowMs())].filter((one) => one !== undefined),
    ];
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** How many may begin, and how many large ones among them: what is small always finds a slot. */
  #room(): { readonly all: number; readonly large: number } {
    const active = this.#active.size;
    if (this.#isNarrow) return { all: 1 - active, large: 1 - active };
    const large = [...this.#active.values()].filter(({ sizeBytes }) => sizeBytes > largeObjectBytes).length;
    const all = this.#width.now - active;
    const isLargeAlone = large > 0 && large === active;
    return {
      all: all <= 0 && isLargeAlone ? 1 : all,
      large: Math.min(all, this.#width.large(this.#throughput.bytesPerSecond()) - large),
    };
  }

  #beginJobs(
    store: CloudStore,
    { all: room, large }: { readonly all: number; readonly large: number },
  ): number | undefined {
    const { queue, destination, clock } = this.#deps;
    if (room <= 0) return undefined;
    const nowMs = clock.nowMs();
    const dueAtMs = queue.nextDueAtMs(destination);
    const isSweeping = this.#sweep !== undefined && dueAtMs !== undefined;
    if (dueAtMs === undefined || (dueAtMs > nowMs && !isSweeping)) {
      this.#sweep = undefined;
      return dueAtMs === undefined ? undefined : dueAtMs - nowMs;
    }
    // In a sweep everything that waits counts as due, once.
    const dueMs = isSweeping ? Number.MAX_SAFE_INTEGER : nowMs;
    const jobs = queue.claim(destination, room, dueMs, Math.max(0, large));
    let begun = 0;
    for (const job of jobs) {
      if (this.#sweep?.has(job.instanceId) === true) {
        queue.release(job.instanceId, destination);
        continue;
      }
      this.#sweep?.add(job.instanceId);
      begun += 1;
      this.#beginJob(job, store);
    }
    if (begun < room) this.#sweep = undefined;
    return begun < room ? secondLookMs : undefined;
  }

  #beginJob(job: UploadJob, store: CloudStore): void {
    const cut = new AbortController();
    const task = this.#send(job, store, cut.signal)
      .catch((error: unknown) => {
        this.#deps.queue.release(job.instanceId, job.destination);
        if (!(error instanceof NotRecorded)) this.#notRecorded(error);
      })
      .finally(() => {
        this.#active.delete(job.instanceId);
        this.#lastFinishedMs = this.#deps.clock.monotonicMs();
        this.#poke();
      });
    this.#active.set(job.instanceId, { sizeBytes: job.sizeBytes, cut, task });
  }

  async #send(claimed: UploadJob, store: CloudStore, signal: AbortSignal): Promise<void> {
    const { queue, destination, logger, clock } = this.#deps;
    const beganMs = clock.monotonicMs();
    try {
      const outcome = await this.#attempt(claimed, store, signal);
      switch (outcome.tag) {
        case 'uploaded':
          this.#succeeded();
          this.#width.succeeded(beganMs);
          await this.#record(() => queue.markUploaded(claimed.instanceId, destination, outcome.proof));
          return;
        case 'conflict':
          this.#succeeded();
          await this.#park(claimed, outcome.error);
          return;
        case 'local-damage':
          await this.#park(claimed, outcome.error);
          return;
        case 'moved-on':
          queue.release(claimed.instanceId, destination);
      }
    } catch (error) {
      if (error instanceof NotRecorded) throw error;
      if (signal.aborted) {
        queue.release(claimed.instanceId, destination);
        return;
      }
      const ours = asOurs(error);
      this.#width.failed(ours.code, beganMs);
      logger.warn('upload.failed', { destination, code: ours.code, attempts: claimed.attempts });
      await this.#failed(claimed, ours);
    }
  }

  async #attempt(
    claimed: UploadJob,
    store: CloudStore,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome | { readonly tag: 'moved-on' }> {
    let job = claimed;
    if (claimed.recoveryFingerprint !== this.#deps.sealers.recoveryFingerprint) {
      try {
        const reheaded = await this.#deps.rehead(claimed);
        if (reheaded === undefined) return { tag: 'moved-on' };
        job = reheaded;
      } catch (error) {
        if (!isAboutTheCopy(error)) throw asOurs(error);
        return this.#localDamage(claimed, error);
      }
    }
    let confirmed = 0;
    const outcome = await deliver(job, store, this.#deps, {
      signal,
      onProgress: (bytes) => {
        this.#throughput.add(bytes - confirmed);
        confirmed = bytes;
      },
    });
    return outcome.tag === 'local-damage' ? this.#localDamage(job, outcome.error) : outcome;
  }

  /** A copy whose place another has taken (re-headed, resent) is not missing: its row is looked at anew. */
  #localDamage(job: UploadJob, error: EdgeSyncError): DeliveryOutcome | { readonly tag: 'moved-on' } {
    const held = this.#deps.queue.heldCopy(job.instanceId);
    const isReplaced = held !== undefined && held.spoolId !== job.spoolId;
    return isReplaced ? { tag: 'moved-on' } : { tag: 'local-damage', error };
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
        await this.#record(() =>
          queue.markFailed(job.instanceId, destination, error.code, error.detail, dueAtMs),
        );
        this.#deps.onChange();
      }
    }
  }

  async #park(job: UploadJob, error: EdgeSyncError): Promise<void> {
    const { queue, destination, reportIncident } = this.#deps;
    const { instanceId } = job;
    const park = (): Promise<boolean> => queue.markParked(instanceId, destination, error.code, error.detail);
    if (!(await this.#record(park))) return;
    reportIncident({ code: error.code, subject: job.details.studyInstanceUid, ...detailOf(error) });
  }

  /** Writes down what came of an upload. @throws NotRecorded after it has been told. */
  async #record<T>(write: () => Promise<T>): Promise<T> {
    let written: T;
    try {
      written = await write();
    } catch (error) {
      this.#notRecorded(error);
      throw new NotRecorded('not recorded', { cause: error });
    }
    this.#recorded();
    return written;
  }

  #recorded(): void {
    if (this.#recording.succeeded()) this.#deps.onChange();
  }

  /** The rows stay as they were and are sent again, after a wait that grows. */
  #notRecorded(error: unknown): void {
    this.#deps.logger.error('upload.record', { destination: this.#deps.destination }, error);
    this.#recording.down(asOurs(error));
    this.#deps.onChange();
  }

  /** One request at a time finds out whether the destination, or the queue, is there again. */
  get #isNarrow(): boolean {
    return this.#gate.width() === 'one' || this.#recording.width() === 'one';
  }

  /** One thing at a time besides the objects. @returns milliseconds until one is due. */
  #beginChore(store: CloudStore): number | undefined {
    if (this.#chore !== undefined) return undefined;
    const { clock, queue, destination } = this.#deps;
    const monotonicMs = clock.monotonicMs();
    const heldMs = this.#choreNotBeforeMs - monotonicMs;
    const backlog = queue.manifestBacklog(destination);
    if (backlog.count > 0) {
      const waitMs = Math.max(heldMs, this.#manifestWaitMs(backlog.count, backlog.oldestAtMs));
      if (waitMs > 0) return waitMs;
      this.#begin('manifest', (signal) => this.#writeManifest(store, signal));
      return undefined;
    }
    const chainWaitMs = Math.max(heldMs, this.#nextChainCheckMs - monotonicMs);
    if (chainWaitMs <= 0) {
      this.#begin('chain', (signal) => this.#checkChain(signal));
      return undefined;
    }
    const probeWaitMs = Math.max(heldMs, this.#probeWaitMs());
    if (probeWaitMs > 0) return Math.min(probeWaitMs, chainWaitMs);
    if (this.#active.size > 0) return undefined;
    this.#begin('probe', (signal) => this.#probe(store, signal));
    return undefined;
  }

  #manifestWaitMs(count: number, oldestAtMs: number | undefined): number {
    if (count >= maxManifestEntries) return 0;
    const { clock } = this.#deps;
    const idleMs =
      this.#active.size > 0
        ? Number.POSITIVE_INFINITY
        : this.#lastFinishedMs + manifestIdleMs - clock.monotonicMs();
    const ageMs = clock.nowMs() - (oldestAtMs ?? 0);
    // A clock set back makes an age below zero: then it has waited long enough.
    const oldMs = ageMs < 0 ? 0 : manifestMaxWaitMs - ageMs;
    return Math.max(0, Math.min(idleMs, oldMs));
  }

  #probeWaitMs(): number {
    const provenAtMs = this.#deps.lastProofAtMs();
    const ageMs = this.#deps.clock.nowMs() - (provenAtMs ?? Number.NEGATIVE_INFINITY);
    return ageMs < 0 ? 0 : Math.max(0, probeEveryMs - ageMs);
  }

  /** Runs a chore; how it ends goes to the gate, as with the objects. */
  #begin(
    what: 'connect' | 'records' | 'manifest' | 'chain' | 'probe',
    work: (signal: AbortSignal) => Promise<void>,
  ): void {
    const { clock, random, logger, destination } = this.#deps;
    const cut = new AbortController();
    const task = work(cut.signal)
      .then(
        () => {
          this.#choreFailures = 0;
          this.#succeeded();
          if (what === 'manifest' || what === 'probe') this.#recorded();
        },
        async (error: unknown) => {
          if (cut.signal.aborted) return;
          const ours = asOurs(error);
          logger.warn(`upload.${what}`, { destination, code: ours.code, detail: ours.detail });
          this.#choreFailures += 1;
          const isOfThisPc = codesOfThisPc.has(ours.code);
          const ceilingMs = isOfThisPc ? longestGateMs : undefined;
          this.#choreNotBeforeMs =
            clock.monotonicMs() + nextWaitMs(ours, this.#choreFailures, random, ceilingMs);
          if (isOfThisPc) this.#notRecorded(ours);
          else if (dispositionOf(ours) === 'pause') await this.#paused(ours);
          else if (what === 'connect') this.#gate.down(ours);
          else this.#gate.failed(ours, what);
          this.#deps.onChange();
          if (ours.code === 'manifest-broken' || ours.code === 'archive-key-conflict') {
            this.#deps.reportIncident({ code: ours.code, subject: destination, ...detailOf(ours) });
          }
        },
      )
      .finally(() => {
        this.#chore = undefined;
        this.#poke();
      });
    this.#chore = { sizeBytes: 0, cut, task };
  }

  async #connect(signal: AbortSignal): Promise<void> {
    await this.#link.open(signal);
    this.#nextChainCheckMs = this.#deps.clock.monotonicMs() + chainCheckEveryMs;
  }

  async #checkChain(signal: AbortSignal): Promise<void> {
    await this.#link.recheck(signal);
    this.#nextChainCheckMs = this.#deps.clock.monotonicMs() + chainCheckEveryMs;
  }

  async #writeManifest(store: CloudStore, signal: AbortSignal): Promise<void> {
    const verified = await this.#manifests.writeNext(store, signal);
    this.#deps.logger.info('upload.verified', { destination: this.#deps.destination, instances: verified });
  }

  async #writeAllManifests(store: CloudStore): Promise<void> {
    while ((await this.#manifests.writeNext(store, this.#stop.signal)) > 0) continue;
  }

  async #probe(store: CloudStore, signal: AbortSignal): Promise<void> {
    const { queue, destination, installationId, random } = this.#deps;
    await probe(store, installationId, random, signal);
    await queue.recordProbe(destination);
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
    if (this.#active.size <= 1) await this.#link.drop();
    this.#deps.onChange();
  }

  #sweepWaitMs(): number {
    const waitMs = this.#nextSweepMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) return waitMs;
    this.#nextSweepMs = this.#deps.clock.monotonicMs() + sweepEveryMs;
    this.#sweep ??= new Set();
    return 0;
  }

  #poke(): void {
    this.#isPoked = true;
    this.#wakeLoop?.();
  }

  /** Until poked, or for `ms`. */
  async #rest(ms: number | undefined): Promise<void> {
    let timer: Cancel | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeLoop = resolve;
      if (this.#isPoked || this.#phase !== 'running') resolve();
      else if (ms !== undefined) timer = this.#deps.clock.after(ms, resolve);
    });
    timer?.cancel();
    this.#wakeLoop = undefined;
    this.#isPoked = false;
  }
}

function asOurs(error: unknown): EdgeSyncError {
  return error instanceof EdgeSyncError ? error : new EdgeSyncError('internal', undefined, { cause: error });
}

function detailOf(error: EdgeSyncError): { readonly detail?: string } {
  return error.detail === undefined ? {} : { detail: error.detail };
}
