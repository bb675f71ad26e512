/** The public shape of `edge-sync status --json`. Scripts rely on it: keys are added, never renamed or removed. */
import { z } from 'zod';

const isoTime = z.iso.datetime();
const count = z.int().min(0);

export const headlineSchema = z.enum(['all-safe', 'working', 'attention', 'not-receiving']);
export type Headline = z.infer<typeof headlineSchema>;

export const errorReportSchema = z.object({ code: z.string(), message: z.string(), nextStep: z.string() });

export const failureSchema = errorReportSchema.extend({
  /** Opaque; give it to `failures.answer` or `failures.retry`. */
  id: z.string(),
  /** True when no image that was answered with Success is at risk by this. */
  imagesSafe: z.boolean(),
  /** What one button can do about it. */
  action: z.enum(['retry', 'answer', 'none']),
  /** Opaque study id where the failure is about one. */
  studyId: z.string().nullable(),
  destination: z.string().nullable(),
  /** How often, and since when. */
  count,
  firstAt: isoTime,
  lastAt: isoTime,
});
export type Failure = z.infer<typeof failureSchema>;

export const destinationStatusSchema = z.object({
  name: z.string(),
  kind: z.string(),
  required: z.boolean(),
  state: z.enum(['ok', 'retrying', 'paused', 'refused']),
  pending: count,
  verified: count,
  lastVerifiedAt: isoTime.nullable(),
  error: errorReportSchema.nullable(),
  /**
   * Of a PACS: what proved the verified ones. identical: fetched back and compared, bit for bit. listed: a search found
   * them; the PACS may have changed them.
   */
  provenBy: z.object({ identical: count, listed: count }).optional(),
  /** Only while uploads are held: paused by somebody, outside their times of day, on a metered network. */
  hold: z.object({ by: z.enum(['paused', 'window', 'metered']), until: isoTime.nullable() }).optional(),
  /**
   * Only while it lacks images that are no longer on this PC: they are copied from another destination. Those that wait,
   * and how many there were when it began (those waiting included); `error`: why another one cannot be read.
   */
  backFill: z
    .object({
      waiting: count,
      total: count,
      active: count,
      bytesPerSecond: z.number().min(0),
      error: errorReportSchema.nullable(),
    })
    .optional(),
});
export type DestinationStatus = z.infer<typeof destinationStatusSchema>;

export const modalityStatusSchema = z.object({
  aeTitle: z.string(),
  received: count,
  verified: count,
  /** Images that it named in storage commitment and was answered with success. */
  committed: count,
  lastReceivedAt: isoTime.nullable(),
});

/** Who may send here. */
export const accessStatusSchema = z.object({
  /** DICOM associations under way: this PC should not go to sleep. */
  openAssociations: count,
  /** Refused callers and unknown classes that nobody has decided about. */
  waitingCallers: count,
  waitingClasses: count,
  /** Another number than before: the lists of `devices.*` have changed. */
  revision: count,
  devices: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      aeTitle: z.string(),
      channel: z.enum(['tls', 'plain']),
      lastSeenAt: isoTime.nullable(),
      /** Stays as long as it is so: what it sends can be read on the network. */
      warning: errorReportSchema.nullable(),
    }),
  ),
});
export type AccessStatus = z.infer<typeof accessStatusSchema>;

/** Cloud copies looked at again after their upload. Counters since the installation was made, but for `bad`. */
export const verificationStatusSchema = z.object({
  destinations: z.array(
    z.object({
      name: z.string(),
      /** Copies that count as verified, and those of them that were downloaded and compared at least once. */
      copies: count,
      everChecked: count,
      checked: count,
      foundMissing: count,
      foundDamaged: count,
      mended: count,
      /** Missing or damaged right now. */
      bad: count,
      lastCheckedAt: isoTime.nullable(),
      lastResult: z.enum(['good', 'missing', 'damaged']).nullable(),
      /** The copy that was proven longest ago. */
      oldestProofAt: isoTime.nullable(),
    }),
  ),
});
export type VerificationStatus = z.infer<typeof verificationStatusSchema>;

export const statusReportSchema = z.object({
  safe: z.boolean(),
  headline: headlineSchema,
  listener: z.object({ up: z.boolean(), host: z.string(), port: z.int(), aeTitle: z.string() }),
  /** Instances; `received` is the sum of the others. */
  counts: z.object({ received: count, pending: count, verified: count, failed: count, parked: count }),
  modalities: z.array(modalityStatusSchema),
  lastVerifiedAt: isoTime.nullable(),
  destinations: z.array(destinationStatusSchema),
  failures: z.array(failureSchema),
  spool: z.object({
    bytes: count,
    freeBytes: count,
    /** Of local copies that every destination has verified: they go, oldest first, when room is needed. */
    evictableBytes: count.optional(),
    /** Mean of the days with intake in the last seven, or today if that is more; null before the first image. */
    intakeBytesPerDay: count.nullable().optional(),
    /** Until images would be refused if the cloud stayed away, at that rate. */
    daysLeft: z.number().min(0).nullable().optional(),
  }),
  recovery: z.enum(['none', 'created', 'proven']),
  access: accessStatusSchema.optional(),
  verification: verificationStatusSchema.optional(),
  /** Absent before the words were proven. */
  recoveryKit: z
    .object({
      provenAt: isoTime,
      /** cloud-object: an image of the cloud was opened with the words alone; test-object: there was none to try. */
      provenBy: z.enum(['test-object', 'cloud-object']),
      /** When it is to be tried again at the latest. */
      dueAt: isoTime,
    })
    .optional(),
});
export type StatusReport = z.infer<typeof statusReportSchema>;
