/**
 * Copies to one destination what it lacks and what is no longer on this PC, from another destination that has it: the
 * sealed bytes go from one cloud to the other through this PC's memory, opened on their way, and never rest on its disk.
 */
import { createHash } from 'node:crypto';
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails, ReportIncident, SpoolId } from '../model.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import type { BackFill, BackFillJob, CopyElsewhere } from '../queue/back-fill.ts';
import type { UploadQueue } from '../queue/queue-port.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import type { Spool } from '../spool/spool-port.ts';
import { CheckedSource, ObjectInspector } from './checked-source.ts';
import { deliver, type DeliverDeps, type DeliveryOutcome } from './deliver.ts';
import { backoffMs, dispositionOf, longestGateMs, nextWaitMs } from './retry-policy.ts';
import { Throughput } from './throughput.ts';
import { WakeLoop } from './wake-loop.ts';

/** At once: each is a download and an upload. */
const mostAtOnce = 2;
/** While something waits that cannot go on: between two looks. */
const lookMs = 1000;
/** A destination of which a copy could not be read is left alone this long. */
const sourceRestMs = 30_000;
/** After a start connections need a moment: what only one of several sources has waits for it. */
const startMs = 60_000;
/** While the disk has no room for what would pass through it. */
const roomLookMs = 60_000;
/** New images go first: a piece of a copy waits for them, but not so long that a connection is taken for dead. */
const standBackMs = 5000;
const standBackStepMs = 100;

/** What the upload stage of a destination says. closed: no connection that was checked; busy: it is sending. */
export type Standing = 'ok' | 'busy' | 'closed';

export interface BackFillStageDeps extends Omit<DeliverDeps, 'spool'> {
  /** The one that lacks something. */
  readonly destination: string;
  /** Those that may have it. */
  readonly sources: readonly string[];
  readonly queue: Pick<
    UploadQueue,
    'markUploaded' | 'markFailed' | 'markParked' | 'release' | 'nextDueAtMs'
  > & { readonly backFill: Pick<BackFill, 'claim' | 'nextDueAtMs'> };
  /** A connection of its own. Throws cloud-secret-*, keychain-*. */
  readonly connect: (destination: string) => Promise<CloudStore>;
  /**
   * For a destination that must read the images and so cannot take sealed bytes: they are brought back to this PC first,
   * a few at a time, and sent like any other.
   */
  readonly byThisPc?: ByThisPc;
  /** May it be written to, or (`source`) read from? */
  readonly standing: (destination: string, use: 'target' | 'source') => Standing;
  /** The copy there is not what was proven, or is gone: somebody should look at it before it is relied on. */
  readonly onBadCopy: (destination: string, instanceId: number) => void;
  readonly reportIncident: ReportIncident;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ByThisPc {
  readonly spool: Pick<Spool, 'create' | 'remove'>;
  /** The file becomes the image's copy on this PC; false when there is one already. */
  readonly adopt: (instanceId: number, spoolId: SpoolId, sizeBytes: number) => Promise<boolean>;
  readonly hasRoom: (sizeBytes: number) => Promise<boolean>;
}

export interface BackFillStatus {
  /** Objects being copied right now. */
  readonly active: number;
  readonly bytesPerSecond: number;
  /** Why a source could not be read lately; null when nothing is wrong. */
  readonly error: ErrorReport | null;
}

type CopyOutcome =
  | DeliveryOutcome
  /** It is on this PC again. */
  | { readonly tag: 'here' }
  /** The disk is too full to hold it. */
  | { readonly tag: 'no-room' }
  /** The copy itself is bad. */
  | { readonly tag: 'bad-copy'; readonly error: EdgeSyncError }
  /** It could not be read: nothing is said about it. */
  | { readonly tag: 'unread'; readonly error: EdgeSyncError };

export class BackFillStage {
  readonly #deps: BackFillStageDeps;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #active = new Map<number, { readonly cut: AbortController; task: Promise<void> }>();
  readonly #stores = new Map<string, Promise<CloudStore>>();
  /** Not used for anything new; closed when nothing is under way. */
  readonly #dropped: Promise<CloudStore>[] = [];
  /** Sources that could not be read: until when, monotonic, and why. */
  readonly #resting = new Map<string, { readonly untilMs: number; readonly error: EdgeSyncError }>();
  readonly #throughput: Throughput;
  readonly #startedMs: number;
  readonly #loop: WakeLoop;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** Outcomes in a row that could not be written down. */
  #unrecorded = 0;

  constructor(deps: BackFillStageDeps) {
    this.#deps = deps;
    this.#logger = deps.logger.child('back-fill');
    this.#throughput = new Throughput(deps.clock);
    this.#loop = new WakeLoop(deps.clock);
    this.#startedMs = deps.clock.monotonicMs();
  }

