/** Looks for missing instance numbers in the studies of late, a piece at a time, and remembers what it found. */
import type { Hints } from '../../../shared/contract-home.ts';
import type { Clock } from '../ports.ts';
import type { HomeCounts } from '../queue/home-counts.ts';
import type { ReadQueue } from '../queue/queue-port.ts';
import type { StudyRow } from '../queue/queue-types.ts';
import { summariseStudy } from '../status/study-summary.ts';
import { StudyNumbers } from './gaps.ts';

const dayMs = 86_400_000;
/** Older ones have been looked at when somebody could still do something about them. */
const daysLooked = 7;
const mostStudies = 500;
/** A study that still comes in has gaps by nature. */
const quietForMs = 60_000;
/** Rows opened in one turn: some milliseconds. */
const page = 200;
/** Rows opened for one answer; what remains is looked at for the next one. */
const mostRows = 20_000;
const mostShown = 50;

export interface GapWatchDeps {
  readonly queue: Pick<ReadQueue, 'studies'> & { readonly home: Pick<HomeCounts, 'numbersOf'> };
  readonly clock: Clock;
}

interface Looked {
  readonly instances: number;
  readonly series: Hints['gaps'][number]['series'];
}

type GapAnswer = Pick<Hints, 'gaps' | 'looked' | 'notLooked'>;

export class GapWatch {
  readonly #deps: GapWatchDeps;
  #known = new Map<string, Looked>();
  #running: Promise<GapAnswer> | undefined;

  constructor(deps: GapWatchDeps) {
    this.#deps = deps;
  }

  /** Whoever asks while a look is under way gets its answer. */
  look(): Promise<GapAnswer> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #look(): Promise<GapAnswer> {
    const { queue, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const recent = queue
      .studies(mostStudies)
      .filter((one) => Math.abs(nowMs - one.lastReceivedAtMs) < daysLooked * dayMs);
    const known = new Map<string, Looked>();
    let rows = 0;
    let notLooked = 0;
    for (const study of recent) {
      const before = this.#known.get(study.id);
      if (before?.instances === study.instances) {
        known.set(study.id, before);
        continue;
      }
      const isArriving = Math.abs(nowMs - study.lastReceivedAtMs) < quietForMs;
      if (isArriving || rows + study.instances > mostRows) {
        notLooked += 1;
        continue;
      }
      rows += study.instances;
      known.set(study.id, { instances: study.instances, series: await this.#seriesOf(study) });
    }
    // No more than the studies of a week are remembered.
    this.#known = known;
    const gaps = recent.flatMap((study) => {
      const series = known.get(study.id)?.series ?? [];
      return series.length === 0 ? [] : [{ study: summariseStudy(study, nowMs), series: [...series] }];
    });
    return { gaps: gaps.slice(0, mostShown), looked: known.size, notLooked };
  }

  async #seriesOf(study: StudyRow): Promise<Looked['series']> {
    const numbers = new StudyNumbers();
    for (let after = 0; ;) {
      const images = this.#deps.queue.home.numbersOf(study.id, after, page);
      for (const image of images) numbers.add(image);
      const last = images.at(-1);
      if (last === undefined) return numbers.gaps().slice(0, mostShown);
      after = last.rowId;
      // Receiving goes first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
