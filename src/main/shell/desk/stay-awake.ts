/** Keeps the PC from going to sleep while a device sends: an association that freezes is an image that was not taken. */

/** Electron's powerSaveBlocker, as far as it is used. */
export interface SleepBlocker {
  start(type: 'prevent-app-suspension'): number;
  stop(id: number): boolean;
}

export class StayAwake {
  readonly #blocker: SleepBlocker;
  #id: number | undefined;

  constructor(blocker: SleepBlocker) {
    this.#blocker = blocker;
  }

  /** `openAssociations`: 0 as well when nobody knows, so that a lost engine does not keep a laptop awake for days. */
  follow(openAssociations: number): void {
    if (openAssociations > 0) this.#id ??= this.#blocker.start('prevent-app-suspension');
    else this.release();
  }

  release(): void {
    if (this.#id === undefined) return;
    this.#blocker.stop(this.#id);
    this.#id = undefined;
  }
}
