/** What happened last, from the studies and the audit trail. No names: whom it was about takes a reveal. */
import type { Activity } from '../../../shared/contract-home.ts';
import type { AuditedEvent, HomeCounts } from '../queue/home-counts.ts';
import type { ReadQueue } from '../queue/queue-port.ts';
import { summariseStudy } from '../status/study-summary.ts';

const dayMs = 86_400_000;
/** Rows of the audit trail looked through: most of them are of other kinds. */
const mostAudited = 500;

type ActivityQueue = Pick<ReadQueue, 'studies' | 'study'> & {
  readonly home: Pick<HomeCounts, 'provenStudies' | 'lastAudited'>;
};

/** The newest first, at most `limit`; the same happening several times in a row is one line. */
export function lastActivity(queue: ActivityQueue, nowMs: number, limit: number): Activity[] {
  const studies = queue.studies(limit);
  const byId = new Map(studies.map((study) => [study.id, summariseStudy(study, nowMs)]));
  const oldestMs = studies.at(-1)?.lastReceivedAtMs ?? nowMs - dayMs;
  const received = studies.map((study): Activity => ({
    at: iso(study.lastReceivedAtMs),
    kind: 'received',
    study: byId.get(study.id) ?? null,
    times: 1,
  }));
  const verified = queue.home.provenStudies(oldestMs, limit).map(({ studyId, atMs }): Activity => ({
    at: iso(atMs),
    kind: 'verified',
    study: byId.get(studyId) ?? null,
    times: 1,
  }));
  const audited = queue.home.lastAudited(mostAudited).flatMap((event): Activity[] => {
    const kind = kindOf(event);
    if (kind === undefined) return [];
    const known = event.subject === null ? undefined : byId.get(event.subject);
    const row = known === undefined && event.subject !== null ? queue.study(event.subject) : undefined;
    const study = known ?? (row === undefined ? null : summariseStudy(row, nowMs));
    return [{ at: iso(event.atMs), kind, study, times: 1 }];
  });
  const all = [...received, ...verified, ...audited].sort((a, b) => b.at.localeCompare(a.at));
  return together(all).slice(0, limit);
}

function kindOf({ action, outcome }: AuditedEvent): Activity['kind'] | undefined {
  switch (action) {
    case 'restore-finished':
      return outcome === 'success' ? 'restored' : 'restore-failed';
    case 'copy-mended':
      return 'repaired';
    case 'copy-damaged':
    case 'copy-lost':
      return 'damaged';
    case 'association-refused':
      return 'refused';
    case 'share-created':
      return outcome === 'success' ? 'shared' : undefined;
    default:
      return undefined;
  }
}

function together(events: readonly Activity[]): Activity[] {
  const joined: Activity[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (last !== undefined && last.kind === event.kind && last.study?.id === event.study?.id) {
      joined[joined.length - 1] = { ...last, times: last.times + event.times };
    } else {
      joined.push(event);
    }
  }
  return joined;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
