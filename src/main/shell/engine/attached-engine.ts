/** An engine that runs on this data folder without us (`edge-sync serve`): the app uses it instead of starting another. */
import type { Clock, Logger } from '../../engine/ports.ts';
import type { EngineExit, EngineHandle, LaunchEngine } from './engine-handle.ts';

/** What a running engine says of itself, in the words of its ready line. */
export interface FoundEngine {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly aet: string;
}

export interface AttachParts {
  /** Asks over the local socket; undefined when no engine answers there. Never rejects. */
  readonly find: (signal: AbortSignal) => Promise<FoundEngine | undefined>;
  readonly launch: LaunchEngine;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Nobody waits longer for an answer before an engine of our own is started (which then says what stands in its way). */
const findWithinMs = 5_000;
const watchEveryMs = 5_000;
/** A busy engine may miss one. */
const missesUntilGone = 2;

/**
 * A launch that attaches where an engine answers, and launches otherwise. Attached, "terminate" and "kill" only let go:
 * the engine is somebody else's and goes on. It counts as ended when it no longer answers.
 */
export function attachOrLaunch(parts: AttachParts): LaunchEngine {
  return () => new AttachedOrOwn(parts);
}

class AttachedOrOwn implements EngineHandle {
  readonly exited: Promise<EngineExit>;
  readonly lines: AsyncIterable<string>;
  readonly #parts: AttachParts;
  readonly #letGo = new AbortController();
  #own: EngineHandle | undefined;
  #found: FoundEngine | undefined;

  constructor(parts: AttachParts) {
    this.#parts = parts;
    const decided = this.#decide();
    this.exited = decided.then(() => this.#end());
    this.lines = this.#read(decided);
  }

  get pid(): number | undefined {
    return this.#found?.pid ?? this.#own?.pid;
  }

  get owner(): 'us' | 'somebody-else' {
    return this.#own === undefined ? 'somebody-else' : 'us';
  }

  terminate(): void {
    if (this.#own === undefined) this.#letGo.abort();
    else this.#own.terminate();
  }

  kill(): void {
    if (this.#own === undefined) this.#letGo.abort();
    else this.#own.kill();
  }

  async #decide(): Promise<void> {
    const { find, launch, logger } = this.#parts;
    this.#found = await this.#within(find);
    if (this.#letGo.signal.aborted) return;
    if (this.#found !== undefined) {
      logger.info('engine-attached', { pid: this.#found.pid });
      return;
    }
    try {
      this.#own = launch();
    } catch (error) {
      // Told like a process that ended before its first word.
      logger.error('engine-not-launched', {}, error);
    }
  }

  async #end(): Promise<EngineExit> {
    if (this.#own !== undefined) return this.#own.exited;
    if (this.#found !== undefined) await this.#untilGone();
    return { code: null };
  }

  async *#read(decided: Promise<void>): AsyncGenerator<string, void> {
    await decided;
    if (this.#own !== undefined) yield* this.#own.lines;
    if (this.#found === undefined || this.#letGo.signal.aborted) return;
    const { host, port, aet, pid } = this.#found;
    yield JSON.stringify({ event: 'ready', dicom: { host, port, aet }, web: null, pid });
  }

  async #untilGone(): Promise<void> {
    const { clock, find, logger } = this.#parts;
    let missed = 0;
    while (missed < missesUntilGone) {
      await clock.sleep(watchEveryMs, this.#letGo.signal).catch(() => undefined);
      if (this.#letGo.signal.aborted) return;
      const found = await this.#within(find);
      // Another process at the same place has its own start, counts and settings: begin anew with it.
      if (found !== undefined && found.pid !== this.#found?.pid) break;
      missed = found === undefined ? missed + 1 : 0;
    }
    logger.warn('engine-attached-gone', { pid: this.#found?.pid });
  }

  async #within(find: AttachParts['find']): Promise<FoundEngine | undefined> {
    const late = new AbortController();
    const timer = this.#parts.clock.after(findWithinMs, () => late.abort());
    const signal = AbortSignal.any([late.signal, this.#letGo.signal]);
    const given = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    try {
      return await Promise.race([find(signal), given]);
    } finally {
      timer.cancel();
    }
  }
}
