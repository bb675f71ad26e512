/** How long the disk lasts, and when to make room: watermarks and days left (DESIGN section 7, disk). */
import type { Settings } from '../../shared/settings.ts';
import type { Clock } from './ports.ts';
import type { IntakeDay, IntakeDays } from './queue/intake-days.ts';

/** The rate is that of the busiest kind of day among these: a practice's quiet Sunday says nothing. */
const lookBackDays = 7;
/** Room for so many days of intake is kept free, if that is more than the setting. */
const reserveDays = 3;
/** The sum over a large cache takes tens of milliseconds: not at every status. */
const refreshMs = 5 * 60_000;

export interface DiskRoomFacts {
  /** Mean of the days with intake among the last seven, or today if that is more already; null before the first image. */
  readonly intakeBytesPerDay: number | null;
  /** Free space under which room is made, then warned: the setting or three days of intake. */
  readonly warnBelowBytes: number;
  /** Local copies that every destination has verified. */
  readonly evictableBytes: number;
}

export interface DiskRoomDeps {
  readonly days: Pick<IntakeDays, 'last' | 'evictableBytes'>;
  readonly settings: Settings['disk'];
  readonly clock: Clock;
}

export class DiskRoom {
  readonly #deps: DiskRoomDeps;
  #facts: DiskRoomFacts | undefined;
  #atMs = 0;

  constructor(deps: DiskRoomDeps) {
    this.#deps = deps;
  }

  get facts(): DiskRoomFacts {
    const { clock, days, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (this.#facts === undefined || nowMs - this.#atMs >= refreshMs) {
      const intakeBytesPerDay = perDay(days.last(lookBackDays));
      this.#facts = {
        intakeBytesPerDay,
        warnBelowBytes: Math.max(settings.warnBelowBytes, reserveDays * (intakeBytesPerDay ?? 0)),
        evictableBytes: days.evictableBytes(),
      };
      this.#atMs = nowMs;
    }
    return this.#facts;
  }

  /**
   * Days until images are refused if nothing more can be uploaded, at the rate of `facts`: free space and what could be
   * evicted, less what is kept. null while no rate is known.
   */
  daysLeft(freeBytes: number): number | null {
    const { intakeBytesPerDay, evictableBytes } = this.facts;
    if (intakeBytesPerDay === null || intakeBytesPerDay === 0) return null;
    const room = freeBytes + evictableBytes - this.#deps.settings.refuseBelowBytes;
    return Math.max(0, room / intakeBytesPerDay);
  }

  /** How much should go now so that the watermark is kept; 0 when there is room. */
  shortBytes(freeBytes: number): number {
    return Math.max(0, this.facts.warnBelowBytes - freeBytes);
  }
}

function perDay(days: readonly IntakeDay[]): number | null {
  const today = days.at(-1);
  if (today === undefined) return null;
  const mean = days.reduce((sum, { bytes }) => sum + bytes, 0) / days.length;
  return Math.round(Math.max(mean, today.bytes));
}
