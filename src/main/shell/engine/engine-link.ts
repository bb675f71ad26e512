import { applyAgentEvent, type AgentEvent, type AgentState } from '../../../shared/agent-state.ts';
import { EdgeSyncError, reportFor } from '../../../shared/errors.ts';
import type { Cancel, Clock, Logger } from '../../engine/ports.ts';
import type { EngineClient } from '../../rpc/client.ts';
import type { EngineTrouble } from './engine-supervisor.ts';
import { stateWhileAway } from './status-while-away.ts';

/** An engine that blocks its loop keeps its sockets open, so silence alone proves nothing: ask. */
const heartbeatEveryMs = 15_000;
const heartbeatWithinMs = 10_000;
/** After this many in a row it is replaced: over a minute without an answer. */
const missedBeatsUntilHung = 3;
const repeatAwayEveryMs = 30_000;
/** Between attempts to open the stream again while the process lives. */
const reconnectAfterMs = 1_000;

export type StateListener = (state: AgentState, event: AgentEvent) => void;

/**
 * The shell's view of the engine: follows its stream, asks whether it still answers, and says "not receiving" the
 * moment either fails. One stream from the engine serves tray, notifications and every page.
 */
export class EngineLink {
  readonly client: EngineClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #version: string;
  readonly #onHung: () => void;
  readonly #listeners = new Set<StateListener>();
  #last: AgentState | undefined;
  #state: AgentState;
  #live = false;
  #timesEnded = 0;
  #awaySince: string | undefined;
  #repeat: Cancel | undefined;
  #session: AbortController | undefined;
  #stream: AbortController | undefined;

  constructor(parts: {
    readonly client: EngineClient;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly version: string;
    /** The process runs but has not answered for over a minute. */
    readonly onHung: () => void;
  }) {
    this.client = parts.client;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#version = parts.version;
    this.#onHung = parts.onHung;
    this.#state = this.#away(reportFor('engine-starting'));
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Whether `state` comes from an engine that answered within the last heartbeat. */
  get live(): boolean {
    return this.#live;
  }

  /** The process says it is ready: follow it until `engineDown`. */
  engineUp(): void {
    this.#session?.abort();
    const session = new AbortController();
    this.#session = session;
    void this.#follow(session.signal);
    void this.#askRegularly(session.signal);
  }

  /** The process ended, or could not start: one more time of the same trouble until it answers again. */
  engineEnded(trouble: EngineTrouble): void {
    this.#timesEnded += 1;
    this.engineDown(trouble);
  }

  /** No engine for now (it starts, or is being stopped); says so until `engineUp`. */
  engineDown(trouble: EngineTrouble): void {
    this.#session?.abort();
    this.#session = undefined;
    this.#setAway(trouble);
  }

  /** After the PC slept: find out now whether the engine still answers, not at the next beat. */
  async askNow(): Promise<void> {
    const session = this.#session;
    if (session !== undefined) await this.#ask(session.signal);
  }

  subscribe(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #follow(stop: AbortSignal): Promise<void> {
    while (!ended(stop)) {
      const stream = new AbortController();
      this.#stream = stream;
      const signal = AbortSignal.any([stop, stream.signal]);
      try {
        for await (const event of await this.client.agent.watch(undefined, { signal })) {
          if (signal.aborted) break;
          this.#take(event);
        }
      } catch (error) {
        if (!signal.aborted) this.#logger.warn('engine-stream-lost', { code: codeOf(error) });
      }
      if (ended(stop)) return;
      this.#setAway(reportFor('engine-not-answering'));
      await this.#clock.sleep(reconnectAfterMs, stop).catch(() => undefined);
    }
  }

  #take(event: AgentEvent): void {
    // A delta counts only on top of this stream's own snapshot: what was known before may have missed some.
    const next = applyAgentEvent(this.#live ? this.#last : undefined, event);
    if (next === undefined) return;
    this.#last = next;
    this.#state = next;
    this.#live = true;
    this.#timesEnded = 0;
    this.#awaySince = undefined;
    this.#tell(event);
  }

  async #askRegularly(stop: AbortSignal): Promise<void> {
    let missed = 0;
    while (!ended(stop)) {
      await this.#clock.sleep(heartbeatEveryMs, stop).catch(() => undefined);
      if (ended(stop)) return;
      missed = (await this.#ask(stop)) ? 0 : missed + 1;
      if (missed >= missedBeatsUntilHung && !ended(stop)) {
        this.#onHung();
        return;
      }
    }
  }

  /** A beat that fails also ends the stream: only a fresh snapshot makes the state good again. */
  async #ask(stop: AbortSignal): Promise<boolean> {
    const late = new AbortController();
    const timer = this.#clock.after(heartbeatWithinMs, () => late.abort());
    try {
      await this.client.agent.status(undefined, { signal: AbortSignal.any([stop, late.signal]) });
      if (!ended(stop) && this.#live) this.#tell(nothingNew(this.#state));
      return true;
    } catch (error) {
      if (!ended(stop)) {
        this.#logger.warn('engine-silent', { code: codeOf(error) });
        this.#setAway(reportFor('engine-not-answering'));
        this.#stream?.abort();
      }
      return false;
    } finally {
      timer.cancel();
    }
  }

  #setAway(trouble: EngineTrouble): void {
    this.#live = false;
    this.#state = this.#away(trouble);
    this.#tell({ tag: 'snapshot', state: this.#state });
    this.#repeatWhileAway();
  }

  /** A page distrusts a silence; that the engine is away is worth saying again. */
  #repeatWhileAway(): void {
    this.#repeat?.cancel();
    this.#repeat = this.#clock.after(repeatAwayEveryMs, () => {
      if (this.#live) return;
      this.#tell({ tag: 'snapshot', state: this.#state });
      this.#repeatWhileAway();
    });
  }

  #away(trouble: EngineTrouble): AgentState {
    const now = new Date(this.#clock.nowMs()).toISOString();
    this.#awaySince ??= now;
    return stateWhileAway({
      last: this.#last,
      trouble,
      since: this.#awaySince,
      now,
      version: this.#version,
      times: Math.max(1, this.#timesEnded),
    });
  }

  #tell(event: AgentEvent): void {
    for (const listener of this.#listeners) listener(this.#state, event);
  }
}

/** Says "still here" to whoever listens: each answered beat is news in itself. */
function nothingNew({ studiesTotal, uploadBytesPerSecond }: AgentState): AgentEvent {
  return { tag: 'delta', studies: [], studiesTotal, uploadBytesPerSecond };
}

/** A signal changes under us while we wait, which control-flow analysis does not see. */
function ended(signal: AbortSignal): boolean {
  return signal.aborted;
}

function codeOf(error: unknown): string {
  if (error instanceof EdgeSyncError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
