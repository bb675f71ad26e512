import { assertNever } from '../../../shared/assert-never.ts';
import { errorFacts, isErrorCode, reportFor } from '../../../shared/errors.ts';
import type { Clock, Logger } from '../../engine/ports.ts';
import type { EngineHandle, LaunchEngine } from './engine-handle.ts';
import { parseEngineLine, type EngineLine } from './engine-line.ts';

/** Why the engine is not there, in the words staff are told. `code` is one of errors.ts, or what a newer engine said. */
export interface EngineTrouble {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
}

export type EngineState =
  | { readonly tag: 'starting'; readonly trouble: EngineTrouble | undefined }
  | { readonly tag: 'running'; readonly ready: Extract<EngineLine, { event: 'ready' }> }
  | { readonly tag: 'waiting'; readonly trouble: EngineTrouble; readonly nextTryMs: number }
  | { readonly tag: 'stopping' }
  | { readonly tag: 'stopped' };

/** Back-off between lives: doubles from 1 s to 60 s. */
const firstDelayMs = 1_000;
const longestDelayMs = 60_000;
/** A life this long was healthy: the next crash starts the back-off anew. */
const healthyAfterMs = 60_000;
/** Its last lines may come after its end; somebody else holding the pipe open must not hold us up. */
const lastLinesWithinMs = 1_000;
/** SIGTERM to SIGKILL, when draining over the socket did not end it. */
const terminateWithinMs = 5_000;

/**
 * Keeps one engine running: starts it, starts it again when it ends, never gives up.
 * The order of things is in `#keepRunning`; everything else reacts to its state.
 */
export class EngineSupervisor {
  readonly #launch: LaunchEngine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onState: (state: EngineState) => void;
  #state: EngineState = { tag: 'stopped' };
  #handle: EngineHandle | undefined;
  #running: Promise<void> | undefined;
  #stop = new AbortController();
  #wake = new AbortController();

