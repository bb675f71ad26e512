import { toEdgeSyncError } from '../../../shared/errors.ts';
import type { Cancel, Clock, Logger } from '../../engine/ports.ts';
import type { EngineClient } from '../../rpc/client.ts';
import type { Metered } from './metered.ts';

/** A person can call a network metered at any time; nothing tells us. */
const askEveryMs = 5 * 60_000;

/**
 * Tells the engine what only the desktop knows: that there is another network, that the PC woke up, that the network
 * costs by the byte. What cannot be told (no engine, an older one) is logged; nothing here fails.
 */
export class NetworkNews {
  readonly #client: EngineClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ask: () => Promise<Metered>;
  #timer: Cancel | undefined;

  constructor(parts: {
    readonly client: EngineClient;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly ask: () => Promise<Metered>;
  }) {
    this.#client = parts.client;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#ask = parts.ask;
  }

  /** Whatever waits for its next attempt is tried at once: the network is not the one that failed. */
  async wake(reason: 'resume' | 'network'): Promise<void> {
    await this.#try('wake-failed', () => this.#client.agent.wake({ reason }));
    await this.tellMetered();
  }

  /** At each start of an engine too: it remembers nothing of its network. */
  async tellMetered(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(askEveryMs, () => void this.tellMetered());
    const metered = await this.#ask();
    // Not known counts as not metered: images that wait for nothing would be the worse mistake.
    await this.#try('metered-failed', () => this.#client.uploads.network({ metered: metered === 'metered' }));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async #try(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#logger.warn(what, { code: toEdgeSyncError(error).code });
    }
  }
}
