/** Keeps a caller that tries again and again from filling the list of incidents (and the disk behind it). */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { IncidentReport, ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';

/** Short, because what is held is missing from the headline for as long. */
const windowMs = 60_000;
/** Of one code and subject in a window, at once; above what an honest device causes. */
const mostAtOnce = 5;
/** Told apart per code; more of them count as one, so that memory is bounded whatever callers name themselves. */
const mostSubjects = 200;
const otherSubjects = 'others';

interface Counted {
  /** The newest one. */
  readonly incident: IncidentReport;
  readonly passed: number;
  readonly held: number;
}

/**
 * Passes on the first few incidents of each code and subject at once. What is more in the same minute is counted and
 * passed on as one at its end: nothing is dropped, and no code or subject uses up what another may report.
 */
export class IncidentLimit {
  readonly #pass: ReportIncident;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #counted = new Map<ErrorCode, Map<string, Counted>>();
  #isHolding = false;
  #windowEnd: Cancel | undefined;

  constructor(pass: ReportIncident, clock: Clock, logger: Logger) {
    this.#pass = pass;
    this.#clock = clock;
    this.#logger = logger;
  }

  report(incident: IncidentReport): void {
    this.#windowEnd ??= this.#clock.after(windowMs, () => this.close());
    const ofCode = this.#counted.get(incident.code) ?? new Map<string, Counted>();
    this.#counted.set(incident.code, ofCode);
    const isKnown = ofCode.has(incident.subject) || ofCode.size < mostSubjects;
    const kept = isKnown ? incident : { ...incident, subject: otherSubjects };
    const { passed = 0, held = 0 } = ofCode.get(kept.subject) ?? {};
    if (passed < mostAtOnce) {
      ofCode.set(kept.subject, { incident: kept, passed: passed + 1, held });
      this.#pass(kept);
      return;
    }
    ofCode.set(kept.subject, { incident: kept, passed, held: held + 1 });
    if (!this.#isHolding) this.#logger.warn('incidents-held', { code: incident.code });
    this.#isHolding = true;
  }

  /** Passes on what is held, now. The next report opens a new window. */
  close(): void {
    this.#windowEnd?.cancel();
    this.#windowEnd = undefined;
    const held = [...this.#counted.values()].flatMap((ofCode) => [...ofCode.values()]);
    this.#counted = new Map();
    this.#isHolding = false;
    let count = 0;
    for (const { incident, held: times } of held) {
      if (times === 0) continue;
      count += times;
      this.#pass({ ...incident, times });
    }
    if (count > 0) this.#logger.warn('incidents-held-reported', { count });
  }
}
