/** What is tidied when nobody waits: files whose image is verified, verified copies past their time, shares that are over. */
import type { Settings } from '../../shared/settings.ts';
import type { DiskRoom } from './disk-room.ts';
import type { IntakeStage } from './intake/intake-stage.ts';
import type { Clock, Logger } from './ports.ts';
import type { CareQueue } from './queue/queue-port.ts';
import type { Spool } from './spool/spool-port.ts';
import type { Sharing } from './share/sharing.ts';
import type { Removals } from './watch/removals.ts';

const everyMs = 60_000;
/** Rows looked at in one go, so that a large backlog does not hold up receiving. */
const batch = 200;
const dayMs = 24 * 3_600_000;

export interface HousekeepingDeps {
  readonly queue: CareQueue;
  readonly removals: Pick<Removals, 'round'>;
  readonly sharing: Pick<Sharing, 'round'>;
  readonly spool: Pick<Spool, 'remove' | 'freeBytes'>;
  readonly room: Pick<DiskRoom, 'shortBytes'>;
  readonly intake: Pick<IntakeStage, 'retry'>;
  /** A durable write to disk and database, as an image needs. */
  readonly proveWriting: () => Promise<void>;
  readonly settings: Settings['disk'];
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(deps: HousekeepingDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('housekeeping') };
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error('stopping'));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#deps.intake.retry(this.#deps.proveWriting);
        await this.evictVerified();
        await this.makeRoom();
        await this.#deps.removals.round(signal);
        await this.#deps.sharing.round(signal);
      } catch (error) {
        this.#deps.logger.error('housekeeping-failed', {}, error);
      }
      await this.#deps.clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }

  /** Local copies that every destination has verified, older than the setting. The row goes first, then the file. */
  async evictVerified(): Promise<void> {
    const { queue, spool, settings, clock } = this.#deps;
    const before = clock.nowMs() - settings.keepVerifiedDays * dayMs;
    for (const object of queue.evictable(before, batch)) {
      if (await queue.markEvicted(object)) await spool.remove(object.spoolId);
    }
  }

  /** While the disk runs low, verified copies go before their time, oldest first, until there is room or none is left. */
  async makeRoom(): Promise<void> {
    const { queue, spool, room, clock, logger } = this.#deps;
    const shortBytes = room.shortBytes(await spool.freeBytes());
    let freedBytes = 0;
    let images = 0;
    while (freedBytes < shortBytes && !this.#ending.signal.aborted) {
      const objects = queue.evictable(clock.nowMs() + dayMs, batch);
      const before = freedBytes;
      for (const object of objects) {
        if (freedBytes >= shortBytes) break;
        if (!(await queue.markEvicted(object))) continue;
        await spool.remove(object.spoolId);
        freedBytes += object.sizeBytes;
        images += 1;
      }
      if (freedBytes === before) break;
    }
    if (images > 0) logger.info('verified copies evicted early', { images, freedBytes, shortBytes });
  }
}
