/** What each device may erase, by the day on which its images came: section 9 of the design, "safe to erase". */
import type { EraseDay, EraseLine } from '../../../shared/contract-home.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { Arrival } from '../queue/home-counts.ts';
import { slotMs } from '../queue/home-counts.ts';
import type { IncidentRow } from '../queue/queue-types.ts';
import { dayRange, localDay } from './local-days.ts';

/**
 * After these the device may hold an image that is not here, or two under one number: while nobody has answered them, no
 * day that they touch is called safe. They do not say which device, so they count against all.
 */
const doubtful: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'association-aborted',
  'association-limit',
  'association-refused',
  'caller-downgrade',
  'caller-unknown',
  'caller-wrong-title',
  'class-unknown',
  'cloud-copy-lost',
  'commitment-failed',
  'commitment-refused',
  'commitment-undelivered',
  'dicom-class-not-allowed',
  'dicom-class-refused',
  'dicom-class-unknown',
  'dicom-mismatch',
  'dicom-syntax-refused',
  'dicom-truncated',
  'dicom-unreadable',
  'disk-error',
  'disk-full',
  'uid-conflict',
]);

export interface EraseFacts {
  /** Of the days asked for. */
  readonly arrivals: readonly Arrival[];
  /** Open ones. */
  readonly incidents: readonly Pick<IncidentRow, 'code' | 'firstAtMs' | 'lastAtMs'>[];
  /** The first and last day, YYYY-MM-DD; the newest comes first in the answer. */
  readonly days: readonly string[];
  readonly nowMs: number;
}

export function eraseList({ arrivals, incidents, days, nowMs }: EraseFacts): EraseDay[] {
  const lines = new Map<string, Map<string, Counted>>(days.map((day) => [day, new Map()]));
  for (const arrival of arrivals) {
    if (arrival.aeTitle === '') continue;
    const ofDay = lines.get(localDay(arrival.slot * slotMs));
    if (ofDay === undefined) continue;
    const counted = ofDay.get(arrival.aeTitle) ?? { received: 0, verified: 0, committed: 0 };
    ofDay.set(arrival.aeTitle, {
      received: counted.received + arrival.images,
      verified: counted.verified + arrival.verified,
      committed: counted.committed + arrival.committed,
    });
  }
  return [...lines]
    .filter(([, devices]) => devices.size > 0)
    .sort(([a], [b]) => b.localeCompare(a))
    .map(([day, devices]) => ({
      day,
      isOver: localDay(nowMs) > day,
      devices: [...devices]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([aeTitle, counted]) => line(aeTitle, counted, doubtOn(day, incidents))),
    }));
}

interface Counted {
  readonly received: number;
  readonly verified: number;
  readonly committed: number;
}

/** In the order of what weighs most: one unverified image outweighs whatever was committed. */
function line(aeTitle: string, counted: Counted, doubt: ErrorCode | null): EraseLine {
  const { received, verified, committed } = counted;
  const base = { aeTitle, received, verified, committed, doubt };
  // Counters that contradict each other prove nothing.
  if (verified > received || committed > verified || Math.min(received, verified, committed) < 0)
    return { ...base, answer: 'unknown' };
  if (verified < received) return { ...base, answer: 'not-safe' };
  if (doubt !== null) return { ...base, answer: 'unknown' };
  return { ...base, answer: committed === received ? 'safe' : 'compare' };
}

function doubtOn(day: string, incidents: EraseFacts['incidents']): ErrorCode | null {
  const { fromMs, toMs } = dayRange(day);
  return (
    incidents.find((one) => doubtful.has(one.code) && one.firstAtMs < toMs && one.lastAtMs >= fromMs)?.code ??
    null
  );
}
