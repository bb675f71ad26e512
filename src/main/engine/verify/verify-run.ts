/** One look at many copies: everything, a random sample or a study, at one destination or at all. */
import type { VerifyEvent, VerifySelection } from '../../../shared/contract-verify.ts';
import { EdgeSyncError, reportFor, type ErrorReport } from '../../../shared/errors.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Clock, Random } from '../ports.ts';
import { nextTurn } from '../queue/queue-core.ts';
import type { Queue } from '../queue/queue.ts';
import type { CopyToCheck } from '../queue/verification-types.ts';
import type { RestoreKeys } from '../restore/proven-object.ts';
import { forEachBounded } from '../restore/bounded.ts';
import { Meter } from '../restore/meter.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import { nameOf, type CheckTools } from './check-copy.ts';
import { requireKnownPlace } from './known-place.ts';
import { OwnLists } from './own-lists.ts';
import { patience } from './patience.ts';
import type { Verdict, Verifier } from './verifier.ts';

export interface VerifyRunOptions {
  readonly selection: VerifySelection;
  /** In the order they are looked at. */
  readonly destinations: readonly string[];
  readonly queue: Pick<Queue, 'verification' | 'instances' | 'status' | 'manifestHead' | 'installationId'>;
  readonly verifier: Verifier;
  readonly keys: RestoreKeys;
  readonly connect: (destination: string) => Promise<CloudStore>;
  readonly onEvent: (event: VerifyEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
}

const atOnce = 4;
const pageSize = 200;
const progressEveryMs = 250;

/**
 * @throws EdgeSyncError what makes going on useless: cancelled, cloud-* that stays, disk-*. A look at everything goes on
 * from there when it is asked for again.
 */
export async function runVerify(options: VerifyRunOptions): Promise<void> {
  const { destinations, queue, selection } = options;
  const plans = new Map<string, Plan>();
  for (const destination of destinations) plans.set(destination, await planFor(options, destination));
  const run = new Run(
    options,
    [...plans.values()].reduce((sum, { total }) => sum + total, 0),
  );
  for (const [destination, plan] of plans) {
    if (plan.resumed !== undefined) {
      const startedAt = new Date(plan.resumed.startedAtMs).toISOString();
      options.onEvent({ tag: 'resumed', destination, startedAt, done: plan.resumed.done });
    }
    await run.destination(destination, plan.copies);
    if (selection.tag === 'all') await queue.verification.endRun(destination);
  }
  await options.verifier.settleMended();
  run.progress('now');
}

interface Plan {
  readonly total: number;
  readonly copies: AsyncIterable<CopyToCheck>;
  readonly resumed: { readonly startedAtMs: number; readonly done: number } | undefined;
}

async function planFor(options: VerifyRunOptions, destination: string): Promise<Plan> {
  const { selection, queue, random } = options;
  const rows = queue.verification;
  const facts = rows.facts().find((one) => one.destination === destination);
  const known = (facts?.copies ?? 0) + rows.troubled(destination, 10_000).length;
  switch (selection.tag) {
    case 'sample': {
      const total = Math.min(known, Math.max(1, Math.round((known * selection.percent) / 100)));
      return {
        total,
        copies: sampled(pages(options, destination), known, total, random),
        resumed: undefined,
      };
    }
    case 'all': {
      const earlier = selection.from === 'go-on' ? (facts?.runStartedAtMs ?? null) : null;
      const startedAtMs = earlier ?? (await rows.beginRun(destination));
      const left = async function* (): AsyncGenerator<CopyToCheck> {
        for await (const copy of pages(options, destination)) if (!isDone(copy, startedAtMs)) yield copy;
      };
      if (earlier === null) return { total: known, copies: left(), resumed: undefined };
      let total = 0;
      for await (const _copy of left()) total += 1;
      const done = Math.max(0, known - total);
      return { total, copies: left(), resumed: { startedAtMs, done } };
    }
    case 'study': {
      const { studyInstanceUid } = selection;
      const copies: CopyToCheck[] = [];
      for (const { instanceId } of queue.instances({ tag: 'study', studyInstanceUid })) {
        const copy = rows.copy(destination, instanceId);
        if (copy !== undefined) copies.push(copy);
      }
      return { total: copies.length, copies: one(copies), resumed: undefined };
    }
    default:
      return assertNever(selection);
  }
}

/** What was bad is looked at again whenever it was found: it may have been mended by hand. */
function isDone(copy: CopyToCheck, startedAtMs: number): boolean {
  return copy.trouble === null && copy.checkedAtMs !== null && copy.checkedAtMs >= startedAtMs;
}

async function* one(copies: readonly CopyToCheck[]): AsyncGenerator<CopyToCheck> {
  await Promise.resolve();
  yield* copies;
}

async function* pages({ queue }: VerifyRunOptions, destination: string): AsyncGenerator<CopyToCheck> {
  for (let after = 0; ;) {
    const page = queue.verification.page(destination, after, pageSize);
    const last = page.at(-1);
    if (last === undefined) return;
    yield* page;
    after = last.instanceId;
    await nextTurn();
  }
}

/** Exactly `wanted` of `known`, each as likely as any other, in one pass (Knuth, TAOCP 3.4.2, algorithm S). */
async function* sampled(
  copies: AsyncIterable<CopyToCheck>,
  known: number,
  wanted: number,
  random: Random,
): AsyncGenerator<CopyToCheck> {
  let seen = 0;
  let chosen = 0;
  for await (const copy of copies) {
    if (chosen >= wanted) return;
    if ((Math.max(known, seen + 1) - seen) * random.fraction() < wanted - chosen) {
      chosen += 1;
      yield copy;
    }
    seen += 1;
  }
}

class Run {
  readonly #options: VerifyRunOptions;
  readonly #meter: Meter;
  readonly #startedMs: number;
  readonly #counts: Record<
    'total' | 'checked' | 'good' | 'missing' | 'damaged' | 'mending' | 'lost' | 'unlisted' | 'bytes',
    number
  >;
  /** Lists that were told of: one broken list is one problem, not 500. */
  readonly #toldLists = new Set<string>();
  #lastProgressMs = Number.NEGATIVE_INFINITY;

