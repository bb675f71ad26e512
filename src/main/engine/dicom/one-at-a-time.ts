/** Lets one piece of work run after the other, in the order they came. */
export class OneAtATime {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work`, which must not reject, when everything before it is done; resolves with it. */
  run(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }
}
