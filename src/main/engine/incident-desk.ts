/**
 * Takes every incident to the queue. One that could not be recorded (the disk or the database refuses) is kept here,
 * shown in the status meanwhile, and tried again until it is recorded.
 */
import { toEdgeSyncError, type ErrorCode } from '../../shared/errors.ts';
import type { IncidentReport } from './model.ts';
import type { Cancel, Clock, Logger } from './ports.ts';
import type { IncidentQueue } from './queue/queue-port.ts';
import type { IncidentRow } from './queue/queue-types.ts';

/** Seldom enough that a database that is merely locked is not held up, often enough to be recorded soon. */
const tryAgainMs = 10_000;
/** More subjects than this count on one entry per code, so that memory stays bounded whatever a peer does. */
const mostSubjects = 200;

export interface IncidentDeskDeps {
  readonly queue: Pick<IncidentQueue, 'reportIncident' | 'resolveIncident'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is unrecorded changed. */
  readonly onChange: () => void;
}

interface Unrecorded {
  readonly incident: IncidentReport;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export class IncidentDesk {
  readonly #deps: IncidentDeskDeps;
  /** By code and subject. */
  readonly #kept = new Map<string, Unrecorded>();
  #timer: Cancel | undefined;
  #isClosed = false;

  constructor(deps: IncidentDeskDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('incidents') };
  }

  /** Never throws: an incident that cannot be recorded now is one of `unrecorded` from then on. */
  report(incident: IncidentReport): void {
    this.#deps.queue.reportIncident(incident).catch((error: unknown) => this.#keep(incident, error));
  }

  /** The cause is gone. Never throws: what cannot be closed now stays open, and is told in the log. */
  resolve(code: ErrorCode, subject: string): void {
    if (this.#kept.delete(keyOf({ code, subject }))) this.#deps.onChange();
    this.#deps.queue.resolveIncident(code, subject).catch((error: unknown) => {
      this.#deps.logger.error('incident-not-resolved', { code }, error);
    });
  }

  /** One row per code, as the queue tells its own. Empty when everything is recorded. */
  get unrecorded(): readonly IncidentRow[] {
    const rows = new Map<ErrorCode, IncidentRow>();
    for (const { incident, count, firstAtMs, lastAtMs } of this.#kept.values()) {
      const { code, detail } = incident;
      const row = rows.get(code);
      rows.set(code, {
        id: `unrecorded:${code}`,
        code,
        detail,
        count: count + (row?.count ?? 0),
        firstAtMs: Math.min(firstAtMs, row?.firstAtMs ?? firstAtMs),
        lastAtMs: Math.max(lastAtMs, row?.lastAtMs ?? lastAtMs),
      });
    }
    return [...rows.values()];
  }

  /** Tries once more; what is still refused then is in the log alone. Call before the queue is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#tryAgain();
  }

  #keep(incident: IncidentReport, error: unknown): void {
    const { clock, logger, onChange } = this.#deps;
    const nowMs = clock.nowMs();
    const isFull = this.#kept.size >= mostSubjects && !this.#kept.has(keyOf(incident));
    const kept = isFull ? { ...incident, subject: '' } : incident;
    const known = this.#kept.get(keyOf(kept));
    if (known === undefined) {
      const cause = toEdgeSyncError(error, 'disk-error').code;
      logger.error('incident-not-recorded', { code: incident.code, cause }, error);
    }
    this.#kept.set(keyOf(kept), {
      incident: kept,
      count: (known?.count ?? 0) + (incident.times ?? 1),
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
    });
    this.#schedule();
    onChange();
  }

  /** In the order in which they came, each with how often it was counted here. */
  async #tryAgain(): Promise<void> {
    const { queue, logger, onChange } = this.#deps;
    const tries = [...this.#kept].map(async ([key, one]) => {
      try {
        await queue.reportIncident({ ...one.incident, times: one.count });
        const now = this.#kept.get(key);
        // Reported again meanwhile: what came on top was refused and is still owed.
        if (now === one) this.#kept.delete(key);
        else if (now !== undefined)
          this.#kept.set(key, { ...now, count: Math.max(now.count - one.count, 1) });
        logger.info('incident-recorded-late', { code: one.incident.code, count: one.count });
      } catch {
        // Told in the log when it was kept.
      }
    });
    await Promise.all(tries);
    if (tries.length > 0) onChange();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#kept.size === 0) return;
    this.#timer = this.#deps.clock.after(tryAgainMs, () => {
      this.#timer = undefined;
      void this.#tryAgain();
    });
  }
}

function keyOf({ code, subject }: Pick<IncidentReport, 'code' | 'subject'>): string {
  return `${code} ${subject}`;
}
