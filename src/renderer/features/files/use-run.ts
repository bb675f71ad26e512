import { useCallback, useEffect, useRef, useState } from 'react';
import { useStore, reportOf } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';
import { reportFor } from '../../../shared/errors.ts';
import { SessionRefusedError } from '../../transport/session-refused.ts';
import type { EngineClient } from '../../transport/transport.ts';

/** Problems kept for the list; the rest is counted. */
export const problemsKept = 100;

export type Run<Progress, Problem> =
  | { readonly tag: 'ready' }
  | {
      readonly tag: 'running' | 'done' | 'cancelled';
      readonly progress: Progress | undefined;
      readonly problems: readonly Problem[];
      readonly problemCount: number;
    }
  | {
      readonly tag: 'failed';
      readonly report: ShownReport;
      readonly progress: Progress | undefined;
      readonly problems: readonly Problem[];
      readonly problemCount: number;
    };

type RunEvent<Progress, Problem> =
  (Progress & { readonly tag: 'progress' }) | { readonly tag: 'problem'; readonly problem: Problem };

interface RunControl<Progress, Problem> {
  readonly run: Run<Progress, Problem>;
  readonly start: (
    begin: (client: EngineClient, signal: AbortSignal) => Promise<AsyncIterable<RunEvent<Progress, Problem>>>,
  ) => void;
  readonly stop: () => void;
}

/** One long task of the engine, told as events: its progress, its problems, its end; stopped when the dialog goes. */
export function useRun<Progress, Problem>(): RunControl<Progress, Problem> {
  const store = useStore();
  const [run, setRun] = useState<Run<Progress, Problem>>({ tag: 'ready' });
  const current = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => current.current?.abort(), []);

  const start = useCallback<RunControl<Progress, Problem>['start']>(
    (begin) => {
      const { client } = store;
      const soFar = {
        progress: undefined as Progress | undefined,
        problems: [] as readonly Problem[],
        problemCount: 0,
      };
      if (client === undefined) {
        setRun({ tag: 'failed', report: reportFor('engine-not-running'), ...soFar });
        return;
      }
      const controller = new AbortController();
      current.current = controller;
      setRun({ tag: 'running', ...soFar });

      const follow = async () => {
        for await (const event of await begin(client, controller.signal)) {
          if (controller.signal.aborted) break;
          if (event.tag === 'progress') soFar.progress = event;
          else {
            soFar.problemCount += 1;
            if (soFar.problems.length < problemsKept) soFar.problems = [...soFar.problems, event.problem];
          }
          setRun({ tag: 'running', ...soFar });
        }
      };
      follow()
        .then(() => setRun({ tag: controller.signal.aborted ? 'cancelled' : 'done', ...soFar }))
        .catch((error: unknown) => {
          if (controller.signal.aborted) return setRun({ tag: 'cancelled', ...soFar });
          if (error instanceof SessionRefusedError) store.refuse();
          setRun({ tag: 'failed', report: reportOf(error), ...soFar });
        });
    },
    [store],
  );
  const stop = useCallback(() => current.current?.abort(), []);
  return { run, start, stop };
}
