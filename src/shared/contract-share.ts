/** Sharing a study: by a link that opens in the viewer, or as files that one certificate opens. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';

const hourMs = 3_600_000;
/** Shorter is of no use to anybody; longer is an archive, not a share. */
export const shareLifetimeMs = { least: hourMs, most: 90 * 24 * hourMs } as const;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const shareIdSchema = z.string().regex(/^[0-9a-f]{32}$/);
const pemSchema = z
  .string()
  .min(1)
  .max(48 * 1024);

export const passcodeChoiceSchema = z.discriminatedUnion('tag', [
  /** Made here, told once. */
  z.strictObject({ tag: z.literal('generated') }),
  /** Whoever gets hold of the link reads the study. */
  z.strictObject({ tag: z.literal('none') }),
  z.strictObject({ tag: z.literal('own'), passcode: z.string().max(400) }),
]);
export type PasscodeChoice = z.infer<typeof passcodeChoiceSchema>;

export const shareRequestSchema = z.strictObject({
  studyInstanceUid: z.string().regex(/^[0-9.]{1,64}$/),
  how: z.discriminatedUnion('tag', [
    z.strictObject({
      tag: z.literal('link'),
      /** How long it lives, ms; shareLifetimeMs. */
      lifetimeMs: z.int().min(0),
      passcode: passcodeChoiceSchema,
    }),
    z.strictObject({
      tag: z.literal('certificate'),
      /** The recipient's certificate, PEM, or DER as base64. */
      certificate: pemSchema,
      /** SHA-256 of the certificate that a person has compared with the recipient. */
      confirmedSha256: z.string().max(128),
      /** Folder to write into, absolute; empty or not there yet. */
      folder: z.string().min(1).max(4096),
    }),
  ]),
});
export type ShareRequest = z.infer<typeof shareRequestSchema>;

export const shareEventSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('progress'), done: count, total: count, bytes: count }),
  /** The end of a share by link. The link and the passcode are in this event and nowhere else. */
  z.object({
    tag: z.literal('link'),
    shareId: shareIdSchema,
    link: z.string(),
    /** null without one, and for one's own. */
    passcode: z.string().nullable(),
    expiresAt: z.iso.datetime(),
    /** Where the viewer is; null: its file has to be sent along. */
    viewerUrl: z.string().nullable(),
    viewerFile: z.string(),
    images: count,
  }),
  /** The end of a share to a certificate. */
  z.object({
    tag: z.literal('folder'),
    shareId: shareIdSchema,
    folder: z.string(),
    images: count,
    subject: z.string(),
    sha256,
  }),
]);
export type ShareEvent = z.infer<typeof shareEventSchema>;

export const shareSummarySchema = z.object({
  shareId: shareIdSchema,
  kind: z.enum(['link', 'folder']),
  /**
   * preparing: under way. active: can be opened. ending: over, but not seen to be gone from the cloud yet.
   * handed-out: files, which nothing takes back.
   */
  state: z.enum(['preparing', 'active', 'ending', 'revoked', 'expired', 'cancelled', 'handed-out']),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  expiresAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  endedBy: z.string().nullable(),
  passcode: z.enum(['none', 'set']),
  /** Initials, modality-free: what a front desk may show. */
  patientInitials: z.string(),
  studyDate: z.string(),
  studyInstanceUid: z.string(),
  recipient: z.string().nullable(),
  recipientSha256: z.string().nullable(),
  place: z.string(),
  images: count.nullable(),
  sizeBytes: count.nullable(),
});
export type ShareSummary = z.infer<typeof shareSummarySchema>;

export const certificateFactsSchema = z.object({
  subject: z.string(),
  issuer: z.string(),
  notAfter: z.iso.datetime(),
  sha256,
});

export const sharesContract = {
  /**
   * Ends with `link` or `folder`. Errors: share-*, certificate-unusable, object-*, cloud-*, disk-*,
   * file-exists, file-not-writable, cancelled (nothing is left).
   */
  create: base.input(shareRequestSchema).output(eventIterator(shareEventSchema)),
  /** What a person compares before a study is sealed to it. Error: certificate-unusable. */
  certificate: base.input(z.strictObject({ certificate: pemSchema })).output(certificateFactsSchema),
  /** The newest first. Study UIDs are patient data: audited. */
  list: base.output(z.array(shareSummarySchema)),
  /**
   * Deletes what lies in the cloud and looks that it is gone. null: every one that is not over. Errors: share-unknown,
   * share-no-place, share-not-deleted (tried again by itself), cloud-*.
   */
  revoke: base
    .input(z.strictObject({ shareId: shareIdSchema.nullable() }))
    .output(z.object({ revoked: count, failed: count })),
  /** The viewer's one file. Error: share-viewer-missing. */
  viewer: base.output(z.object({ fileName: z.string(), html: z.string() })),
  /** Can it be used; may browsers read? Errors: share-no-place, share-place-unfit, share-browsers-refused, cloud-*. */
  check: base
    .input(z.strictObject({ browsers: z.enum(['look', 'allow']) }))
    .output(z.object({ place: z.string(), account: z.enum(['own', 'shared-with-archive', 'unknown']) })),
  /** Stores the credential of the share place in the key store. */
  storeCredential: base
    .input(z.strictObject({ value: z.string().min(1).max(2500) }))
    .output(z.object({ stored: z.literal(true) })),
};
