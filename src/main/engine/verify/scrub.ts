/**
 * The background look at cloud copies: one at a time, slowly, oldest proof first. It stands back while anything is being
 * stored or waits to be, and while the destination is paused or down. Beside it, chains that have grown long get their
 * snapshot.
 */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { Settings } from '../../../shared/settings.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import type { Queue } from '../queue/queue.ts';
import type { CopyToCheck } from '../queue/verification-types.ts';
import { compactChain } from '../restore/compact-chain.ts';
import type { RestoreKeys } from '../restore/proven-object.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import { snapshotEvery } from '../upload/manifest-snapshot.ts';
import type { CheckTools } from './check-copy.ts';
import { requireKnownPlace } from './known-place.ts';
import { OwnLists } from './own-lists.ts';
import { patience } from './patience.ts';
import type { Verdict, Verifier } from './verifier.ts';

export interface ScrubDeps {
  readonly settings: Settings['verify'];
  readonly destinations: readonly string[];
  readonly queue: Pick<Queue, 'verification' | 'nextDueAtMs' | 'manifestHead' | 'installationId'>;
  readonly verifier: Verifier;
  readonly keys: RestoreKeys;
  readonly sealers: () => SealerFactory;
  readonly archiveId: string;
  readonly connect: (destination: string) => Promise<CloudStore>;
  /** ok: connected or free to connect, and nothing is being sent. Anything else: stand back. */
  readonly standing: (destination: string) => 'ok' | 'busy' | 'paused';
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Between two looks at whether there is something to do. */
export const scrubTickMs = 10_000;
/** After a start the PC has better things to do. */
const firstLookMs = 60_000;
const dayMs = 24 * 3_600_000;
/** A PC of an office runs a quarter of the week: at this pace each copy still gets its turn within the period. */
const runningShare = 4;
/** Of the oldest ones, which is next is drawn: who can read the order could show good bytes to it alone. */
const drawnFrom = 64;
/** A copy without a good one anywhere is looked for again this often. */
const lostAgainMs = 6 * 3_600_000;
/** Those beyond are found again when their turn comes. */
const mostSuspects = 1000;

export class Scrub {
  readonly #deps: ScrubDeps;
  readonly #ending = new AbortController();
  readonly #nextMs = new Map<string, number>();
  readonly #nextLostMs = new Map<string, number>();
  /** Up to which list a snapshot lies there, as far as this process knows. */
  readonly #compacted = new Map<string, number>();
  /** Found missing by a smaller look: next in turn, whatever the pace. */
  readonly #suspects = new Map<string, CopyToCheck>();
  #loop: Promise<void> | undefined;

  constructor(deps: ScrubDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('scrub') };
  }

  start(): void {
    const { clock, destinations } = this.#deps;
    for (const destination of destinations) this.#nextMs.set(destination, clock.monotonicMs() + firstLookMs);
    this.#loop ??= this.#run();
  }

