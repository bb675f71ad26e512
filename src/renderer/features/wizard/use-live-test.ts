import { useCallback, useEffect, useRef, useState } from 'react';
import type { LiveTestEvent, LiveTestStep } from '../../../shared/contract-setup.ts';
import type { DestinationSettings } from '../../../shared/destination-settings.ts';
import { reportFor } from '../../../shared/errors.ts';
import { reportOf, useStore } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';
import { SessionRefusedError } from '../../transport/session-refused.ts';

type Finding = Extract<LiveTestEvent, { readonly tag: 'finding' }>;

export interface LiveTestSeen {
  readonly steps: ReadonlyMap<LiveTestStep, 'running' | 'passed' | 'failed' | 'stopped'>;
  /** undefined: not told yet; null: straight to the service. */
  readonly proxy: string | null | undefined;
  readonly findings: readonly Finding[];
}

export type LiveTestRun =
  | { readonly tag: 'none' }
  | { readonly tag: 'running' | 'passed' | 'cancelled'; readonly seen: LiveTestSeen }
  | { readonly tag: 'failed'; readonly seen: LiveTestSeen; readonly report: ShownReport };

const nothingSeen: LiveTestSeen = { steps: new Map(), proxy: undefined, findings: [] };

/** The live test of what is typed in; stopped when the form goes. `reset` when something was typed after it. */
export function useLiveTest(): {
  readonly run: LiveTestRun;
  readonly start: (draft: {
    readonly destination: DestinationSettings;
    readonly credential: string | null;
  }) => void;
  readonly stop: () => void;
  readonly reset: () => void;
} {
  const store = useStore();
  const [run, setRun] = useState<LiveTestRun>({ tag: 'none' });
  const current = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => current.current?.abort(), []);

  const start = useCallback<ReturnType<typeof useLiveTest>['start']>(
    (draft) => {
      current.current?.abort();
      const { client } = store;
      if (client === undefined) {
        setRun({ tag: 'failed', seen: nothingSeen, report: reportFor('engine-not-running') });
        return;
      }
      const controller = new AbortController();
      current.current = controller;
      let seen = nothingSeen;
      let report: ShownReport | undefined;
      const show = (next: LiveTestRun) => {
        if (current.current === controller) setRun(next);
      };
      show({ tag: 'running', seen });
      const follow = async () => {
        const { signal } = controller;
        for await (const event of await client.setup.testDestination(draft, { signal })) {
          if (signal.aborted) return;
          if (event.tag === 'failed') ({ error: report } = event);
          seen = afterEvent(seen, event);
          show({ tag: 'running', seen });
        }
        if (report !== undefined) show({ tag: 'failed', seen, report });
        else show({ tag: 'passed', seen });
      };
      follow()
        .catch((error: unknown) => {
          if (controller.signal.aborted) return;
          if (error instanceof SessionRefusedError) store.refuse();
          show({ tag: 'failed', seen: stopped(seen), report: reportOf(error) });
        })
        .finally(() => {
          if (controller.signal.aborted) show({ tag: 'cancelled', seen: stopped(seen) });
        });
    },
    [store],
  );
  const stop = useCallback(() => current.current?.abort(), []);
  const reset = useCallback(() => {
    const before = current.current;
    current.current = undefined;
    before?.abort();
    setRun({ tag: 'none' });
  }, []);
  return { run, start, stop, reset };
}

function afterEvent(seen: LiveTestSeen, event: LiveTestEvent): LiveTestSeen {
  switch (event.tag) {
    case 'began':
      return { ...seen, steps: new Map(seen.steps).set(event.step, 'running') };
    case 'passed':
    case 'failed':
      return { ...seen, steps: new Map(seen.steps).set(event.step, event.tag) };
    case 'route':
      return { ...seen, proxy: event.proxy };
    case 'finding':
      return { ...seen, findings: [...seen.findings, event] };
    case 'ended':
      return seen;
  }
}

function stopped(seen: LiveTestSeen): LiveTestSeen {
  return {
    ...seen,
    steps: new Map(
      [...seen.steps].map(([step, state]) => [step, state === 'running' ? 'stopped' : state] as const),
    ),
  };
}
