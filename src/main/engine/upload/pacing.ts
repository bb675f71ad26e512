import { windowAt, closesInMs, type UploadWindow } from '../../../shared/upload-windows.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { KeptPause, UploadPause } from '../queue/upload-pause.ts';
import type { UploadHold } from './hold.ts';

export interface PacingDeps {
  readonly store: Pick<UploadPause, 'get' | 'set' | 'clear'>;
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

/**
 * Whether uploads may run now. A pause is always for a time and ends by itself: when the wall clock says so, or when as
 * much time has gone by as was asked for, so that a clock that is set back does not make it longer.
 */
export class Pacing {
  readonly #deps: PacingDeps;
  #pause: { readonly untilMs: number; readonly endsAtMonotonicMs: number } | undefined;
  #isMetered = false;
  #timer: Cancel | undefined;
  #told = '';
  #isClosed = false;

  /** Takes up the pause of before a restart, if it is not over. */
  constructor(deps: PacingDeps) {
    this.#deps = deps;
    const kept = deps.store.get();
    if (kept !== undefined) this.#begin(kept);
    this.#told = tellOf(this.hold());
    this.#look();
  }

  /** undefined: uploads may run. A person's pause is told before the others. */
  hold(): UploadHold | undefined {
    const { clock, windows, onMetered } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#pause !== undefined) {
      const leftMs = Math.min(
        this.#pause.untilMs - nowMs,
        this.#pause.endsAtMonotonicMs - clock.monotonicMs(),
      );
      if (leftMs > 0) return { tag: 'paused', untilMs: nowMs + leftMs };
    }
    if (this.#isMetered && onMetered === 'pause') return { tag: 'metered' };
    const window = windowAt(windows, nowMs);
    return window.tag === 'closed' ? { tag: 'window', untilMs: window.untilMs } : undefined;
  }

  /** Takes effect at once; resolves when it would survive a restart. A later one replaces an earlier one. */
  async pause(untilMs: number): Promise<void> {
    const setAtMs = this.#deps.clock.nowMs();
    const kept = { setAtMs, untilMs };
    this.#begin(kept);
    this.#changed();
    await this.#deps.store.set(kept);
  }

  /** Ends a pause; the windows and the metered network stay as they are. */
  async resume(): Promise<void> {
    this.#pause = undefined;
    this.#changed();
    await this.#deps.store.clear();
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

  #begin({ setAtMs, untilMs }: KeptPause): void {
    const { clock } = this.#deps;
    // Never longer than was asked for, whatever the clock was set to meanwhile.
    const askedMs = Math.min(untilMs - setAtMs, longestPauseMs);
    const leftMs = Math.min(askedMs, untilMs - clock.nowMs());
    this.#pause = leftMs > 0 ? { untilMs, endsAtMonotonicMs: clock.monotonicMs() + leftMs } : undefined;
  }

  #changed(): void {
    const hold = this.hold();
    const now = tellOf(hold);
    if (now !== this.#told) {
      this.#told = now;
      this.#deps.logger.info('upload.hold', { hold: hold?.tag ?? 'none' });
      if (hold?.tag !== 'paused' && this.#pause !== undefined) this.#forget();
      this.#deps.onChange();
    }
    this.#look();
  }

  #forget(): void {
    this.#pause = undefined;
    this.#deps.store.clear().catch((error: unknown) => {
      // It is over by its own time too.
      this.#deps.logger.error('upload.pause-kept', {}, error);
    });
  }

  /** Looks again when the hold should change, and now and then besides, since wall clocks are set. */
  #look(): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const { clock, windows } = this.#deps;
    const hold = this.hold();
    if (hold === undefined && windows.length === 0) return;
    const nowMs = clock.nowMs();
    const untilMs =
      hold === undefined
        ? (closesInMs(windows, nowMs) ?? longestLookMs)
        : hold.tag === 'metered'
          ? longestLookMs
          : hold.untilMs - nowMs;
    const waitMs = Math.min(Math.max(untilMs, 1), longestLookMs);
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
