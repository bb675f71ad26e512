import { implement, ORPCError, type Router } from '@orpc/server';
import { isContractProcedure, type AnyContractRouter } from '@orpc/contract';
import { contract, type Contract } from '../../../shared/contract.ts';
import type { AgentEvent, AgentState } from '../../../shared/agent-state.ts';
import { toEdgeSyncError } from '../../../shared/errors.ts';
import type { EngineLink } from '../engine/engine-link.ts';
import { engineFailureId } from '../engine/status-while-away.ts';

export type ForwardRouter = Router<Contract, object>;

/** What a page needs from the shell besides the engine's own procedures. */
export interface ForwardTarget {
  readonly link: EngineLink;
  /** Starts the engine now instead of after its back-off. */
  readonly retryEngine: () => void;
}

type Call = (input: unknown, options: { readonly signal: AbortSignal | undefined }) => Promise<unknown>;

/**
 * The contract's router as the shell serves it to the page: every procedure goes on to the engine, streams included.
 * Only what must work without an engine is answered here: status, the stream, and "try again" for the engine itself.
 */
export function createForwardRouter(target: ForwardTarget): ForwardRouter {
  const own: Readonly<Record<string, Call>> = {
    'agent.status': () => Promise.resolve(target.link.state.status),
    'agent.watch': (_input, { signal }) => Promise.resolve(watchLink(target.link, signal)),
    'failures.retry': async (input, options) => {
      const { id } = input as { id: string | null };
      if (id === engineFailureId || (id === null && !target.link.live)) {
        target.retryEngine();
        return { retried: 0 };
      }
      return target.link.client.failures.retry({ id }, signalOf(options));
    },
  };
  return forward(
    contract,
    [],
    (path) => own[path.join('.')] ?? engineCall(target.link, path),
  ) as ForwardRouter;
}

function forward(
  node: AnyContractRouter,
  path: readonly string[],
  callFor: (path: readonly string[]) => Call,
): unknown {
  if (!isContractProcedure(node)) {
    return Object.fromEntries(
      Object.entries(node).map(([key, child]) => [
        key,
        forward(child as AnyContractRouter, [...path, key], callFor),
      ]),
    );
  }
  const call = callFor(path);
  return implement(node).handler(async ({ input, signal }: { input: unknown; signal?: AbortSignal }) => {
    try {
      const result = await call(input, { signal });
      return isStream(result) ? translated(result) : result;
    } catch (error) {
      throw asContractError(error);
    }
  });
}

function engineCall(link: EngineLink, path: readonly string[]): Call {
  return (input, options) => {
    const procedure = path.reduce<unknown>(
      (node, key) => (node as Record<string, unknown>)[key],
      link.client,
    );
    return (procedure as (input: unknown, options: object) => Promise<unknown>)(input, signalOf(options));
  };
}

function signalOf(options: { readonly signal: AbortSignal | undefined }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* translated(events: AsyncIterable<unknown>): AsyncGenerator<unknown, void> {
  try {
    yield* events;
  } catch (error) {
    throw asContractError(error);
  }
}

function asContractError(error: unknown): ORPCError<'EDGE_SYNC', unknown> {
  return new ORPCError('EDGE_SYNC', { defined: true, data: toEdgeSyncError(error).report });
}

/** A page that falls behind by more than this is given one snapshot instead of the missed deltas. */
const longestBacklog = 64;

/** One snapshot, then what changes, until `signal` aborts. Memory per page is bounded. */
export async function* watchLink(
  link: EngineLink,
  signal: AbortSignal | undefined,
): AsyncGenerator<AgentEvent, void> {
  let backlog: AgentEvent[] = [{ tag: 'snapshot', state: link.state }];
  let wake: () => void = () => undefined;
  const unsubscribe = link.subscribe((state: AgentState, event) => {
    backlog = backlog.length < longestBacklog ? [...backlog, event] : [{ tag: 'snapshot', state }];
    wake();
  });
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  try {
    while (signal?.aborted !== true) {
      const events = backlog;
      backlog = [];
      for (const event of events) yield event;
      if (backlog.length > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal?.aborted === true) resolve();
      });
    }
  } finally {
    unsubscribe();
    signal?.removeEventListener('abort', onAbort);
  }
}
