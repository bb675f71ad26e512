/** The stream behind every window and page: one snapshot, then deltas, at most a few per second, until it is aborted. */
import {
  studiesShown,
  type AgentEvent,
  type AgentState,
  type StudySummary,
} from '../../../shared/agent-state.ts';
import type { StatusReport } from '../../../shared/status.ts';
import type { Clock } from '../ports.ts';
import type { ReadQueue } from '../queue/queue-port.ts';
import type { QueueChange, StudyRow } from '../queue/queue-types.ts';
import { summariseStudy } from './study-summary.ts';

/** A person sees no more than this anyway, and receiving must not pay for a window. */
const throttleMs = 250;
/** While something moves, also what changes by time alone (rates, "receiving") is looked at this often ... */
const liveTickMs = 1000;
/** ... and while nothing moves, this often: a pending image becomes too old without any event. */
const idleTickMs = 10_000;
/** A page that hears nothing for 90 s no longer trusts what it shows: so much is said at least, news or not. */
const heartbeatMs = 30_000;
/** Free space moves all the time; smaller steps than this are nobody's news. */
const freeStepBytes = 64 * 1024 * 1024;

export interface AgentFeedDeps {
  readonly queue: Pick<ReadQueue, 'studies' | 'study' | 'onChange'>;
  readonly status: () => Promise<StatusReport>;
  readonly studiesTotal: () => number;
  readonly uploadBytesPerSecond: () => number;
  readonly clock: Clock;
  readonly version: string;
  readonly startedAtMs: number;
}

export class AgentFeed {
  readonly #deps: AgentFeedDeps;
  readonly #watchers = new Set<Pending>();

  constructor(deps: AgentFeedDeps) {
    this.#deps = deps;
    // Never unsubscribed: the feed lives as long as the queue.
    deps.queue.onChange((change) => this.#tell(change));
  }

  /** Something outside the queue changed (listener, destination, recovery): the status is looked at anew. */
  changed(): void {
    this.#tell({ tag: 'status' });
  }

  /** Ends, without an error, when the signal aborts. Rejects only when the snapshot cannot be made. */
  async *watch(signal: AbortSignal): AsyncGenerator<AgentEvent, void, undefined> {
    const { clock } = this.#deps;
    const pending = new Pending();
    this.#watchers.add(pending);
    try {
      const state = await this.#snapshot();
      const shown: Shown = {
        status: comparable(state.status),
        total: state.studiesTotal,
        rate: state.uploadBytesPerSecond,
        moving: new Map(),
      };
      follow(shown.moving, state.studies);
      yield { tag: 'snapshot', state };
      let toldAtMs = clock.monotonicMs();
      for (;;) {
        await pending.wait(clock, isLive(shown) ? liveTickMs : idleTickMs, signal);
        if (signal.aborted) return;
        const isSilent = clock.monotonicMs() - toldAtMs >= heartbeatMs;
        const delta = await this.#delta(pending.take(), shown, isSilent ? 'in-any-case' : 'if-news');
        if (delta !== undefined) {
          yield delta;
          toldAtMs = clock.monotonicMs();
        }
        await clock.sleep(throttleMs, signal).catch(() => undefined);
      }
    } finally {
      this.#watchers.delete(pending);
    }
  }

  #tell(change: QueueChange): void {
    for (const pending of this.#watchers) pending.add(change);
  }

  async #snapshot(): Promise<AgentState> {
    const { queue, version, startedAtMs, clock } = this.#deps;
    const status = await this.#deps.status();
    const nowMs = clock.nowMs();
    return {
      status,
      studies: queue.studies(studiesShown).map((study) => summariseStudy(study, nowMs)),
      studiesTotal: this.#deps.studiesTotal(),
      version,
      startedAt: new Date(startedAtMs).toISOString(),
      uploadBytesPerSecond: this.#deps.uploadBytesPerSecond(),
    };
  }

  async #delta(
    changes: Changes,
    shown: Shown,
    when: 'if-news' | 'in-any-case',
  ): Promise<AgentEvent | undefined> {
    const status = await this.#deps.status();
    const nowMs = this.#deps.clock.nowMs();
    const studies = this.#changedStudies(changes, shown.moving)
      .map((study) => summariseStudy(study, nowMs))
      .filter((study) => shown.moving.get(study.id) !== JSON.stringify(study));
    const total = this.#deps.studiesTotal();
    const rate = this.#deps.uploadBytesPerSecond();
    const statusNow = comparable(status);
    const isNews =
      statusNow !== shown.status || studies.length > 0 || total !== shown.total || rate !== shown.rate;
    if (!isNews && when === 'if-news') return undefined;
    const event: AgentEvent = {
      tag: 'delta',
      ...(statusNow === shown.status ? {} : { status }),
      studies,
      studiesTotal: total,
      uploadBytesPerSecond: rate,
    };
    follow(shown.moving, studies);
    shown.status = statusNow;
    shown.total = total;
    shown.rate = rate;
    return event;
  }

  /** Those told of, and those whose state changes by time alone. */
  #changedStudies(changes: Changes, moving: ReadonlyMap<string, string>): StudyRow[] {
    if (changes.many) return this.#deps.queue.studies(studiesShown);
    const ids = new Set([...changes.studyIds, ...moving.keys()]);
    return [...ids].flatMap((id) => this.#deps.queue.study(id) ?? []);
  }
}

/** What the watcher has been told last. */
interface Shown {
  status: string;
  total: number;
  rate: number;
  /** Studies whose state changes by time alone, as they were told last. */
  readonly moving: Map<string, string>;
}

function isLive(shown: Shown): boolean {
  return shown.moving.size > 0 || shown.rate > 0;
}

function follow(moving: Map<string, string>, studies: readonly StudySummary[]): void {
  for (const study of studies) {
    if (study.state === 'receiving' || study.state === 'uploading') {
      moving.set(study.id, JSON.stringify(study));
    } else {
      moving.delete(study.id);
    }
  }
}

/** Equal for statuses that look the same to a person. `lastAt` of a standing condition is always now. */
function comparable(status: StatusReport): string {
  return JSON.stringify({
    ...status,
    spool: { bytes: status.spool.bytes, free: Math.floor(status.spool.freeBytes / freeStepBytes) },
    failures: status.failures.map((failure) =>
      failure.action === 'none' ? { ...failure, lastAt: '' } : failure,
    ),
  });
}

interface Changes {
  readonly many: boolean;
  readonly studyIds: ReadonlySet<string>;
}

/** Changes that one watcher has not been told yet. Bounded: beyond a page of studies only "many" is kept. */
class Pending {
  #any = false;
  #many = false;
  #studyIds = new Set<string>();
  #wake: (() => void) | undefined;

  add(change: QueueChange): void {
    this.#any = true;
    if (change.tag === 'many') this.#many = true;
    if (change.tag === 'studies') {
      for (const id of change.studyIds) this.#studyIds.add(id);
      if (this.#studyIds.size > studiesShown) {
        this.#many = true;
        this.#studyIds.clear();
      }
    }
    this.#wake?.();
  }

  take(): Changes {
    const changes = { many: this.#many, studyIds: this.#studyIds };
    this.#any = false;
    this.#many = false;
    this.#studyIds = new Set();
    return changes;
  }

  /** Until something changes, `tickMs` have passed or the signal aborts. */
  async wait(clock: Clock, tickMs: number, signal: AbortSignal): Promise<void> {
    if (this.#any || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.after(tickMs, done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
    this.#wake = undefined;
  }
}
