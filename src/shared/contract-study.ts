/**
 * One study in full: series, images, how each stands at every destination, what happened to it, and pictures. Front-desk
 * privacy: names and pictures only with a reveal, which is audited and ends by itself.
 */
import { z } from 'zod';
import { studySummarySchema } from './agent-state.ts';
import { base } from './contract-base.ts';
import { pictureSchema } from './preview.ts';
import { errorReportSchema } from './status.ts';

const count = z.int().min(0);
const isoTime = z.iso.datetime();
const studyId = z.string().min(1).max(128);
/** Opaque; only good together with its study. */
const seriesId = z.string().regex(/^[0-9]{1,6}$/);
const instanceId = z.string().regex(/^[0-9]{1,15}$/);

/** Of a series list or a page of images or history. */
export const studyPageSize = 100;
/** A study with more series than this is shown as far as this. */
export const mostSeriesShown = 1000;

export const studyDestinationSchema = z.object({
  name: z.string(),
  required: z.boolean(),
  waiting: count,
  /** Stored and proven, not yet named in a stored list. */
  uploaded: count,
  verified: count,
  failed: count,
  parked: count,
  /** Stored again beside a damaged copy. */
  repaired: count,
  /** Missing or damaged in the cloud right now. */
  inTrouble: count,
  lastVerifiedAt: isoTime.nullable(),
  /** Looked at again after the upload. */
  checked: count,
  lastCheckedAt: isoTime.nullable(),
  /** Why images stand still, most frequent first. */
  errors: z.array(errorReportSchema.extend({ count, parked: z.boolean() })),
  nextAttemptAt: isoTime.nullable(),
});
export type StudyDestination = z.infer<typeof studyDestinationSchema>;

export const studySeriesSchema = z.object({
  id: seriesId,
  /** CT, US, ...; "OT" where the image does not say. */
  modality: z.string(),
  /** As the device numbered it; empty where it did not. */
  number: z.string(),
  instances: count,
  verified: count,
  failed: count,
  parked: count,
  sizeBytes: count,
  /** Images with a copy on this PC. */
  local: count,
  /** The one in the middle: it stands for the series. */
  sampleInstanceId: instanceId,
});
export type StudySeries = z.infer<typeof studySeriesSchema>;

export const studyShownSchema = z.object({
  study: studySummarySchema,
  /** Images with a copy on this PC. */
  local: count,
  /** Row by row: images whose row is damaged. They are restored by their objects alone. */
  unreadable: count,
  destinations: z.array(studyDestinationSchema),
  series: z.array(studySeriesSchema).max(mostSeriesShown),
  seriesTotal: count,
});
export type StudyShown = z.infer<typeof studyShownSchema>;

export const studyInstanceSchema = z.object({
  id: instanceId,
  /** As the device numbered it; empty where it did not. */
  number: z.string(),
  sizeBytes: count,
  receivedAt: isoTime,
  state: z.enum(['pending', 'verified', 'failed', 'parked']),
  copyHere: z.boolean(),
  /** preamble-zeroed, uid-conflict, header-odd. */
  flags: z.array(z.enum(['preamble-zeroed', 'uid-conflict', 'header-odd'])),
  /** Name of the transfer syntax, or its UID. */
  transferSyntax: z.string(),
  deliveries: z.array(
    z.object({
      destination: z.string(),
      state: z.enum(['queued', 'uploading', 'uploaded', 'verified', 'failed', 'parked']),
      attempts: count,
      error: errorReportSchema.nullable(),
      nextAttemptAt: isoTime.nullable(),
      verifiedAt: isoTime.nullable(),
      repaired: z.boolean(),
      checkedAt: isoTime.nullable(),
      trouble: z.enum(['missing', 'damaged']).nullable(),
    }),
  ),
});
export type StudyInstance = z.infer<typeof studyInstanceSchema>;

const moment = { at: isoTime };

