import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DatasetStore } from '../cloud/dataset-store.ts';
import type { ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger, Random } from '../ports.ts';
import type { DatasetProofs } from '../queue/dataset-proofs.ts';
import { largeObjectBytes } from '../queue/large-objects.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { deliverDataset, type DatasetDeliveryDeps } from './dataset-delivery.ts';
import { DestinationGate } from './destination-gate.ts';
import type { DestinationStage } from './destination-stage.ts';
import { holdMs, holdReport, holdUntilMs, type UploadHold } from './hold.ts';
import { AdaptiveWidth } from './pacing-width.ts';
import { probeEveryMs } from './probe.ts';
import { dispositionOf, nextWaitMs, sweepEveryMs } from './retry-policy.ts';
import { Throughput } from './throughput.ts';
import { NotRecorded, type UploadStatus } from './upload-stage.ts';

/** When uploads are held, what is under way may end by itself within this: it cannot go on later where it was. */
const holdGraceMs = 5000;
/** Between two looks at a queue that says something is due and gives nothing. */
const secondLookMs = 250;

export interface DatasetStageDeps extends DatasetDeliveryDeps {
  /** Name in the configuration. */
  readonly destination: string;
  /** Its address: what counts as verified was proven there. */
  readonly url: string;
  readonly concurrency: number;
  readonly queue: Pick<
    UploadQueue,
    | 'claim'
    | 'release'
    | 'nextDueAtMs'
    | 'markDatasetVerified'
    | 'markFailed'
    | 'markParked'
    | 'heldCopy'
    | 'manifestHead'
    | 'recordProbe'
  >;
  readonly proofs: Pick<DatasetProofs, 'placeOf' | 'keepPlace'>;
  /** Opens the store with the credential as it is now. Throws cloud-secret-*, pacs-certificate-file, keychain-*. */
  readonly connect: () => Promise<DatasetStore>;
  readonly mayUpload: () => boolean;
  readonly hold: () => UploadHold | undefined;
  readonly lastProofAtMs: () => number | null;
  readonly reportIncident: ReportIncident;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface UnderWay {
  readonly sizeBytes: number;
  readonly cut: AbortController;
  task: Promise<void>;
}

type Phase = 'new' | 'running' | 'draining' | 'stopped';

/**
 * Sends the queue of one destination that must read the images. The sibling of UploadStage: the same gate, width, holds
 * and retries, but images in clear, no manifests, no records, and `verified` by a proof of its own.
 */
export class DatasetStage implements DestinationStage {
  readonly #deps: DatasetStageDeps;
  readonly #gate: DestinationGate;
  /** Whether the queue takes what came of it: what cannot be recorded would be fetched back again, for ever. */
  readonly #recording: DestinationGate;
  readonly #width: AdaptiveWidth;
  readonly #throughput: Throughput;
  readonly #active = new Map<number, UnderWay>();
  readonly #stop = new AbortController();
  #chore: UnderWay | undefined;
  #store: DatasetStore | undefined;
  #heldSinceMs: number | undefined;
  #choreNotBeforeMs = 0;
  #choreFailures = 0;
  #nextSweepMs = 0;
  #sweep: Set<number> | undefined;
  #phase: Phase = 'new';
  #loop: Promise<void> = Promise.resolve();
  #isPoked = false;
  #wakeLoop: (() => void) | undefined;

  constructor(deps: DatasetStageDeps) {
    this.#deps = deps;
    this.#gate = new DestinationGate(deps.clock, deps.random);
    this.#recording = new DestinationGate(deps.clock, deps.random);
    this.#width = new AdaptiveWidth(deps.concurrency, deps.clock);
    this.#throughput = new Throughput(deps.clock);
  }

  /** Begins to send. Call once. */
  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'running';
    this.#nextSweepMs = this.#deps.clock.monotonicMs() + sweepEveryMs;
    this.#loop = this.#run();
  }

  workArrived(): void {
    this.#poke();
  }

  wake(): void {
    this.#gate.wake();
    this.#recording.wake();
    this.#choreNotBeforeMs = 0;
    this.#sweep ??= new Set();
    this.#poke();
  }

