/** Bounds on what storage commitment holds, with a share for each caller: nobody is kept out by somebody else. */
import type { CommitmentCaller } from './commitment-port.ts';

/**
 * Instances that requests on their way in may name together: about 8 MB of memory, whatever many devices ask for at
 * once. A quarter of it is a request of the largest size.
 */
export const mostInMemory = 20_000;

/** One of the accounts that a caller draws on, and which part of the whole fits in it. */
export interface Share {
  readonly key: string;
  readonly part: number;
}

/**
 * A quarter for each caller. Whoever is not paired is a name of its own choice: all of these together have half, so that
 * made-up names leave room for the devices of the clinic.
 */
export function sharesOf({ deviceId, callingAeTitle, remoteAddress }: CommitmentCaller): readonly Share[] {
  if (deviceId !== null) return [{ key: deviceId, part: 1 / 4 }];
  return [
    { key: `${callingAeTitle}@${remoteAddress}`, part: 1 / 4 },
    { key: 'not paired', part: 1 / 2 },
  ];
}

/** Shared by all requests on their way in. */
export class ReferenceRoom {
  readonly #most: number;
  readonly #takenBy = new Map<string, number>();
  #taken = 0;

  constructor(most = mostInMemory) {
    this.#most = most;
  }

  /** False when there is none left, for this caller or at all; then nothing was taken. */
  take(shares: readonly Share[], count: number): boolean {
    if (this.#taken + count > this.#most) return false;
    if (shares.some(({ key, part }) => this.#of(key) + count > this.#most * part)) return false;
    this.add(shares, count);
    return true;
  }

  giveBack(shares: readonly Share[], count: number): void {
    this.add(shares, -count);
  }

  #of(key: string): number {
    return this.#takenBy.get(key) ?? 0;
  }

  /** Whether it fits or not. */
  add(shares: readonly Share[], count: number): void {
    this.#taken += count;
    for (const { key } of shares) {
      const taken = this.#of(key) + count;
      if (taken === 0) this.#takenBy.delete(key);
      else this.#takenBy.set(key, taken);
    }
  }
}
