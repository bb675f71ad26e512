/** Keeps a caller that tries again and again from filling the list of incidents (and the disk behind it). */
import type { IncidentReport, ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';

const windowMs = 600_000;
/** Far above what honest devices cause, far below what hurts. */
const mostPerWindow = 60;

/** Passes on at most 60 incidents in 10 minutes; the rest is counted in the log. */
export function limitIncidents(report: ReportIncident, clock: Clock, logger: Logger): ReportIncident {
  let windowStartMs = clock.monotonicMs();
  let count = 0;
  return (incident: IncidentReport) => {
    const now = clock.monotonicMs();
    if (now - windowStartMs >= windowMs) {
      if (count > mostPerWindow) logger.warn('incidents left out', { count: count - mostPerWindow });
      windowStartMs = now;
      count = 0;
    }
    count += 1;
    if (count <= mostPerWindow) report(incident);
    else if (count === mostPerWindow + 1) logger.warn('too many incidents', { code: incident.code });
  };
}