  get status(): UploadStatus {
    const base = {
      bytesPerSecond: this.#throughput.bytesPerSecond(),
      active: this.#active.size,
      width: this.#isNarrow ? 1 : this.#width.now,
      link: this.#store === undefined ? 'closed' : 'open',
    } as const;
    if (!this.#deps.mayUpload()) {
      return { ...base, state: 'paused', error: new EdgeSyncError('recovery-not-proven').report };
    }
    const { state, report } = this.#recording.state === 'ok' ? this.#gate : this.#recording;
    const hold = this.#deps.hold();
    if (hold === undefined) return { ...base, state, error: report };
    const untilMs = holdUntilMs(hold);
    const held = { ...base, hold: hold.tag, ...(untilMs === undefined ? {} : { heldUntilMs: untilMs }) };
    if (state === 'refused' || state === 'paused') return { ...held, state, error: report };
    return { ...held, state: 'paused', error: holdReport(hold) };
  }

  /** Takes nothing new, finishes what is under way, then stops. Gives up when `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'draining';
    const giveUp = (): void => this.#cutAll();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    this.#poke();
    try {
      while (this.#active.size > 0 || this.#chore !== undefined) {
        await Promise.allSettled([...this.#underWay()].map(({ task }) => task));
      }
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
    await Promise.allSettled([this.#loop, ...[...this.#underWay()].map(({ task }) => task)]);
    await this.#drop();
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
        this.#deps.logger.error('upload.step', { destination: this.#deps.destination }, error);
        this.#notRecorded(error);
        waitMs = Math.max(secondLookMs, this.#recording.waitMs());
      }
      await this.#rest(waitMs);
    }
  }

  /** Begins what may begin now. @returns milliseconds until there is a reason to look again; undefined: when poked. */
  #step(): number | undefined {
    if (!this.#deps.mayUpload()) return undefined;
    const hold = this.#deps.hold();
    if (hold !== undefined) return this.#held(hold);
    this.#heldSinceMs = undefined;
    const gateMs = Math.max(this.#gate.waitMs(), this.#recording.waitMs());
    if (gateMs > 0) return gateMs;
    if (this.#store === undefined) {
      if (this.#chore === undefined && this.#active.size === 0) {
        this.#begin('connect', (signal) => this.#connect(signal));
      }
      return undefined;
    }
    const waits = [this.#beginJobs(this.#store), this.#beginProbe(this.#store), this.#sweepWaitMs()];
    const known = waits.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  #held(hold: UploadHold): number | undefined {
    const { clock } = this.#deps;
    this.#heldSinceMs ??= clock.monotonicMs();
    const graceMs = this.#heldSinceMs + holdGraceMs - clock.monotonicMs();
    if (graceMs <= 0) for (const { cut } of this.#underWay()) cut.abort();
    const isBusy = this.#active.size > 0 || this.#chore !== undefined;
    const waits = [
      ...(graceMs > 0 && isBusy ? [graceMs] : []),
      ...[holdMs(hold, clock.nowMs())].filter((one) => one !== undefined),
    ];
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** How many may begin, and how many large ones among them. */
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

  #beginJobs(store: DatasetStore): number | undefined {
    const { queue, destination, clock } = this.#deps;
    const { all: room, large } = this.#room();
    if (room <= 0) return undefined;
    const nowMs = clock.nowMs();
    const dueAtMs = queue.nextDueAtMs(destination);
    const isSweeping = this.#sweep !== undefined && dueAtMs !== undefined;
    if (dueAtMs === undefined || (dueAtMs > nowMs && !isSweeping)) {
      this.#sweep = undefined;
      return dueAtMs === undefined ? undefined : dueAtMs - nowMs;
    }
    const dueMs = isSweeping ? Number.MAX_SAFE_INTEGER : nowMs;
    let begun = 0;
    for (const job of queue.claim(destination, room, dueMs, Math.max(0, large))) {
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

  #beginJob(job: UploadJob, store: DatasetStore): void {
    const cut = new AbortController();
    const task = this.#send(job, store, cut.signal)
      .catch((error: unknown) => {
        this.#deps.queue.release(job.instanceId, job.destination);
        if (!(error instanceof NotRecorded)) this.#notRecorded(error);
      })
      .finally(() => {
        this.#active.delete(job.instanceId);
        this.#poke();
      });
    this.#active.set(job.instanceId, { sizeBytes: job.sizeBytes, cut, task });
  }

  async #send(job: UploadJob, store: DatasetStore, signal: AbortSignal): Promise<void> {
    const { queue, destination, logger, clock, proofs, url } = this.#deps;
    const beganMs = clock.monotonicMs();
    let sent = 0;
    try {
      const outcome = await deliverDataset(job, store, this.#deps, {
        signal,
        onProgress: (bytes) => {
          this.#throughput.add(bytes - sent);
          sent = bytes;
        },
      });
      switch (outcome.tag) {
        case 'proven':
          this.#succeeded();
          this.#width.succeeded(beganMs);
          await this.#record(async () => {
            if (proofs.placeOf(destination) === undefined) await proofs.keepPlace(destination, url);
            await queue.markDatasetVerified(job.instanceId, destination, outcome.proof);
          });
          logger.info('upload.verified', { destination, instances: 1, proof: outcome.proof.tag });
          return;
        case 'local-damage': {
          const held = queue.heldCopy(job.instanceId);
          const isReplaced = held !== undefined && held.spoolId !== job.spoolId;
          if (isReplaced) queue.release(job.instanceId, destination);
          else await this.#park(job, outcome.error);
        }
      }
    } catch (error) {
      if (error instanceof NotRecorded) throw error;
      if (signal.aborted) {
        queue.release(job.instanceId, destination);
        return;
      }
      const ours = asOurs(error);
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
    const detail = error.detail === undefined ? {} : { detail: error.detail };
    reportIncident({ code: error.code, subject: job.details.studyInstanceUid, ...detail });
  }

  /** Writes down what came of an image. @throws NotRecorded after it has been told. */
  async #record<T>(write: () => Promise<T>): Promise<T> {
    let written: T;
    try {
      written = await write();
    } catch (error) {
      this.#notRecorded(error);
      throw new NotRecorded('not recorded', { cause: error });
    }
    if (this.#recording.succeeded()) this.#deps.onChange();
    return written;
  }

  /** The rows stay as they were; what is there is looked at again, after a wait that grows. */
  #notRecorded(error: unknown): void {
    this.#deps.logger.error('upload.record', { destination: this.#deps.destination }, error);
    this.#recording.down(asOurs(error));
    this.#deps.onChange();
  }

