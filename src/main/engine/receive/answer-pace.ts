/**
 * Slows a peer that asks on without awaiting its answers. Asynchronous operations are declined here (PS3.7 D.3.3.3), so
 * an honest one has a single request under way; a chunk full of requests would have the whole node to itself meanwhile.
 */
import type { Wait } from '../dicom/pdu-reader.ts';
import type { Clock } from '../ports.ts';

/** Of one chunk (at most 64 KiB), answered at once: for devices that do it all the same, a little. */
const freeAnswers = 4;
/** Before what follows in the chunk is looked at: 100 further requests a second, whatever they are. */
export const paceMs = 10;

export class AnswerPace {
  readonly #clock: Pick<Clock, 'sleep'>;
  #answers = 0;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  /** What came in is about to be looked at. */
  chunkBegins(): void {
    this.#answers = 0;
  }

  /** A request was answered; a promise asks to wait before the next is looked at. */
  answered(): Wait {
    this.#answers += 1;
    return this.#answers <= freeAnswers ? undefined : this.#clock.sleep(paceMs);
  }
}