  /** Begins to copy. Call once. */
  start(): void {
    this.#loop.begin(() => this.#look());
  }

  /** There may be something to copy, or it may have to stop. Cheap: call it after every commit. */
  workArrived(): void {
    this.#loop.poke();
  }

  /** Network or credential changed: sources are tried again now. */
  wake(): void {
    this.#resting.clear();
    this.workArrived();
  }

  get status(): BackFillStatus {
    const nowMs = this.#deps.clock.monotonicMs();
    const resting = [...this.#resting.values()].findLast(({ untilMs }) => untilMs > nowMs);
    const error = resting?.error.report ?? null;
    return { active: this.#active.size, bytesPerSecond: this.#throughput.bytesPerSecond(), error };
  }

  /** Breaks off what is under way: it uses no attempt, and goes on later with the blocks that are there. */
  async stop(): Promise<void> {
    this.#stop.abort(new EdgeSyncError('cancelled'));
    this.#cutAll();
    this.#loop.end();
    await this.#loop.done;
    await Promise.allSettled([...this.#active.values()].map(({ task }) => task));
    await this.#closeStores();
  }

  async #look(): Promise<number | undefined> {
    try {
      const waitMs = this.#step();
      if (waitMs === undefined && this.#active.size === 0) await this.#closeStores();
      return waitMs;
    } catch (error) {
      this.#logger.error('step', { destination: this.#deps.destination }, error);
      return lookMs;
    }
  }

  /** Begins what may begin. @returns milliseconds until the next look; undefined: when poked. */
  #step(): number | undefined {
    const { queue, destination, standing, clock } = this.#deps;
    const dueAtMs = queue.backFill.nextDueAtMs(destination);
    if (dueAtMs === undefined && this.#active.size === 0) return undefined;
    if (standing(destination, 'target') === 'closed') {
      this.#cutAll();
      return dueAtMs === undefined ? undefined : lookMs;
    }
    if (dueAtMs === undefined) return undefined;
    const dueInMs = dueAtMs - clock.nowMs();
    if (dueInMs > 0) return dueInMs;
    const restMs = this.#notBeforeMs - clock.monotonicMs();
    if (restMs > 0) return restMs;
    const room = mostAtOnce - this.#active.size;
    if (room <= 0) return undefined;
    // Whatever is on this PC and waits is sent first.
    if (queue.nextDueAtMs(destination) === 0 || this.#isUnreadable()) return lookMs;
    const jobs = queue.backFill.claim(destination, room, clock.nowMs());
    for (const job of jobs) this.#begin(job);
    return jobs.length < room ? lookMs : undefined;
  }

  /** No source can be read now; nothing is said about any image by that. */
  #isUnreadable(): boolean {
    const { sources, standing, clock } = this.#deps;
    const closed = sources.filter((source) => standing(source, 'source') === 'closed').length;
    const isStarting = clock.monotonicMs() - this.#startedMs < startMs;
    return closed === sources.length || (closed > 0 && isStarting);
  }

  #begin(job: BackFillJob): void {
    const { queue, destination } = this.#deps;
    const cut = new AbortController();
    const task = this.#copyOne(job, cut.signal)
      .then(() => {
        this.#unrecorded = 0;
      })
      .catch((error: unknown) => {
        // The outcome could not be written down: the row stays as it was, and would be copied again and again.
        this.#logger.error('record', { destination }, error);
        const { clock, random } = this.#deps;
        this.#unrecorded += 1;
        const waitMs = Math.max(lookMs, backoffMs(this.#unrecorded, random, longestGateMs));
        this.#notBeforeMs = clock.monotonicMs() + waitMs;
        queue.release(job.instanceId, destination);
      })
      .finally(() => {
        this.#active.delete(job.instanceId);
        if (this.#active.size === 0) void this.#closeDropped();
        this.#deps.onChange();
        this.workArrived();
      });
    this.#active.set(job.instanceId, { cut, task });
  }

  async #copyOne(job: BackFillJob, signal: AbortSignal): Promise<void> {
    const { queue, destination, onBadCopy, clock, random, byThisPc } = this.#deps;
    const { details, instanceId, copies } = job;
    if (details === undefined) return this.#park(job, new EdgeSyncError('object-tampered'), job.objectName);
    if (copies.length === 0) {
      // Another destination had it when this was asked for, and has left since.
      await queue.markParked(instanceId, destination, 'not-on-this-pc', undefined);
      return;
    }
    let unread: EdgeSyncError | undefined;
    let bad: EdgeSyncError | undefined;
    for (const copy of copies) {
      const resting = this.#restingOf(copy.destination);
      if (resting !== undefined) {
        unread = resting;
        continue;
      }
      let outcome: CopyOutcome;
      try {
        outcome =
          byThisPc === undefined
            ? await this.#copy(job, details, copy, signal)
            : await this.#bringBack(job, details, copy, byThisPc, signal);
      } catch (error) {
        if (signal.aborted) return queue.release(instanceId, destination);
        return this.#failed(job, details, toEdgeSyncError(error));
      }
      switch (outcome.tag) {
        case 'here':
          // Its row goes the usual way from here.
          this.#resting.delete(copy.destination);
          return queue.release(instanceId, destination);
        case 'no-room':
          this.#notBeforeMs = clock.monotonicMs() + roomLookMs;
          return queue.release(instanceId, destination);
        case 'uploaded':
          this.#resting.delete(copy.destination);
          return queue.markUploaded(instanceId, destination, outcome.proof);
        case 'conflict':
          return this.#park(job, outcome.error, details.studyInstanceUid);
        case 'local-damage':
        case 'bad-copy':
          bad = outcome.error;
          this.#logger.warn('bad-copy', { destination: copy.destination, code: outcome.error.code });
          onBadCopy(copy.destination, instanceId);
          continue;
        case 'unread':
          unread = outcome.error;
          this.#leave(copy.destination, outcome.error);
          continue;
      }
    }
    if (unread === undefined) {
      return this.#park(job, new EdgeSyncError('copy-source-damaged', bad?.code), details.studyInstanceUid);
    }
    const error = new EdgeSyncError('copy-source-unreachable', unread.code);
    const waitMs = Math.max(sourceRestMs, nextWaitMs(error, job.attempts + 1, random));
    await queue.markFailed(instanceId, destination, error.code, error.detail, clock.nowMs() + waitMs);
  }

  /** One copy to the destination. What it throws is about the destination, not about the copy. */
  async #copy(
    job: BackFillJob,
    details: InstanceDetails,
    copy: CopyElsewhere,
    signal: AbortSignal,
  ): Promise<CopyOutcome> {
    const { destination } = this.#deps;
    let source: CloudStore;
    try {
      source = await this.#store(copy.destination);
    } catch (error) {
      return { tag: 'unread', error: toEdgeSyncError(error) };
    }
    const target = await this.#store(destination);
    let broken: EdgeSyncError | undefined;
    const standBack = (): Promise<void> => this.#standBack(signal);
    async function* read(): AsyncGenerator<Buffer> {
      // An upload may read it again from its start.
      broken = undefined;
      try {
        yield* exactly(source.read(copyName(job, copy), signal), copy.objectSha256, standBack);
      } catch (error) {
        broken = toEdgeSyncError(error);
        throw broken;
      }
    }
    let before = 0;
    try {
      const outcome = await deliver(
        {
          instanceId: job.instanceId,
          destination,
          objectName: job.objectName,
          spoolId: '',
          sizeBytes: copy.sizeBytes,
          recoveryFingerprint: null,
          details,
          attempts: job.attempts,
          receivedAtMs: job.receivedAtMs,
        },
        target,
        { ...this.#deps, spool: { read } },
        {
          signal,
          onProgress: (bytes) => {
            this.#throughput.add(bytes - before);
            before = bytes;
          },
        },
      );
      return outcome.tag === 'local-damage' ? { tag: 'bad-copy', error: outcome.error } : outcome;
    } catch (error) {
      if (signal.aborted) throw error;
      // Told by the store that was written to, but it is the other one that failed.
      const reason: EdgeSyncError | undefined = broken;
      if (reason !== undefined && !isAboutTheCopy(reason)) {
        await this.#drop(copy.destination);
        return { tag: 'unread', error: reason };
      }
      await this.#drop(destination);
      throw error;
    }
  }

  async #bringBack(
    job: BackFillJob,
    details: InstanceDetails,
    copy: CopyElsewhere,
    { spool, adopt, hasRoom }: ByThisPc,
    signal: AbortSignal,
  ): Promise<CopyOutcome> {
    if (!(await hasRoom(copy.sizeBytes))) return { tag: 'no-room' };
    const { openers, newDatasetDigest } = this.#deps;
    const expected = { sizeBytes: copy.sizeBytes, datasetSha256: details.datasetSha256 };
    let source: CloudStore;
    try {
      source = await this.#store(copy.destination);
    } catch (error) {
      return { tag: 'unread', error: toEdgeSyncError(error) };
    }
    const checked = new CheckedSource(
      expected,
      () =>
        exactly(source.read(copyName(job, copy), signal), copy.objectSha256, () => this.#standBack(signal)),
      () => new ObjectInspector(openers, newDatasetDigest),
    );
    const writer = spool.create();
    try {
      for await (const chunk of checked.read(0)) {
        // The spool takes over what it is given.
        await writer.write([Buffer.from(chunk)]);
        this.#throughput.add(chunk.length);
      }
    } catch (error) {
      await writer.discard();
      const { localFailure } = checked;
      if (signal.aborted || localFailure === undefined) throw error;
      if (isAboutTheCopy(localFailure)) return { tag: 'bad-copy', error: localFailure };
      await this.#drop(copy.destination);
      return { tag: 'unread', error: localFailure };
    }
    const { sizeBytes } = await writer.commit();
    if (!(await adopt(job.instanceId, writer.id, sizeBytes))) await spool.remove(writer.id);
    return { tag: 'here' };
  }

  async #failed(job: BackFillJob, details: InstanceDetails, error: EdgeSyncError): Promise<void> {
    const { queue, destination, clock, random } = this.#deps;
    this.#logger.warn('failed', { destination, code: error.code, attempts: job.attempts });
    if (dispositionOf(error) === 'park') return this.#park(job, error, details.studyInstanceUid);
    // What pauses a destination is met by its own uploads too: here it only means to come back later.
    const waitMs = Math.max(lookMs, nextWaitMs(error, job.attempts + 1, random));
    await queue.markFailed(job.instanceId, destination, error.code, error.detail, clock.nowMs() + waitMs);
  }

  async #park(job: BackFillJob, error: EdgeSyncError, subject: string): Promise<void> {
    const { queue, destination, reportIncident } = this.#deps;
    const { code, detail } = error;
    if (!(await queue.markParked(job.instanceId, destination, code, detail))) return;
    reportIncident({ code, subject, ...(detail === undefined ? {} : { detail }) });
  }

  /** Why a source is not asked now; undefined when it may be. */
  #restingOf(source: string): EdgeSyncError | undefined {
    const { standing, clock } = this.#deps;
    const resting = this.#resting.get(source);
    if (resting !== undefined) {
      if (clock.monotonicMs() < resting.untilMs) return resting.error;
      this.#resting.delete(source);
    }
    // Behind a connection that was never checked may be another container, where everything seems to be missing.
    return standing(source, 'source') === 'closed' ? new EdgeSyncError('cloud-unreachable') : undefined;
  }

  #leave(source: string, error: EdgeSyncError): void {
    this.#resting.set(source, { untilMs: this.#deps.clock.monotonicMs() + sourceRestMs, error });
  }

  /** While the destination sends new images each piece of a copy waits a moment. */
  async #standBack(signal: AbortSignal): Promise<void> {
    const { standing, destination, clock } = this.#deps;
    const untilMs = clock.monotonicMs() + standBackMs;
    while (standing(destination, 'target') === 'busy' && clock.monotonicMs() < untilMs) {
      await clock.sleep(standBackStepMs, signal);
    }
  }

