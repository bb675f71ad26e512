/** The contract's `home` on an engine. */
import type { Activity, DayChart, EraseList, Found, Hints } from '../../shared/contract-home.ts';
import { mostFound } from '../../shared/contract-home.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { lastActivity } from './home/activity.ts';
import { dayChart } from './home/day-chart.ts';
import { eraseList } from './home/erase-list.ts';
import { GapWatch } from './home/gap-watch.ts';
import { dayAfter, dayRange, isDay, localDay } from './home/local-days.ts';
import { lateness, learnedFromMs } from './home/rhythm.ts';
import { summariseStudy } from './status/study-summary.ts';

/** Studies indexed at most before a search is answered: some tenths of a second. */
const mostIndexedFirst = 500;

export interface HomeService {
  eraseList(asked: { readonly day: string | null; readonly days: number }): EraseList;
  hints(): Promise<Hints>;
  silence(asked: { readonly aeTitle: string; readonly until: string | null }): Promise<void>;
  speak(aeTitle: string): Promise<void>;
  activity(limit: number): Activity[];
  chart(day: string | null): DayChart;
  find(asked: { readonly text: string; readonly before: number | null }, actor: Actor): Promise<Found>;
}

type Parts = Pick<EngineParts, 'options' | 'queue' | 'incidents' | 'audit' | 'home'>;

export class HomeCalls implements HomeService {
  readonly #parts: Parts;
  readonly #gaps: GapWatch;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#gaps = new GapWatch({ queue: parts.queue, clock: parts.options.clock });
  }

  eraseList({ day, days }: { readonly day: string | null; readonly days: number }): EraseList {
    const { queue, incidents, options } = this.#parts;
    const nowMs = options.clock.nowMs();
    const last = wantedDay(day, nowMs);
    const wanted = Array.from({ length: day === null ? days : 1 }, (_, back) => dayAfter(last, -back));
    const { fromMs } = dayRange(wanted.at(-1) ?? last);
    return {
      askedAt: new Date(nowMs).toISOString(),
      listenerAeTitle: options.settings.dicom.aeTitle,
      days: eraseList({
        arrivals: queue.home.arrivals(fromMs, dayRange(last).toMs),
        incidents: [...queue.status().incidents, ...incidents.unrecorded],
        days: wanted,
        nowMs,
      }),
    };
  }

  async hints(): Promise<Hints> {
    const { queue, options } = this.#parts;
    const gaps = await this.#gaps.look();
    const nowMs = options.clock.nowMs();
    const lastSeen = new Map(queue.status().sources.map((one) => [one.aeTitle, one.lastReceivedAtMs]));
    const silenced = queue.home.silenced();
    const found = lateness({
      slots: queue.home.rhythm(learnedFromMs(nowMs), dayRange(localDay(nowMs)).toMs),
      silenced: new Set(silenced.map(({ aeTitle }) => aeTitle)),
      lastReceivedAtMs: (aeTitle) => lastSeen.get(aeTitle) ?? null,
      nowMs,
    });
    return {
      ...gaps,
      late: found.tag === 'devices' ? [...found.late] : [],
      nobody: found.tag === 'nobody' ? { expected: found.expected, usuallyBy: found.usuallyBy } : null,
      silenced: silenced.map(({ aeTitle, untilMs }) => ({
        aeTitle,
        until: untilMs === null ? null : new Date(untilMs).toISOString(),
      })),
    };
  }

  /** Throws device-unknown for a title that never sent anything. */
  async silence({
    aeTitle,
    until,
  }: {
    readonly aeTitle: string;
    readonly until: string | null;
  }): Promise<void> {
    const { queue } = this.#parts;
    if (!queue.status().sources.some((one) => one.aeTitle === aeTitle))
      throw new EdgeSyncError('device-unknown', 'no images ever came from that AE title');
    await queue.home.silence(aeTitle, until === null ? null : Date.parse(until));
  }

  async speak(aeTitle: string): Promise<void> {
    await this.#parts.queue.home.speak(aeTitle);
  }

  activity(limit: number): Activity[] {
    const { queue, options } = this.#parts;
    return lastActivity(queue, options.clock.nowMs(), limit);
  }

  chart(day: string | null): DayChart {
    const { queue, options } = this.#parts;
    const nowMs = options.clock.nowMs();
    const names = options.settings.destinations.map(({ name }) => name);
    return dayChart(queue.home, wantedDay(day, nowMs), names, nowMs);
  }

  /** The audit entry is on disk before anything is answered; what was typed is in no record. */
  async find(
    { text, before }: { readonly text: string; readonly before: number | null },
    actor: Actor,
  ): Promise<Found> {
    const { queue, audit, home, options } = this.#parts;
    await audit.recorded({ action: 'studies-searched', actor, outcome: 'success' });
    const isComplete = await home.catchUp(mostIndexedFirst);
    const { studyIds, next } = queue.search.find(text, before, mostFound);
    const nowMs = options.clock.nowMs();
    const studies = studyIds.flatMap((id) => queue.study(id) ?? []);
    return { studies: studies.map((one) => summariseStudy(one, nowMs)), next, isIndexing: !isComplete };
  }
}

/** Throws usage for what is no day. */
function wantedDay(day: string | null, nowMs: number): string {
  if (day === null) return localDay(nowMs);
  if (!isDay(day)) throw new EdgeSyncError('usage', 'a day is written YYYY-MM-DD');
  return day;
}
