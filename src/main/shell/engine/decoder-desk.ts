/**
 * Decoding processes for the engine of the desktop app: it asks, the shell starts one and gives it a port to it. One lives
 * at a time; it ends when the engine says so, when it takes too much memory, and with the engine.
 */
import { assertNever } from '../../../shared/assert-never.ts';
import { decoderErrandSchema, decoderMemoryBytes, type DecoderNews } from '../../../shared/decoder-lives.ts';
import type { Clock, Logger } from '../../engine/ports.ts';

/** One process, as it was started. */
export interface DecoderFork<Port> {
  /** undefined until the operating system has started it. */
  readonly pid: number | undefined;
  /** The engine's end of the channel. */
  readonly port: Port;
  /** Resolves when it runs within its limits; never where it ends before. Never rejects. */
  readonly started: Promise<void>;
  /** Resolves when it is gone. Never rejects. */
  readonly exited: Promise<void>;
  /** Ends it at once, also before it has started. */
  kill(): void;
}

export interface DecoderDeskParts<Port> {
  /** Throws when it cannot even be tried. */
  readonly fork: () => DecoderFork<Port>;
  readonly tellEngine: (news: DecoderNews, ports: Port[]) => void;
  /** What the process takes right now; undefined when nobody knows. */
  readonly memoryBytes: (pid: number) => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const decoderLookEveryMs = 250;
/** One lives, the others wait for its end; an engine that asks for more at once is refused. */
const mostLives = 4;

interface Life {
  readonly id: number;
  isUnwanted: boolean;
  kill(): void;
}

/** For one life of the engine. */
export class DecoderDesk<Port> {
  readonly #parts: DecoderDeskParts<Port>;
  readonly #lives = new Map<number, Life>();
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: DecoderDeskParts<Port>) {
    this.#parts = parts;
  }

  /** What the engine said; anything that is no errand is passed over. */
  take(message: unknown): void {
    const errand = decoderErrandSchema.safeParse(message);
    if (!errand.success || this.#isClosed) return;
    const { tag, life } = errand.data;
    switch (tag) {
      case 'decoder-start':
        this.#start(life);
        break;
      case 'decoder-kill':
        this.#lives.get(life)?.kill();
        break;
      default:
        assertNever(tag);
    }
  }

  /** The engine is gone: nobody is told any more, and nothing is left running. */
  close(): void {
    this.#isClosed = true;
    for (const life of this.#lives.values()) life.kill();
  }

  #start(id: number): void {
    if (this.#lives.has(id) || this.#lives.size >= mostLives) {
      this.#parts.logger.warn('decoder-refused', { lives: this.#lives.size });
      if (!this.#lives.has(id)) this.#parts.tellEngine({ tag: 'decoder-ended', life: id }, []);
      return;
    }
    for (const before of this.#lives.values()) before.kill();
    const life: Life = {
      id,
      isUnwanted: false,
      kill: () => {
        life.isUnwanted = true;
      },
    };
    this.#lives.set(id, life);
    this.#turn = this.#turn.then(async () => {
      try {
        if (!life.isUnwanted) await this.#live(life);
      } catch (error) {
        this.#parts.logger.error('decoder-not-started', {}, error);
      }
      this.#lives.delete(id);
      if (!this.#isClosed) this.#parts.tellEngine({ tag: 'decoder-ended', life: id }, []);
    });
  }

  async #live(life: Life): Promise<void> {
    const { fork, tellEngine, logger } = this.#parts;
    const child = fork();
    life.kill = () => {
      life.isUnwanted = true;
      child.kill();
    };
    await Promise.race([child.started, child.exited]);
    const { pid } = child;
    logger.debug('decoder-started', { pid });
    if (!this.#isClosed)
      tellEngine({ tag: 'decoder-started', life: life.id, ...(pid === undefined ? {} : { pid }) }, [
        child.port,
      ]);
    const gone = new AbortController();
    void child.exited.then(() => gone.abort());
    await Promise.all([child.exited, this.#watch(child, gone.signal)]);
    logger.debug('decoder-ended', { pid });
  }

  async #watch(child: DecoderFork<Port>, gone: AbortSignal): Promise<void> {
    const { clock, logger, memoryBytes } = this.#parts;
    const { pid } = child;
    while (!gone.aborted && pid !== undefined) {
      const bytes = memoryBytes(pid);
      if (bytes !== undefined && bytes > decoderMemoryBytes) {
        logger.warn('decoder-too-large', { pid, bytes });
        child.kill();
        return;
      }
      await clock.sleep(decoderLookEveryMs, gone).catch(() => undefined);
    }
  }
}