/** What rows and audit trail tell; nothing is made up where they are silent. */
export const studyHistoryEntrySchema = z.discriminatedUnion('tag', [
  /** Sealed before they touched the disk: one moment for both. */
  z.object({
    tag: z.literal('received'),
    ...moment,
    until: isoTime,
    source: z.string().nullable(),
    images: count,
  }),
  /** Stored there, and named in a stored list: the first and the last of them. */
  z.object({
    tag: z.literal('verified'),
    ...moment,
    until: isoTime,
    destination: z.string(),
    images: count,
  }),
  /** Downloaded again and compared. */
  z.object({ tag: z.literal('checked'), ...moment, destination: z.string(), images: count }),
  /** Of the audit trail, about this study. */
  z.object({
    tag: z.literal('audit'),
    ...moment,
    action: z.string().max(64),
    actor: z.string().max(64),
    outcome: z.enum(['success', 'failure']),
  }),
  z.object({
    tag: z.literal('share'),
    ...moment,
    action: z.enum(['begun', 'created', 'cancelled', 'revoked', 'expired', 'deleted']),
    kind: z.enum(['link', 'folder']),
    actor: z.string().max(64),
  }),
]);
export type StudyHistoryEntry = z.infer<typeof studyHistoryEntrySchema>;

export const studyContract = {
  /** The id in the page of a study by its Study Instance UID; null when this PC does not know it. */
  find: base
    .input(z.strictObject({ studyInstanceUid: z.string().regex(/^[0-9.]{1,64}$/) }))
    .output(z.object({ studyId: z.string().nullable() })),
  /** Without names. Error: study-unknown. */
  show: base.input(z.strictObject({ studyId })).output(studyShownSchema),
  /** A page of a series' images, in the order of their numbers. Errors: study-unknown. */
  instances: base
    .input(
      z.strictObject({
        studyId,
        seriesId,
        offset: count.max(10_000_000).default(0),
        limit: z.int().min(1).max(studyPageSize).default(studyPageSize),
      }),
    )
    .output(z.object({ instances: z.array(studyInstanceSchema).max(studyPageSize), total: count })),
  /** Newest first. `auditBefore`: goes on in the audit trail from there; only the trail is paged. */
  history: base
    .input(z.strictObject({ studyId, auditBefore: z.int().min(1).nullable().default(null) }))
    .output(
      z.object({
        entries: z.array(studyHistoryEntrySchema),
        /** For the next page; null when there is none. */
        auditBefore: z.int().nullable(),
      }),
    ),
  /** Names and pictures for a limited time; on the audit trail before it is answered. Error: study-unknown. */
  reveal: base.input(z.strictObject({ studyId })).output(
    z.object({
      patientName: z.string(),
      patientId: z.string(),
      studyDescription: z.string(),
      studyDate: z.string(),
      /** Series descriptions by series id. */
      series: z.array(z.object({ id: seriesId, description: z.string() })).max(mostSeriesShown),
      /** For `picture`, until it is over. */
      grant: z.string(),
      hideAfterSeconds: z.number(),
    }),
  ),
  /** Ends a reveal before its time: what was decoded for it is forgotten. */
  hide: base
    .input(z.strictObject({ grant: z.string().max(64) }))
    .output(z.object({ hidden: z.literal(true) })),
  /**
   * One frame, made small. Errors: preview-hidden (the reveal is over), study-unknown, preview-not-here (ask again with
   * `from` cloud), preview-not-shown, preview-too-large, preview-damaged, preview-decoder-stopped, preview-busy,
   * object-*, cloud-*.
   */
  picture: base
    .input(
      z.strictObject({
        grant: z.string().max(64),
        studyId,
        instanceId,
        /** Counts from 0. */
        frame: count.max(99_999).default(0),
        size: z.enum(['thumbnail', 'frame']),
        /** cloud: from there, where this PC has no copy. */
        from: z.enum(['here', 'cloud']).default('here'),
      }),
    )
    .output(pictureSchema),
} as const;
