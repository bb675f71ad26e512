/** What may be asked of a restore and what it tells while it runs. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

/** A path on this PC, absolute: the engine's working folder is not the caller's. */
const absolutePath = z.string().min(1).max(4096);
const count = z.int().min(0);
const uid = z.string().regex(/^[0-9.]{1,64}$/);
/** A date as DICOM writes it (PS3.5 6.2, DA): YYYYMMDD. */
const dicomDate = z.string().regex(/^\d{8}$/);

/** Everything given must fit. Text is compared without case and outer spaces; a name with its component groups. */
const matchingSchema = z.object({
  tag: z.literal('matching'),
  studyInstanceUid: uid.optional(),
  /** The whole Patient ID, as it stands in the images. */
  patientId: z.string().min(1).max(64).optional(),
  /** The whole Patient's Name as it stands in the images ("Doe^Jane"), to tell patients with one id apart. */
  patientName: z.string().min(1).max(324).optional(),
  /** First and last Study Date, both included. */
  studyDateFrom: dicomDate.optional(),
  studyDateTo: dicomDate.optional(),
});

export const restoreSelectionSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('all') }),
  z.object({ tag: z.literal('study'), studyInstanceUid: uid }),
  matchingSchema,
]);
export type RestoreSelection = z.infer<typeof restoreSelectionSchema>;

/** How a restore goes about it; what is left out is as the comment says. */
export const restoreMannerSchema = z.object({
  /** uids (default): STUDY/SERIES/INSTANCE.dcm. medium: 8-character file IDs and a DICOMDIR (PS3.10 section 8). */
  layout: z.enum(['uids', 'medium']).optional(),
  /** Objects that no manifest names; default: included, and counted as unproven. */
  unproven: z.enum(['included', 'left-out']).optional(),
  /** Objects under way at once; default 8. */
  concurrency: z.int().min(1).max(32).optional(),
});
export type RestoreManner = z.infer<typeof restoreMannerSchema>;

/** Which study a problem is about: enough to find it, and no name or id of the patient. */
export const studyHintSchema = z.object({
  studyInstanceUid: z.string(),
  studyDate: z.string().optional(),
  modality: z.string().optional(),
  initials: z.string().optional(),
});
export type StudyHint = z.infer<typeof studyHintSchema>;

export const restoreProblemSchema = errorReportSchema.extend({
  object: z.string(),
  study: studyHintSchema.optional(),
});
export type RestoreProblem = z.infer<typeof restoreProblemSchema>;

export const restoreEventSchema = z.discriminatedUnion('tag', [
  z.object({
    tag: z.literal('progress'),
    total: count,
    restored: count,
    /** Already there and identical: a resumed restore. */
    skipped: count,
    missing: count,
    damaged: count,
    /** Not taken by the DICOM node they were sent to. */
    refused: count.optional(),
    /** Restored, but in no manifest. */
    unproven: count,
    /** Of image files written or sent. */
    bytes: count,
    /** Sealed bytes of all objects, as far as they are known, and of those that are settled. */
    totalBytes: count.optional(),
    doneBytes: count.optional(),
    /** Sealed bytes fetched lately, per second; absent until there is something to measure. */
    bytesPerSecond: z.number().min(0).optional(),
    secondsLeft: z.number().min(0).optional(),
    /** Last event only: where each installation's chain of manifests ends, to compare with kit or memory. */
    heads: z
      .array(z.object({ installationId: z.string(), sequence: count, createdAt: z.string() }))
      .optional(),
  }),
  z.object({ tag: z.literal('problem'), problem: restoreProblemSchema }),
]);
export type RestoreEvent = z.infer<typeof restoreEventSchema>;

/** PEM texts of certificates are a few KB each. */
const pem = z.string().min(1).max(65_536);

/** A DICOM node to restore to. */
const nodeSchema = z.object({
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65535),
  calledAe: z.string().min(1).max(16),
  callingAe: z.string().min(1).max(16),
  /** Absent: plain TCP. The private key crosses the local socket only and is kept nowhere. */
  tls: z
    .object({
      trustedPem: z.array(pem).min(1).max(100),
      certificatePem: pem,
      keyPem: pem,
      /** SHA-256 of the node's certificate, hex; absent: its name or address is checked. */
      peerSha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
    })
    .optional(),
});
export type RestoreNode = z.infer<typeof nodeSchema>;

export const restoreRequestSchema = restoreMannerSchema
  .extend({
    /** Folder to restore into, or the node to send to: exactly one. */
    to: absolutePath.optional(),
    node: nodeSchema.optional(),
    selection: restoreSelectionSchema,
    fromCloud: z.boolean(),
  })
  .refine(({ to, node }) => (to === undefined) !== (node === undefined), 'either to or node');
export type RestoreRequest = z.infer<typeof restoreRequestSchema>;

export const restoreContract = {
  /** With this installation's own keys; a new PC uses the words instead (`restore --from-cloud --words-file`). */
  run: base.input(restoreRequestSchema).output(eventIterator(restoreEventSchema)),
} as const;
