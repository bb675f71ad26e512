import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { ORPCError } from '@orpc/client';
import { errorReportSchema } from '../../shared/status.ts';
import { reportFor } from '../../shared/errors.ts';
import { SessionRefusedError } from '../transport/session-refused.ts';
import type { EngineClient } from '../transport/transport.ts';
import type { AgentStore, AgentView } from './agent-store.ts';

export const StoreContext = createContext<AgentStore | undefined>(undefined);

export function useStore(): AgentStore {
  const store = useContext(StoreContext);
  if (store === undefined) throw new Error('no store above this component');
  return store;
}

export function useAgentView(): AgentView {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.view);
}

/** False while nothing shown may be believed: buttons wait. */
export function useIsLive(): boolean {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => store.view().connection.tag === 'live');
}

/** The report an error carries; anything without one is the engine being out of reach or broken. */
export interface ShownReport {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
}

export type ActionState =
  | { readonly tag: 'idle' }
  | { readonly tag: 'busy' }
  | { readonly tag: 'failed'; readonly report: ShownReport };

export interface Action<Arguments extends readonly unknown[]> {
  readonly state: ActionState;
  readonly run: (...values: Arguments) => void;
  readonly reset: () => void;
}

/**
 * One thing a person can ask of the engine: busy while it runs, the report when it fails. A second press while busy
 * does nothing; the answer to a component that is gone is dropped.
 */
export function useAction<Arguments extends readonly unknown[]>(
  task: (client: EngineClient, ...values: Arguments) => Promise<void>,
): Action<Arguments> {
  const store = useStore();
  const [state, setState] = useState<ActionState>({ tag: 'idle' });
  const busy = useRef(false);
  const shown = useRef(true);
  const latest = useRef(task);
  useEffect(() => {
    latest.current = task;
  });
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);

  const run = useCallback(
    (...values: Arguments) => {
      const { client } = store;
      if (busy.current) return;
      if (client === undefined) {
        setState({ tag: 'failed', report: reportFor('engine-not-running') });
        return;
      }
      busy.current = true;
      setState({ tag: 'busy' });
      latest
        .current(client, ...values)
        .then((): ActionState => ({ tag: 'idle' }))
        .catch((error: unknown): ActionState => {
          if (error instanceof SessionRefusedError) store.refuse();
          return { tag: 'failed', report: reportOf(error) };
        })
        .then((after) => {
          busy.current = false;
          if (shown.current) setState(after);
        })
        .catch(() => undefined);
    },
    [store],
  );
  const reset = useCallback(() => setState({ tag: 'idle' }), []);
  return { state, run, reset };
}

/** The engine's own report where the error carries one. */
export function reportOf(error: unknown): ShownReport {
  if (error instanceof ORPCError) {
    const carried = errorReportSchema.safeParse(error.data);
    return carried.success ? carried.data : reportFor('internal');
  }
  // A failed fetch or a closed port.
  if (error instanceof TypeError) return reportFor('engine-not-running');
  return reportFor('internal');
}
