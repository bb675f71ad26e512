import type { Clock } from '../ports.ts';

/** The next image of a device that sends without a pause begins within this. */
export const receivingMs = 250;
/** From here on what else is begun takes time from receiving, which alone keeps a slow PC busy for two thirds of it. */
const busyShare = 0.5;
/**
 * And below it there is time to spare. Further down, because a PC that is busy elsewhere keeps the sender waiting: this
 * thread then has less to do, and what it began instead would keep the sender waiting for longer.
 */
const spareShare = 0.25;
/**
 * Objects sent for images that come in, while uploads give way: one for so many. At the rate at which a PC is kept busy
 * (130 images/s of 0.5 MB) that is still 65 Mbit/s, more than the line of most practices. With two, receiving fell to
 * half of its rate; with four it took 4.35 s for what took 4.08 s with eight (medians of six, in turn).
 */
const imagesPerTurn = 8;

export interface GiveWayDeps {
  readonly clock: Clock;
  /** Of the engine's thread, of late: between 0 and 1. */
  readonly load: () => number;
}

/**
 * Receiving goes first. A device waits for each answer and somebody waits for the device, an upload can wait: while
 * images come in faster than this PC does both, one object is begun for every eight of them. On a PC with time to spare
 * nothing is held back.
 */
export class GiveWay {
  readonly #deps: GiveWayDeps;
  #receivedAtMs = Number.NEGATIVE_INFINITY;
  #images = 0;
  #isBusy = false;

  constructor(deps: GiveWayDeps) {
    this.#deps = deps;
  }

  /** An image begins to come in. */
  received(): void {
    this.#receivedAtMs = this.#deps.clock.monotonicMs();
    this.#images += 1;
  }

  /** Images come in, and faster than this PC does both. */
  #goesFirst(): boolean {
    const { clock, load } = this.#deps;
    const isReceiving = clock.monotonicMs() - this.#receivedAtMs <= receivingMs;
    this.#isBusy = isReceiving && load() >= (this.#isBusy ? spareShare : busyShare);
    return this.#isBusy;
  }

  /** For one destination: turns are not shared. */
  newTurns(): Turns {
    let takenAt = 0;
    return {
      left: () => {
        if (!this.#goesFirst()) return Number.POSITIVE_INFINITY;
        return this.#images - takenAt >= imagesPerTurn ? 1 : 0;
      },
      take: () => {
        takenAt = this.#images;
      },
    };
  }
}

export interface Turns {
  /** Objects that may be begun now; with 0 it is worth asking again after `receivingMs`, or with the next image. */
  left(): number;
  /** Some are begun. */
  take(): void;
}