  constructor(parts: {
    readonly launch: LaunchEngine;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly onState: (state: EngineState) => void;
  }) {
    this.#launch = parts.launch;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#onState = parts.onState;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Whose engine it is that runs; undefined while none is there. */
  get owner(): EngineHandle['owner'] | undefined {
    return this.#state.tag === 'running' ? this.#handle?.owner : undefined;
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#stop = new AbortController();
    this.#running = this.#keepRunning(this.#stop.signal);
  }

  /** Ends a wait at once. Does nothing while the engine starts or runs. */
  retryNow(): void {
    this.#wake.abort();
  }

  /** Ends an engine that runs but no longer answers; it is started again like after a crash. */
  replaceHung(): void {
    this.#logger.error('engine-hung', { pid: this.#handle?.pid });
    this.#handle?.kill();
  }

  /**
   * Ends the engine for good: `drain` asks the one with this process id politely, and after `withinMs` it is
   * terminated, then killed. One that somebody else started goes on. Resolves when the process is gone, or let go.
   * Never rejects.
   */
  async stop(drain: (pid: number | undefined) => Promise<unknown>, withinMs: number): Promise<void> {
    if (this.#running === undefined) return;
    this.#stop.abort();
    this.#set({ tag: 'stopping' });
    const handle = this.#handle;
    if (handle !== undefined) await this.#end(handle, drain, withinMs);
    await this.#running;
    this.#running = undefined;
    this.#set({ tag: 'stopped' });
  }

  async #keepRunning(stop: AbortSignal): Promise<void> {
    let shortLives = 0;
    let trouble: EngineTrouble | undefined;
    for (;;) {
      this.#set({ tag: 'starting', trouble });
      const startedMs = this.#clock.monotonicMs();
      const end = await this.#oneLife();
      if (this.#stop.signal.aborted) return;
      trouble = end.trouble;
      const livedMs = this.#clock.monotonicMs() - startedMs;
      shortLives = livedMs >= healthyAfterMs ? 1 : shortLives + 1;
      const delayMs = end.helpedByWaiting ? backOffMs(shortLives) : longestDelayMs;
      this.#logger.error('engine-ended', { code: end.trouble.code, livedMs: Math.round(livedMs), delayMs });
      this.#set({ tag: 'waiting', trouble: end.trouble, nextTryMs: this.#clock.nowMs() + delayMs });
      await this.#pause(delayMs, stop);
      if (stop.aborted) return;
    }
  }

  /** From launch to exit; says why it ended. */
  async #oneLife(): Promise<{ readonly trouble: EngineTrouble; readonly helpedByWaiting: boolean }> {
    let handle: EngineHandle;
    try {
      handle = this.#launch();
    } catch (error) {
      this.#logger.error('engine-not-launched', {}, error);
      return { trouble: reportFor('internal'), helpedByWaiting: true };
    }
    this.#handle = handle;
    let failed: EngineTrouble | undefined;
    const reading = this.#read(handle, (line) => {
      failed = { code: line.code, message: line.message, nextStep: line.nextStep };
      // It said that it cannot go on; a process that stays all the same must not keep the next from starting.
      this.#clock.after(terminateWithinMs, () => handle.kill());
    });
    const { code } = await handle.exited;
    await Promise.race([reading, this.#clock.sleep(lastLinesWithinMs)]);
    this.#handle = undefined;
    this.#logger.info('engine-exit', { exitCode: code });
    if (failed === undefined) return { trouble: reportFor('engine-stopped'), helpedByWaiting: true };
    const transient = isErrorCode(failed.code) && errorFacts[failed.code].persistence === 'transient';
    // The other engine was still starting when we looked: next time it answers.
    return { trouble: failed, helpedByWaiting: transient || failed.code === 'engine-already-running' };
  }

  async #read(
    handle: EngineHandle,
    onFailed: (line: Extract<EngineLine, { event: 'failed' }>) => void,
  ): Promise<void> {
    try {
      for await (const text of handle.lines) {
        const line = parseEngineLine(text);
        if (line === undefined) continue;
        switch (line.event) {
          case 'ready':
            this.#logger.info('engine-ready', { pid: line.pid, port: line.dicom.port });
            if (!this.#stop.signal.aborted) this.#set({ tag: 'running', ready: line });
            break;
          case 'failed':
            onFailed(line);
            break;
          default:
            assertNever(line);
        }
      }
    } catch (error) {
      // A broken pipe ends with the process; `exited` tells the rest.
      this.#logger.debug('engine-output-ended', { errorName: error instanceof Error ? error.name : '' });
    }
  }

  async #end(
    handle: EngineHandle,
    drain: (pid: number | undefined) => Promise<unknown>,
    withinMs: number,
  ): Promise<void> {
    if (handle.owner === 'somebody-else') {
      handle.terminate();
      await handle.exited;
      return;
    }
    // Its answer is of no use: whether the process ended is what counts.
    void drain(handle.pid).catch(() => handle.terminate());
    if (await this.#goneWithin(handle, withinMs)) return;
    this.#logger.warn('engine-drain-too-long', { withinMs });
    handle.terminate();
    if (await this.#goneWithin(handle, terminateWithinMs)) return;
    handle.kill();
    await handle.exited;
  }

  async #goneWithin(handle: EngineHandle, ms: number): Promise<boolean> {
    const waiting = new AbortController();
    const gone = await Promise.race([
      handle.exited.then(() => true),
      this.#clock.sleep(ms, waiting.signal).then(
        () => false,
        () => true,
      ),
    ]);
    waiting.abort();
    return gone;
  }

  async #pause(ms: number, stop: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    try {
      await this.#clock.sleep(ms, AbortSignal.any([this.#wake.signal, stop]));
    } catch {
      // woken: that is what the signals are for
    }
  }

  #set(state: EngineState): void {
    this.#state = state;
    this.#onState(state);
  }
}

/** 1 s, 2 s, 4 s ... 60 s. Without jitter: there is one engine, and nothing to spread. */
function backOffMs(shortLives: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(shortLives - 1, 16));
}
