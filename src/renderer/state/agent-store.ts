import type { AgentState } from '../../shared/agent-state.ts';
import { applyAgentEvent } from '../../shared/agent-state.ts';
import { SessionRefusedError } from '../transport/session-refused.ts';
import type { EngineClient, Transport } from '../transport/transport.ts';
import { keepSameState } from './keep-same.ts';
import type { Timers } from './timers.ts';

/** How much the page may believe what it shows. Only `live` may ever be green. */
export type Connection =
  /** No snapshot yet. */
  | { readonly tag: 'connecting' }
  | { readonly tag: 'live' }
  /** Nothing heard for `silentAfterMs`, though the way to the engine looked open. */
  | { readonly tag: 'silent' }
  /** The way to the engine broke; it is being tried again. */
  | { readonly tag: 'lost' }
  /** Only a fresh link helps. */
  | { readonly tag: 'refused' };

export interface AgentView {
  readonly connection: Connection;
  /** The last that was heard; out of date unless `connection` is live. */
  readonly agent: AgentState | undefined;
  /** Epoch milliseconds of the last event. */
  readonly heardAtMs: number | undefined;
}

/** The engine sends at least one delta each 30 s: three missed ones are silence. */
export const silentAfterMs = 90_000;
/** A snapshot comes at once; an attempt without one is given up after this. */
export const firstSnapshotMs = 20_000;
const live: Connection = { tag: 'live' };
const firstRetryMs = 500;
const longestRetryMs = 15_000;

/**
 * Follows the engine: one snapshot, then deltas, over again after every loss. A delta before the snapshot of its own
 * connection changes nothing, so old figures never pass for new ones.
 */
export class AgentStore {
  readonly #transport: Transport;
  readonly #timers: Timers;
  readonly #listeners = new Set<() => void>();
  #view: AgentView = { connection: { tag: 'connecting' }, agent: undefined, heardAtMs: undefined };
  #client: EngineClient | undefined;
  #running: AbortController | undefined;
  /** Ends the stream under way. */
  #stream: AbortController | undefined;
  #cancelSilence: (() => void) | undefined;
  #retryNow: (() => void) | undefined;

  constructor(transport: Transport, timers: Timers) {
    this.#transport = transport;
    this.#timers = timers;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly view = (): AgentView => this.#view;

  /** The way to the engine now; undefined while there is none. */
  get client(): EngineClient | undefined {
    return this.#view.connection.tag === 'live' ? this.#client : undefined;
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#follow(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#stream?.abort();
    this.#cancelSilence?.();
    this.#retryNow?.();
  }

  /** Tries again without waiting for the back-off. */
  readonly retryNow = (): void => this.#retryNow?.();

  /** A call was refused for want of a session. */
  readonly refuse = (): void => {
    this.stop();
    this.#set({ connection: { tag: 'refused' } });
  };

  /** Timers stand still while a PC sleeps; call this when the page comes back to sight. */
  readonly checkFreshness = (): void => {
    const { connection, heardAtMs } = this.#view;
    if (connection.tag !== 'live' || heardAtMs === undefined) return;
    if (this.#timers.nowMs() - heardAtMs >= silentAfterMs) this.#silence();
  };

  async #follow(signal: AbortSignal): Promise<void> {
    let failedInARow = 0;
    while (!signal.aborted) {
      const stream = new AbortController();
      this.#stream = stream;
      try {
        this.#arm(firstSnapshotMs, () => stream.abort());
        this.#client = await this.#transport.open(stream.signal);
        const events = await this.#client.agent.watch(undefined, { signal: stream.signal });
        let heard: AgentState | undefined;
        for await (const event of events) {
          if (stream.signal.aborted) break;
          const next = applyAgentEvent(heard, event);
          if (next === undefined) continue;
          heard = keepSameState(this.#view.agent, next);
          failedInARow = 0;
          this.#arm(silentAfterMs, () => this.#silence());
          this.#set({ connection: live, agent: heard, heardAtMs: this.#timers.nowMs() });
        }
      } catch (error) {
        if (error instanceof SessionRefusedError) {
          this.refuse();
          return;
        }
      }
      this.#cancelSilence?.();
      // Nothing read from this stream counts any more, whatever still arrives.
      stream.abort();
      if (stopped(signal)) return;
      failedInARow += 1;
      // A first attempt that fails is a loss too; a page that was silent stays so until a new attempt has failed.
      if (this.#view.connection.tag !== 'silent' || failedInARow > 1)
        this.#set({ connection: { tag: 'lost' } });
      await this.#pause(this.#retryDelayMs(failedInARow));
    }
  }

  #silence(): void {
    this.#set({ connection: { tag: 'silent' } });
    this.#stream?.abort();
  }

  #arm(ms: number, task: () => void): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#timers.after(ms, task);
  }

  /** Doubles from 0.5 s to 15 s; the jitter keeps several windows from knocking together. */
  #retryDelayMs(failedInARow: number): number {
    const ceiling = Math.min(firstRetryMs * 2 ** (failedInARow - 1), longestRetryMs);
    return ceiling * (0.5 + this.#timers.fraction() / 2);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(ms, resolve);
      this.#retryNow = () => {
        cancel();
        resolve();
      };
    });
  }

  #set(change: Partial<AgentView>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** Read anew: the compiler would otherwise believe the loop's own check. */
function stopped(signal: AbortSignal): boolean {
  return signal.aborted;
}