  /** One request at a time finds out whether the place, or the queue, is there again. */
  get #isNarrow(): boolean {
    return this.#gate.width() === 'one' || this.#recording.width() === 'one';
  }

  #beginProbe(store: DatasetStore): number | undefined {
    if (this.#chore !== undefined) return undefined;
    const { clock, queue, destination } = this.#deps;
    const ageMs = clock.nowMs() - (this.#deps.lastProofAtMs() ?? Number.NEGATIVE_INFINITY);
    const dueMs = ageMs < 0 ? 0 : Math.max(0, probeEveryMs - ageMs);
    const waitMs = Math.max(dueMs, this.#choreNotBeforeMs - clock.monotonicMs());
    if (waitMs > 0) return waitMs;
    if (this.#active.size > 0) return undefined;
    // It asks and stores nothing: what is put into a PACS stays there among the patients.
    this.#begin('probe', async (signal) => {
      await store.check(signal);
      await queue.recordProbe(destination);
    });
    return undefined;
  }

  #begin(what: 'connect' | 'probe', work: (signal: AbortSignal) => Promise<void>): void {
    const { clock, random, logger, destination } = this.#deps;
    const cut = new AbortController();
    const task = work(cut.signal)
      .then(
        () => {
          this.#choreFailures = 0;
          this.#succeeded();
        },
        async (error: unknown) => {
          if (cut.signal.aborted) return;
          const ours = asOurs(error);
          logger.warn(`upload.${what}`, { destination, code: ours.code, detail: ours.detail });
          this.#choreFailures += 1;
          this.#choreNotBeforeMs = clock.monotonicMs() + nextWaitMs(ours, this.#choreFailures, random);
          if (dispositionOf(ours) === 'pause') await this.#paused(ours);
          else if (what === 'connect') this.#gate.down(ours);
          else this.#gate.failed(ours, what);
          this.#deps.onChange();
        },
      )
      .finally(() => {
        this.#chore = undefined;
        this.#poke();
      });
    this.#chore = { sizeBytes: 0, cut, task };
  }

  /** A destination is known by its name: what counts as verified must have been proven at this address. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { queue, destination, proofs, url, connect } = this.#deps;
    const before = proofs.placeOf(destination);
    if (queue.manifestHead(destination) !== undefined || (before !== undefined && before !== url)) {
      throw new EdgeSyncError('destination-changed', destination);
    }
    const store = await connect();
    try {
      await store.check(signal);
    } catch (error) {
      await store.close();
      throw error;
    }
    this.#store = store;
  }

  #succeeded(): void {
    const stateBefore = this.#gate.state;
    this.#gate.succeeded();
    if (stateBefore !== 'ok') this.#deps.onChange();
  }

  /** The destination waits; credential and certificate files are read again before the next attempt. */
  async #paused(error: EdgeSyncError): Promise<void> {
    this.#gate.paused(error);
    if (this.#active.size <= 1) await this.#drop();
    this.#deps.onChange();
  }

  async #drop(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
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
