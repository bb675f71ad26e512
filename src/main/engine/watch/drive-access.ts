/**
 * File calls on a drive that may stop answering. A call to a hung network share never returns and keeps one of the few
 * threads that the whole process has for files. So each call has a deadline; once one has missed it no further call is
 * made until that one returns; and calls on network drives share a few places.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';

/** Windows gives an SMB server 60 s by default, Linux more; a drive that spins up needs about ten. */
const defaultDeadlineMs = 30_000;

export class DriveAccess {
  readonly #clock: Clock;
  readonly #places: DrivePlaces | undefined;
  readonly #deadlineMs: number;
  #stuck = 0;

  /** `places`: for drives on the network, shared among all of them. */
  constructor(clock: Clock, places?: DrivePlaces, deadlineMs = defaultDeadlineMs) {
    this.#clock = clock;
    this.#places = places;
    this.#deadlineMs = deadlineMs;
  }

  /** Whether a call is still out that has missed its deadline. */
  get isStuck(): boolean {
    return this.#stuck > 0;
  }

  /**
   * The result of `call`, or EdgeSyncError `folder-not-reachable` when it does not come in time or an earlier one is
   * still out.
   * @param late is given what comes after the deadline: a file handle has to be closed.
   */
  async run<T>(call: () => Promise<T>, late: (value: T) => void = () => undefined): Promise<T> {
    if (this.isStuck) throw notAnswering();
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => undefined);
    const timing = { isLate: false, isRunning: false };
    const isLate = (): boolean => timing.isLate;
    const timer = this.#clock.after(this.#deadlineMs, () => {
      timing.isLate = true;
      if (timing.isRunning) this.#stuck += 1;
      over.reject(notAnswering());
    });
    const begin = async (): Promise<T> => {
      const leave = await this.#places?.enter();
      try {
        if (isLate()) throw notAnswering();
        timing.isRunning = true;
        const value = await call();
        if (isLate()) late(value);
        return value;
      } finally {
        leave?.();
        if (timing.isRunning && isLate()) this.#stuck -= 1;
      }
    };
    const running = begin();
    running.catch(() => undefined);
    try {
      return await Promise.race([running, over.promise]);
    } finally {
      timer.cancel();
    }
  }
}

/** How many calls on network drives may be out at once, in the whole engine: node has four threads for files. */
export const networkPlaces = 2;

export class DrivePlaces {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places = networkPlaces) {
    this.#free = places;
  }

  /** Resolves with what gives the place back; call it once. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

function notAnswering(): EdgeSyncError {
  return new EdgeSyncError('folder-not-reachable', 'its drive does not answer');
}