  #store(destination: string): Promise<CloudStore> {
    const known = this.#stores.get(destination);
    if (known !== undefined) return known;
    const opening = this.#deps.connect(destination);
    this.#stores.set(destination, opening);
    opening.catch(() => this.#stores.delete(destination));
    return opening;
  }

  /** A fresh connection, and the credential of now, at the next attempt; one that others still use is closed after them. */
  async #drop(destination: string): Promise<void> {
    const store = this.#stores.get(destination);
    if (store === undefined) return;
    this.#stores.delete(destination);
    this.#dropped.push(store);
    if (this.#active.size <= 1) await this.#closeDropped();
  }

  async #closeStores(): Promise<void> {
    this.#dropped.push(...this.#stores.values());
    this.#stores.clear();
    await this.#closeDropped();
  }

  async #closeDropped(): Promise<void> {
    await Promise.allSettled(this.#dropped.splice(0).map(async (store) => (await store).close()));
  }

  #cutAll(): void {
    for (const { cut } of this.#active.values()) cut.abort(new EdgeSyncError('cancelled'));
  }
}

function copyName({ objectName }: BackFillJob, { repair }: CopyElsewhere): string {
  return repair === 0 ? cloudNames.object(objectName) : cloudNames.repairedObject(objectName, repair);
}

/** Passes on sealed bytes that are those that were proven there, and fails at their end when they are not. */
async function* exactly(
  chunks: AsyncIterable<Buffer>,
  objectSha256: string,
  standBack: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
    await standBack();
  }
  // Another sealing of the same image may lack a recipient: it does not do.
  if (hash.digest('hex') !== objectSha256) {
    throw new EdgeSyncError('object-tampered', 'its sealed bytes are not those that were proven');
  }
}