  /** Looked at in the next quiet round. */
  suspect(copy: CopyToCheck): void {
    if (this.#suspects.size < mostSuspects)
      this.#suspects.set(`${copy.destination} ${copy.instanceId}`, copy);
  }

  async stop(): Promise<void> {
    this.#ending.abort(new EdgeSyncError('cancelled'));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { clock, destinations, logger } = this.#deps;
    while (!signal.aborted) {
      for (const destination of destinations) {
        try {
          await this.round(destination);
        } catch (error) {
          if (toEdgeSyncError(error).code === 'cancelled') break;
          logger.warn('scrub-failed', { destination, code: toEdgeSyncError(error).code });
          // The upload stage tells what is wrong with the destination; here it only means to come back later.
          this.#nextMs.set(destination, clock.monotonicMs() + 6 * scrubTickMs);
        }
      }
      await clock.sleep(scrubTickMs, signal).catch(() => undefined);
    }
  }

  /** What is due at one destination now: settles what was mended, looks at one copy, makes a snapshot. */
  async round(destination: string): Promise<void> {
    const { verifier, settings, onChange } = this.#deps;
    if ((await verifier.settleMended()) > 0) onChange();
    if (!this.#isFree(destination)) return;
    await this.#lookAtSuspects(destination);
    await this.#seekLost(destination);
    if (settings.enabled && this.#isDue(destination)) await this.#lookAtOne(destination);
    if (this.#isFree(destination)) await this.#compact(destination);
  }

  #isFree(destination: string): boolean {
    const { standing, queue } = this.#deps;
    // Anything that waits to be sent comes first.
    return standing(destination) === 'ok' && queue.nextDueAtMs(destination) !== 0;
  }

  #isDue(destination: string): boolean {
    return this.#deps.clock.monotonicMs() >= (this.#nextMs.get(destination) ?? 0);
  }

  async #lookAtSuspects(destination: string): Promise<void> {
    const rows = this.#deps.queue.verification;
    const found = [...this.#suspects].filter(([, copy]) => copy.destination === destination);
    const copies = found.flatMap(([, { instanceId }]) => rows.copy(destination, instanceId) ?? []);
    if (copies.length > 0) await this.#look(destination, copies);
    for (const [key] of found) this.#suspects.delete(key);
  }

  /** Bad copies that are not on their way: found before a crash, or lost; the provider may have undeleted one. */
  async #seekLost(destination: string): Promise<void> {
    const { clock, queue } = this.#deps;
    if (clock.monotonicMs() < (this.#nextLostMs.get(destination) ?? 0)) return;
    const lost = queue.verification.troubled(destination, 20);
    if (lost.length > 0) await this.#look(destination, lost);
    this.#nextLostMs.set(destination, clock.monotonicMs() + lostAgainMs);
  }

  async #lookAtOne(destination: string): Promise<void> {
    const { queue, clock, random, settings } = this.#deps;
    const oldest = queue.verification.oldest(destination, drawnFrom);
    const copy = oldest[Math.floor(random.fraction() * oldest.length)];
    if (copy !== undefined) await this.#look(destination, [copy]);
    const copies = queue.verification.facts().find((one) => one.destination === destination)?.copies ?? 0;
    const periodMs = settings.periodDays * dayMs;
    const ageMs = clock.nowMs() - (oldest[0]?.provenAtMs ?? clock.nowMs());
    const paceMs = periodMs / Math.max(1, copies * runningShare);
    // While all proofs are younger than half the period, a few a day are enough.
    const isYoung = ageMs >= 0 && ageMs < periodMs / 2;
    const waitMs = isYoung ? Math.max(paceMs, dayMs / settings.samplesPerDay) : paceMs;
    this.#nextMs.set(destination, clock.monotonicMs() + waitMs);
  }

  async #look(destination: string, copies: readonly CopyToCheck[]): Promise<void> {
    const { connect, keys, verifier, queue, clock, logger, onChange } = this.#deps;
    const { signal } = this.#ending;
    const store = await connect(destination);
    try {
      const patiently = patience(clock, signal);
      const tools: CheckTools = { store, keys, patiently, signal, counted: (chunks) => this.#slowly(chunks) };
      await requireKnownPlace(queue, destination, tools);
      const lists = new OwnLists(queue.installationId, tools);
      for (const copy of copies) {
        const verdict = await verifier.verify(copy, lists, tools);
        logger.debug('looked', { destination, found: foundOf(verdict) });
        onChange();
      }
    } finally {
      await store.close();
    }
  }

  /** No faster than the setting: the line belongs to the uploads and to the practice. */
  async *#slowly(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const { clock, settings } = this.#deps;
    const startedMs = clock.monotonicMs();
    let bytes = 0;
    for await (const chunk of chunks) {
      yield chunk;
      bytes += chunk.length;
      const dueMs = startedMs + (bytes * 1000) / settings.bytesPerSecond;
      const waitMs = dueMs - clock.monotonicMs();
      if (waitMs > 0) await clock.sleep(waitMs, this.#ending.signal);
    }
  }

  async #compact(destination: string): Promise<void> {
    const { queue, connect, keys, sealers, archiveId, clock, logger } = this.#deps;
    const head = queue.manifestHead(destination)?.sequence ?? 0;
    const upTo = Math.floor(head / snapshotEvery) * snapshotEvery;
    if (upTo === 0 || upTo <= (this.#compacted.get(destination) ?? 0)) return;
    const { signal } = this.#ending;
    // Tried once by this process: a chain that is not whole is told of by those who read it.
    this.#compacted.set(destination, upTo);
    const store = await connect(destination);
    try {
      const { installationId } = queue;
      const read = patience(clock, signal);
      const facts = await compactChain({
        store,
        keys,
        sealers: sealers(),
        installationId,
        archiveId,
        upTo,
        read,
        signal,
      });
      logger.info('snapshot', { destination, sequence: facts.sequence, entries: facts.entries });
    } finally {
      await store.close();
    }
  }
}

function foundOf(verdict: Verdict): string {
  return verdict.tag === 'bad' ? verdict.trouble : verdict.tag;
}
