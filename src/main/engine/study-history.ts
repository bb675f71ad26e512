/** What happened to a study, as its rows and the audit trail tell it. Where they are silent, nothing is said. */
import type { StudyHistoryEntry } from '../../shared/contract-study.ts';
import type { StudyDetail } from './queue/study-detail.ts';

export const auditPage = 100;
/** What devices and file imports a study can have come from; more than one is rare. */
const mostSources = 50;

/** Newest first. `auditBefore`: the last audit id of the page before; then only the trail is told, it alone is paged. */
export function studyHistory(
  rows: Pick<StudyDetail, 'arrivals' | 'deliveryGroups' | 'audit' | 'shareEvents'>,
  studyId: string,
  auditBefore: number | null,
): { readonly entries: StudyHistoryEntry[]; readonly auditBefore: number | null } {
  const audit = rows.audit(studyId, auditBefore ?? Number.MAX_SAFE_INTEGER, auditPage);
  const entries: StudyHistoryEntry[] = audit.map(({ atMs, action, actor, outcome }) => ({
    tag: 'audit',
    at: iso(atMs),
    action,
    actor,
    outcome,
  }));
  if (auditBefore === null) entries.push(...ofRows(rows, studyId));
  const last = audit.length === auditPage ? audit.at(-1) : undefined;
  return {
    entries: entries.sort((a, b) => endOf(b).localeCompare(endOf(a))),
    auditBefore: last?.id ?? null,
  };
}

function ofRows(
  rows: Pick<StudyDetail, 'arrivals' | 'deliveryGroups' | 'shareEvents'>,
  studyId: string,
): StudyHistoryEntry[] {
  const received = rows
    .arrivals(studyId)
    .slice(0, mostSources)
    .map(({ source, count, firstAtMs, lastAtMs }): StudyHistoryEntry => ({
      tag: 'received',
      at: iso(firstAtMs),
      until: iso(lastAtMs),
      source,
      images: count,
    }));
  const delivered = rows.deliveryGroups(studyId).flatMap((group): StudyHistoryEntry[] => {
    const { destination, count, checked, firstVerifiedAtMs, lastVerifiedAtMs, lastCheckedAtMs } = group;
    return [
      ...(group.state === 'verified' && firstVerifiedAtMs !== null && lastVerifiedAtMs !== null
        ? [
            {
              tag: 'verified' as const,
              at: iso(firstVerifiedAtMs),
              until: iso(lastVerifiedAtMs),
              destination,
              images: count,
            },
          ]
        : []),
      ...(lastCheckedAtMs === null
        ? []
        : [{ tag: 'checked' as const, at: iso(lastCheckedAtMs), destination, images: checked }]),
    ];
  });
  const shared = rows.shareEvents(studyId).map(({ atMs, action, kind, actor }): StudyHistoryEntry => ({
    tag: 'share',
    at: iso(atMs),
    action,
    kind,
    actor,
  }));
  return [...received, ...delivered, ...shared];
}

function endOf(entry: StudyHistoryEntry): string {
  return 'until' in entry ? entry.until : entry.at;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
