import { useCallback, useEffect, useRef, useState } from 'react';
import { studyPageSize, type StudyInstance } from '../../../shared/contract-study.ts';
import { reportOf, useStore } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';

export interface InstancePages {
  readonly at: (index: number) => StudyInstance | undefined;
  /** Asks for the pages that hold these rows, unless they are here. */
  readonly want: (first: number, last: number) => void;
  readonly report: ShownReport | undefined;
}

/** Of one series, however long. */
const keptPages = 20;

/** A series' images page by page, as they come into sight. `moment`: another one asks again. */
export function useInstancePages(studyId: string, seriesId: string, moment: string): InstancePages {
  const store = useStore();
  const of = `${studyId} ${seriesId} ${moment}`;
  const pages = useRef({ of, held: new Map<number, readonly StudyInstance[]>(), asked: new Set<number>() });
  const wanted = useRef({ first: 0, last: 0 });
  const [drawn, setDrawn] = useState<{
    readonly held: ReadonlyMap<number, readonly StudyInstance[]>;
    readonly report: ShownReport | undefined;
  }>({ held: new Map(), report: undefined });

  const ask = useCallback(() => {
    const { client } = store;
    const { current } = pages;
    if (client === undefined) return;
    const { first, last } = wanted.current;
    for (let page = Math.floor(first / studyPageSize); page <= Math.floor(last / studyPageSize); page += 1) {
      if (current.asked.has(page)) continue;
      current.asked.add(page);
      client.study
        .instances({ studyId, seriesId, offset: page * studyPageSize, limit: studyPageSize })
        .then(({ instances }) => {
          if (pages.current !== current) return;
          current.held.set(page, instances);
          for (const oldest of current.held.keys()) {
            if (current.held.size <= keptPages) break;
            current.held.delete(oldest);
            current.asked.delete(oldest);
          }
          setDrawn({ held: new Map(current.held), report: undefined });
        })
        .catch((error: unknown) => {
          current.asked.delete(page);
          if (pages.current === current) setDrawn((before) => ({ ...before, report: reportOf(error) }));
        });
    }
  }, [store, studyId, seriesId]);

  useEffect(() => {
    // What was held stays in sight until the newer page is here.
    pages.current = {
      of,
      held: new Map(pages.current.of.startsWith(`${studyId} ${seriesId} `) ? pages.current.held : []),
      asked: new Set(),
    };
    ask();
  }, [ask, of, studyId, seriesId]);

  const want = useCallback(
    (first: number, last: number) => {
      wanted.current = { first, last };
      ask();
    },
    [ask],
  );
  const at = useCallback(
    (index: number) => drawn.held.get(Math.floor(index / studyPageSize))?.[index % studyPageSize],
    [drawn],
  );
  return { at, want, report: drawn.report };
}
