/**
 * Which deliveries are being sent right now. In memory on purpose: it is a fact about this process, ends with it, and
 * so needs neither a write per claim nor any mending after a crash.
 */

export class Claims {
  /** destination -> instance -> study (row ids). */
  readonly #held = new Map<string, Map<number, number>>();
  /** Claims whose local copy was replaced under them: what they report is about the old copy, so it is dropped. */
  readonly #superseded = new Map<string, Set<number>>();

  hold(destination: string, instanceId: number, studyId: number): void {
    const held = this.#held.get(destination) ?? new Map<number, number>();
    held.set(instanceId, studyId);
    this.#held.set(destination, held);
  }

  isHeld(destination: string, instanceId: number): boolean {
    return this.#held.get(destination)?.has(instanceId) === true;
  }

  count(destination: string): number {
    return this.#held.get(destination)?.size ?? 0;
  }

  /** Gives the claim back; the study it was for. */
  drop(destination: string, instanceId: number): number | undefined {
    const studyId = this.#held.get(destination)?.get(instanceId);
    this.#held.get(destination)?.delete(instanceId);
    this.#superseded.get(destination)?.delete(instanceId);
    return studyId;
  }

  supersede(instanceId: number): void {
    for (const [destination, held] of this.#held) {
      if (!held.has(instanceId)) continue;
      const superseded = this.#superseded.get(destination) ?? new Set<number>();
      superseded.add(instanceId);
      this.#superseded.set(destination, superseded);
    }
  }

  isSuperseded(destination: string, instanceId: number): boolean {
    return this.#superseded.get(destination)?.has(instanceId) === true;
  }

  isSupersededAnywhere(instanceId: number): boolean {
    return [...this.#superseded.values()].some((set) => set.has(instanceId));
  }

  /** Studies with something under way: bounded by the upload concurrency and the few jobs that are taken along. */
  studies(): ReadonlySet<number> {
    return new Set([...this.#held.values()].flatMap((held) => [...held.values()]));
  }
}
