/**
 * What a window shows: one snapshot, then deltas. Front-desk privacy is built in: initials, modality and time only;
 * the full name takes a timed, audited reveal.
 */
import { z } from 'zod';
import { statusReportSchema } from './status.ts';

const isoTime = z.iso.datetime();
const count = z.int().min(0);

export const studySummarySchema = z.object({
  /** Opaque, stable on this PC. */
  id: z.string(),
  /** At most 3 letters; "?" when the image names nobody. */
  initials: z.string(),
  /** CT, US, DX, ... as the image says; "OT" when it does not. */
  modality: z.string(),
  /** AE title of the device, or null for files. */
  source: z.string().nullable(),
  firstReceivedAt: isoTime,
  lastReceivedAt: isoTime,
  instances: count,
  verified: count,
  failed: count,
  parked: count,
  sizeBytes: count,
  /** Bytes of this study proven in every required destination. */
  verifiedBytes: count,
  state: z.enum(['receiving', 'waiting', 'uploading', 'verified', 'attention']),
});
export type StudySummary = z.infer<typeof studySummarySchema>;

export const agentStateSchema = z.object({
  status: statusReportSchema,
  /** Newest first, at most `studiesShown`. */
  studies: z.array(studySummarySchema),
  studiesTotal: count,
  version: z.string(),
  startedAt: isoTime,
  /** Upload rate over the last 10 s, bytes per second; 0 when idle. */
  uploadBytesPerSecond: z.number().min(0),
});
export type AgentState = z.infer<typeof agentStateSchema>;

/** Newest studies sent to a window; older ones come with search (a later deepening). */
export const studiesShown = 500;

export const agentEventSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('snapshot'), state: agentStateSchema }),
  z.object({
    tag: z.literal('delta'),
    status: statusReportSchema.optional(),
    /** Changed or new studies; merged by id, order by lastReceivedAt descending. */
    studies: z.array(studySummarySchema),
    studiesTotal: count,
    uploadBytesPerSecond: z.number().min(0),
  }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** Applies an event; a delta before any snapshot is ignored. */
export function applyAgentEvent(state: AgentState | undefined, event: AgentEvent): AgentState | undefined {
  if (event.tag === 'snapshot') return event.state;
  if (state === undefined) return undefined;
  const changed = new Map(event.studies.map((study) => [study.id, study]));
  const kept = state.studies.filter((study) => !changed.has(study.id));
  const studies = [...changed.values(), ...kept]
    .sort((a, b) => b.lastReceivedAt.localeCompare(a.lastReceivedAt) || a.id.localeCompare(b.id))
    .slice(0, studiesShown);
  return {
    ...state,
    status: event.status ?? state.status,
    studies,
    studiesTotal: event.studiesTotal,
    uploadBytesPerSecond: event.uploadBytesPerSecond,
  };
}
