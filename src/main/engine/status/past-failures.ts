/** What was told in the status and is over since: in memory, for a day, bounded. */
import type { FailureLedger } from '../../../shared/contract-failures.ts';
import { overShown, overShownHours } from '../../../shared/contract-failures.ts';
import type { Failure } from '../../../shared/status.ts';

type Over = FailureLedger['over'][number];

const hourMs = 3_600_000;

export class PastFailures {
  #open = new Map<string, Failure>();
  #over = new Map<string, Over>();

  /** Every status goes through here, so that nothing that was shown just vanishes. */
  see(failures: readonly Failure[], nowMs: number): void {
    const now = new Map(failures.map((one) => [keyOf(one), one]));
    for (const [key, failure] of this.#open) {
      if (now.has(key)) continue;
      this.#over.delete(key);
      this.#over.set(key, { failure, overAt: new Date(nowMs).toISOString() });
    }
    // What is back is not over.
    for (const key of now.keys()) this.#over.delete(key);
    for (const key of [...this.#over.keys()].slice(0, Math.max(0, this.#over.size - overShown)))
      this.#over.delete(key);
    this.#open = now;
  }

  /** Newest first. */
  over(nowMs: number): Over[] {
    return [...this.#over.values()]
      .filter(({ overAt }) => Math.abs(nowMs - Date.parse(overAt)) <= overShownHours * hourMs)
      .reverse();
  }
}

/** The id of an incident changes with each report: what is the same problem has the same code, place and study. */
function keyOf({ code, destination, studyId }: Failure): string {
  return JSON.stringify([code, destination, studyId]);
}
