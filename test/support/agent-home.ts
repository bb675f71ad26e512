/** What the scripted engine tells the home page. Nobody's data: made up here. */
import { implement } from '@orpc/server';
import type { Activity, DayChart, EraseList, Found, Hints } from '../../src/shared/contract-home.ts';
import { contract } from '../../src/shared/contract.ts';
import { minutesAgo, someStudies, study } from './agent-states.ts';

export type HomeCall = 'erase-list' | 'hints' | 'silence' | 'speak' | 'activity' | 'chart' | 'find';

export interface HomeAnswers {
  eraseList: EraseList;
  hints: Hints;
  activity: readonly Activity[];
  chart: DayChart;
  found: Found;
}

function dayBack(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() - days);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const line = (
  aeTitle: string,
  received: number,
  verified: number,
  committed: number,
  answer: EraseList['days'][number]['devices'][number]['answer'],
  doubt: string | null = null,
) => ({ aeTitle, received, verified, committed, answer, doubt });

/** Nothing found, nothing sent. */
export function quietHome(): HomeAnswers {
  return {
    eraseList: { askedAt: minutesAgo(0), listenerAeTitle: 'EDGESYNC', days: [] },
    hints: { gaps: [], looked: 6, notLooked: 0, late: [], nobody: null, silenced: [] },
    activity: [],
    chart: { day: dayBack(0), slotSeconds: 900, slots: [], destinations: [] },
    found: { studies: [], next: null, isIndexing: false },
  };
}

/** A day at a clinic, with one of everything. */
export function busyHome(): HomeAnswers {
  const start = new Date();
  start.setHours(0, 0, 0, 0);
  const size = 60;
  const slots = Array.from({ length: size }, (_, index) => {
    const isOpen = index > 31;
    const images = isOpen ? Math.round(40 + 35 * Math.sin(index / 3)) : 0;
    return {
      at: new Date(start.getTime() + index * 900_000).toISOString(),
      images,
      bytes: images * 525_000,
      waiting: isOpen ? Math.round(images * 0.4) : 0,
      waitingMost: isOpen ? Math.round(images * 0.8) : 0,
    };
  });
  const proven = slots.map(({ images }) => Math.max(0, images - 3));
  return {
    eraseList: {
      askedAt: minutesAgo(0),
      listenerAeTitle: 'EDGESYNC',
      days: [
        {
          day: dayBack(0),
          isOver: false,
          devices: [
            line('CT-ROOM-1', 438, 438, 438, 'safe'),
            line('SONO-2', 52, 52, 0, 'compare'),
            line('XRAY', 12, 9, 0, 'not-safe'),
          ],
        },
        {
          day: dayBack(1),
          isOver: true,
          devices: [
            line('CT-ROOM-1', 1210, 1210, 1210, 'unknown', 'commitment-failed'),
            line('SONO-2', 88, 88, 40, 'compare'),
          ],
        },
      ],
    },
    hints: {
      gaps: [
        {
          study: study({ id: 'study-5', initials: 'PC', instances: 318, lastReceivedAt: minutesAgo(95) }),
          series: [
            {
              modality: 'CT',
              seriesNumber: '3',
              present: 316,
              missing: 4,
              ranges: [
                { from: 17, to: 17 },
                { from: 120, to: 122 },
              ],
              moreRanges: 0,
            },
          ],
        },
      ],
      looked: 6,
      notLooked: 1,
      late: [{ aeTitle: 'XRAY', usuallyBy: 600, lastReceivedAt: minutesAgo(60 * 22) }],
      nobody: null,
      silenced: [{ aeTitle: 'OLD-CR', until: null }],
    },
    activity: [
      { at: minutesAgo(1), kind: 'received', study: study({ id: 'study-2', modality: 'US' }), times: 1 },
      { at: minutesAgo(4), kind: 'verified', study: study(), times: 1 },
      { at: minutesAgo(15), kind: 'refused', study: null, times: 3 },
      { at: minutesAgo(40), kind: 'restored', study: null, times: 1 },
      { at: minutesAgo(90), kind: 'repaired', study: study({ id: 'study-5', initials: 'PC' }), times: 2 },
    ],
    chart: {
      day: dayBack(0),
      slotSeconds: 900,
      slots,
      destinations: [
        { name: 'cloud', images: proven, bytes: proven.map((images) => images * 525_000) },
        {
          name: 'nas',
          images: proven.map((images) => Math.round(images / 2)),
          bytes: proven.map((images) => images * 260_000),
        },
      ],
    },
    found: { studies: [...someStudies()].slice(0, 3), next: null, isIndexing: false },
  };
}

/** The contract's `home`, answered from what the test set. */
export function homeHandlers(
  answers: HomeAnswers,
  {
    asked,
    done,
  }: {
    /** What the page asks by itself: may be refused, and is in no list of calls. */
    readonly asked: (name: HomeCall) => void;
    readonly done: (name: HomeCall, input: unknown) => void;
  },
) {
  const os = implement(contract).home;
  return {
    eraseList: os.eraseList.handler(({ input }) => {
      asked('erase-list');
      const { eraseList } = answers;
      return input.day === null
        ? eraseList
        : { ...eraseList, days: eraseList.days.filter(({ day }) => day === input.day) };
    }),
    hints: os.hints.handler(() => {
      asked('hints');
      return answers.hints;
    }),
    silence: os.silence.handler(({ input }) => {
      done('silence', input);
      answers.hints = {
        ...answers.hints,
        late: answers.hints.late.filter(({ aeTitle }) => aeTitle !== input.aeTitle),
        silenced: [...answers.hints.silenced, input],
      };
      return { done: true as const };
    }),
    speak: os.speak.handler(({ input }) => {
      done('speak', input);
      answers.hints = {
        ...answers.hints,
        silenced: answers.hints.silenced.filter(({ aeTitle }) => aeTitle !== input.aeTitle),
      };
      return { done: true as const };
    }),
    activity: os.activity.handler(() => {
      asked('activity');
      return { events: [...answers.activity] };
    }),
    chart: os.chart.handler(() => {
      asked('chart');
      return answers.chart;
    }),
    find: os.find.handler(({ input }) => {
      done('find', input);
      return answers.found;
    }),
  };
}
