import { windowAt, closesInMs, type UploadWindow } from '../../../shared/upload-windows.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { KeptPause, UploadPause } from '../queue/upload-pause.ts';
import type { UploadHold } from './hold.ts';

export interface PacingDeps {
  readonly store: Pick<UploadPause, 'get' | 'set' | 'clear'>;
  /** Those that may be paused by themselves; none: only all together. */
  readonly destinations?: readonly string[];
  readonly windows: readonly UploadWindow[];
  /** Settings upload.pauseOnMetered. */
  readonly onMetered: 'pause' | 'go-on';
  /** The hold began, ended or changed. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A wall clock that is set, and a PC that slept, are noticed within this. */
const longestLookMs = 60_000;
/** Longer than any pause that can be asked for. */
export const longestPauseMs = 30 * 3_600_000;

/** Less than this between what two clocks say is their drift; more, and one was set. Milliseconds. */
const clocksApartMs = 2000;

/**
 * Whether uploads may run now. A pause is always for a time and ends by itself: when the wall clock says so, or when as
 * much time has gone by as was asked for, so that a clock that is set back does not make it longer.
 */
interface RunningPause {
  readonly untilMs: number;
  readonly endsAtMonotonicMs: number;
}

export class Pacing {
  readonly #deps: PacingDeps;
  /** Of one destination, by its name, or of all (undefined). */
  readonly #pauses = new Map<string | undefined, RunningPause>();
  #isMetered = false;
  #timer: Cancel | undefined;
  #told = '';
  #isClosed = false;

  /** Takes up the pause of before a restart, if it is not over. */
  constructor(deps: PacingDeps) {
    this.#deps = deps;
    for (const destination of this.#places()) {
      const kept = deps.store.get(destination);
      if (kept !== undefined) this.#begin(kept, destination);
    }
    this.#told = this.#tell();
    this.#look();
  }

  /**
   * undefined: uploads (to `destination`, if given) may run. A person's pause is told before the others, of two the one
   * that ends later.
   */
  hold(destination?: string): UploadHold | undefined {
    const { clock, windows, onMetered } = this.#deps;
    const nowMs = clock.nowMs();
    const places = destination === undefined ? [undefined] : [undefined, destination];
    const ends = places.map((place) => this.#untilMs(place)).filter((untilMs) => untilMs !== undefined);
    if (ends.length > 0) return { tag: 'paused', untilMs: Math.max(...ends) };
    if (this.#isMetered && onMetered === 'pause') return { tag: 'metered' };
    const window = windowAt(windows, nowMs);
    return window.tag === 'closed' ? { tag: 'window', untilMs: window.untilMs } : undefined;
  }

  /** Takes effect at once; resolves when it would survive a restart. A later one of the same place replaces an earlier. */
  async pause(untilMs: number, destination?: string): Promise<void> {
    const setAtMs = this.#deps.clock.nowMs();
    const kept = { setAtMs, untilMs };
    this.#begin(kept, destination);
    this.#changed();
    await this.#deps.store.set(kept, destination);
  }

  /**
   * Ends every pause, or that of one destination (a pause of all goes on); the windows and the metered network stay as
   * they are.
   */
  async resume(destination?: string): Promise<void> {
    const places = destination === undefined ? this.#places() : [destination];
    for (const place of places) this.#pauses.delete(place);
    this.#changed();
    await Promise.all(places.map((place) => this.#deps.store.clear(place)));
  }

  /** Of one destination, besides a pause of all; epoch milliseconds, undefined without one. */
  ownPauseUntilMs(destination: string): number | undefined {
    return this.#untilMs(destination);
  }

  /** What the shell knows about the network. */
  network(state: { readonly metered: boolean }): void {
    this.#isMetered = state.metered;
    this.#changed();
  }

  get isMetered(): boolean {
    return this.#isMetered;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #places(): (string | undefined)[] {
    return [undefined, ...(this.#deps.destinations ?? [])];
  }

  /** Epoch milliseconds; undefined without a pause that goes on. */
  #untilMs(place: string | undefined): number | undefined {
    const pause = this.#pauses.get(place);
    if (pause === undefined) return undefined;
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    const leftMs = Math.min(pause.untilMs - nowMs, pause.endsAtMonotonicMs - clock.monotonicMs());
    if (leftMs <= 0) return undefined;
    // The two clocks never tick together: unless one was set, people are told the very moment that was asked for.
    return nowMs + leftMs > pause.untilMs - clocksApartMs ? pause.untilMs : nowMs + leftMs;
  }

  #begin({ setAtMs, untilMs }: KeptPause, place: string | undefined): void {
    const { clock } = this.#deps;
    // Never longer than was asked for, whatever the clock was set to meanwhile.
    const askedMs = Math.min(untilMs - setAtMs, longestPauseMs);
    const leftMs = Math.min(askedMs, untilMs - clock.nowMs());
    if (leftMs > 0) this.#pauses.set(place, { untilMs, endsAtMonotonicMs: clock.monotonicMs() + leftMs });
    else this.#pauses.delete(place);
  }

  #changed(): void {
    const now = this.#tell();
    if (now !== this.#told) {
      this.#told = now;
      this.#deps.logger.info('upload.hold', { hold: this.hold()?.tag ?? 'none', pauses: this.#pauses.size });
      for (const place of [...this.#pauses.keys()])
        if (this.#untilMs(place) === undefined) this.#forget(place);
      this.#deps.onChange();
    }
    this.#look();
  }

  #tell(): string {
    return this.#places()
      .map((place) => tellOf(this.hold(place)))
      .join();
  }

  #forget(place: string | undefined): void {
    this.#pauses.delete(place);
    this.#deps.store.clear(place).catch((error: unknown) => {
      // It is over by its own time too.
      this.#deps.logger.error('upload.pause-kept', {}, error);
    });
  }

  /** Looks again when the hold should change, and now and then besides, since wall clocks are set. */
  #look(): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const { clock, windows } = this.#deps;
    const nowMs = clock.nowMs();
    const holds = this.#places().map((place) => this.hold(place));
    if (holds.every((hold) => hold === undefined) && windows.length === 0) return;
    const untilMs = holds.map((hold) =>
      hold === undefined
        ? (closesInMs(windows, nowMs) ?? longestLookMs)
        : hold.tag === 'metered'
          ? longestLookMs
          : hold.untilMs - nowMs,
    );
    const waitMs = Math.min(Math.max(Math.min(...untilMs), 1), longestLookMs);
    this.#timer = clock.after(waitMs, () => this.#changed());
  }
}

/** By the second: the same pause must not look like another one because time went by. */
function tellOf(hold: UploadHold | undefined): string {
  if (hold === undefined) return '';
  return hold.tag === 'metered' ? hold.tag : `${hold.tag} ${Math.round(hold.untilMs / 1000)}`;
}

/** When a front desk's "tomorrow" begins: the next 6:00 local time that is at least an hour away. */
export function tomorrowMs(nowMs: number): number {
  const now = new Date(nowMs);
  const at = (days: number): number =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 6).getTime();
  const today = at(0);
  return today - nowMs >= 3_600_000 ? today : at(1);
}