  constructor(options: VerifyRunOptions, total: number) {
    this.#options = options;
    this.#meter = new Meter(options.clock);
    this.#startedMs = options.clock.monotonicMs();
    this.#counts = {
      total,
      checked: 0,
      good: 0,
      missing: 0,
      damaged: 0,
      mending: 0,
      lost: 0,
      unlisted: 0,
      bytes: 0,
    };
    this.progress('now');
  }

  async destination(destination: string, copies: AsyncIterable<CopyToCheck>): Promise<void> {
    const { connect, keys, queue, verifier, signal, clock } = this.#options;
    const store = await connect(destination);
    try {
      const patiently = patience(clock, signal);
      const tools: CheckTools = {
        store,
        keys,
        patiently,
        signal,
        counted: (chunks) => this.#counted(chunks),
      };
      await requireKnownPlace(queue, destination, tools);
      const lists = new OwnLists(queue.installationId, tools);
      await forEachBounded(copies, atOnce, async (copy) => {
        if (signal.aborted) throw new EdgeSyncError('cancelled');
        this.#count(copy, await verifier.verify(copy, lists, tools));
        this.progress('if-due');
      });
    } finally {
      await store.close();
    }
  }

  progress(when: 'now' | 'if-due'): void {
    const { clock, onEvent, queue, destinations } = this.#options;
    const nowMs = clock.monotonicMs();
    if (when === 'if-due' && nowMs - this.#lastProgressMs < progressEveryMs) return;
    this.#lastProgressMs = nowMs;
    const { total, checked } = this.#counts;
    const rate = this.#meter.rate();
    const perCopyMs = checked === 0 ? undefined : (nowMs - this.#startedMs) / checked;
    const waiting = queue
      .status()
      .destinations.filter(({ name }) => destinations.includes(name))
      .reduce((sum, { pending }) => sum + pending, 0);
    onEvent({
      tag: 'progress',
      ...this.#counts,
      waiting,
      bytesPerSecond: rate === undefined ? null : Math.round(rate),
      secondsLeft:
        perCopyMs === undefined ? null : Math.max(0, Math.round((perCopyMs * (total - checked)) / 1000)),
    });
  }

  async *#counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#counts.bytes += chunk.length;
      this.#meter.add(chunk.length);
      this.progress('if-due');
      yield chunk;
    }
  }

  #count(copy: CopyToCheck, verdict: Verdict): void {
    this.#counts.checked += 1;
    switch (verdict.tag) {
      case 'good':
        this.#counts.good += 1;
        this.#countListed(copy, verdict);
        return;
      case 'bad': {
        this.#counts[verdict.trouble] += 1;
        const { outcome, error } = verdict;
        if (outcome === 'mending' || outcome === 'accepted') this.#counts.mending += 1;
        if (outcome === 'lost') this.#counts.lost += 1;
        const code =
          outcome === 'lost'
            ? 'cloud-copy-lost'
            : verdict.trouble === 'missing'
              ? 'cloud-copy-missing'
              : 'cloud-copy-damaged';
        this.#problem(copy, nameOf(copy), reportFor(code, error.report.message));
        return;
      }
      case 'unreadable-row':
        this.#counts.damaged += 1;
        this.#problem(copy, nameOf(copy), reportFor('object-tampered', 'its row in the database of this PC'));
        return;
      case 'moved-on':
        return;
    }
  }

  #countListed(copy: CopyToCheck, { listed }: Extract<Verdict, { tag: 'good' }>): void {
    switch (listed.tag) {
      case 'fits':
      case 'unknown':
        return;
      case 'differs':
        this.#counts.unlisted += 1;
        this.#problem(
          copy,
          nameOf(copy),
          reportFor('manifest-broken', `${listed.list} does not name it like this`),
        );
        return;
      case 'broken': {
        this.#counts.unlisted += 1;
        const key = `${copy.destination} ${listed.list}`;
        if (this.#toldLists.has(key)) return;
        this.#toldLists.add(key);
        this.#problem(copy, listed.list, reportFor('manifest-broken', listed.error.report.message));
      }
    }
  }

  #problem(copy: CopyToCheck, object: string, report: ErrorReport): void {
    const { destination, studyId } = copy;
    this.#options.onEvent({ tag: 'problem', problem: { ...report, object, destination, studyId } });
  }
}
