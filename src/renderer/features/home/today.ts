/** What of the feed is today's, by modality: figures only. */
import type { StudySummary } from '../../../shared/agent-state.ts';

export interface ModalityToday {
  readonly modality: string;
  readonly studies: number;
  readonly instances: number;
  readonly verified: number;
  readonly bytesLeft: number;
  readonly stuck: number;
}

export interface Days {
  readonly today: readonly StudySummary[];
  readonly others: readonly StudySummary[];
}

/** A study belongs to the day of its last image, by this PC's clock. Both lists keep the order. */
export function splitByDay(studies: readonly StudySummary[], nowMs: number): Days {
  const now = new Date(nowMs);
  // Days are not all of 24 hours: the next one begins where the calendar says.
  const [begins, ends] = [0, 1].map((later) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + later).getTime(),
  ) as [number, number];
  const [today, others]: [StudySummary[], StudySummary[]] = [[], []];
  for (const study of studies) {
    const atMs = Date.parse(study.lastReceivedAt);
    (begins <= atMs && atMs < ends ? today : others).push(study);
  }
  return { today, others };
}

/** Those with the most images first. */
export function byModality(studies: readonly StudySummary[]): readonly ModalityToday[] {
  const all = new Map<string, ModalityToday>();
  for (const study of studies) {
    const one = all.get(study.modality);
    all.set(study.modality, {
      modality: study.modality,
      studies: (one?.studies ?? 0) + 1,
      instances: (one?.instances ?? 0) + study.instances,
      verified: (one?.verified ?? 0) + study.verified,
      bytesLeft: (one?.bytesLeft ?? 0) + Math.max(0, study.sizeBytes - study.verifiedBytes),
      stuck: (one?.stuck ?? 0) + study.failed + study.parked,
    });
  }
  return [...all.values()].sort((a, b) => b.instances - a.instances || a.modality.localeCompare(b.modality));
}

/** Seconds until so many bytes are sent at the rate of late; undefined when nothing moves. */
export function secondsLeft(bytes: number, bytesPerSecond: number): number | undefined {
  return bytes > 0 && bytesPerSecond > 0 ? bytes / bytesPerSecond : undefined;
}
