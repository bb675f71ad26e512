/** What keys.json holds: version 2, and version 1 as earlier releases wrote it, which is read for ever. */
import { z } from 'zod';
import { archiveKeyRecordSchema } from './archive-key-record.ts';
import { maxEpoch } from './archive-keys.ts';

const hexOf = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const time = z.iso.datetime();

/** Further certificates new objects are sealed to; an object's head has room for 64 recipients and 48 KiB of them. */
export const maxFurtherRecipients = 16;
/** Replaced kits that are remembered; the oldest goes when there are more. */
export const maxRetiredKits = 64;
/** Key store entries waiting to be removed. */
export const maxStaleEntries = 32;

const kitFieldsV1 = {
  certificatePem: z.string().max(8192),
  fingerprint: hexOf(64),
  createdAt: time,
  archiveKeyRecord: archiveKeyRecordSchema,
};

const kitFields = {
  ...kitFieldsV1,
  /** The archive's first record lies at keys/<archive id>.json, each later one at a name of its own. */
  recordPlace: z.enum(['archive', 'fingerprint']),
};

const kitSchema = z.strictObject(kitFields);
/** A recovery kit as it is kept: all of it but the words. */
export type RecoveryKit = Readonly<z.infer<typeof kitSchema>>;

const recoverySchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('none') }),
  z.strictObject({ state: z.literal('created'), kit: kitSchema }),
  z.strictObject({ state: z.literal('proven'), kit: kitSchema, provenAt: time }),
  /** `next` is a recipient beside `kit` until its words are proven; then it takes its place. */
  z.strictObject({ state: z.literal('replacing'), kit: kitSchema, provenAt: time, next: kitSchema }),
]);
export type RecoveryRecord = Readonly<z.infer<typeof recoverySchema>>;

const retiredKitSchema = z.strictObject({
  certificatePem: z.string().max(8192),
  fingerprint: hexOf(64),
  createdAt: time,
  retiredAt: time,
  recordPlace: kitFields.recordPlace,
});
export type RetiredKit = Readonly<z.infer<typeof retiredKitSchema>>;

const furtherRecipientSchema = z.strictObject({
  /** What staff call it. */
  name: z.string().min(1).max(64),
  certificatePem: z.string().max(16_384),
  /** SHA-256 of the SubjectPublicKeyInfo. */
  fingerprint: hexOf(64),
  addedAt: time,
});
export type FurtherRecipient = Readonly<z.infer<typeof furtherRecipientSchema>>;

/** AES key wrap (RFC 3394) of the archive key under the device key: 40 bytes. */
const wrappedArchiveKey = hexOf(80);
const epoch = z.int().min(1).max(maxEpoch);
const entryName = z.string().regex(/^device-key-[0-9a-f]{32}(-[0-9a-f]{16})?$/);

export const bodySchema = z.strictObject({
  format: z.literal('edge-sync-keys'),
  version: z.literal(2),
  installationId: hexOf(32),
  archiveId: hexOf(32),
  epoch,
  epochSince: time.nullable(),
  deviceKey: z.strictObject({ entry: entryName, since: time.nullable() }),
  /** Entries of the key store that are of no use any more, or may have been written by an attempt that broke off. */
  staleEntries: z.array(entryName).max(maxStaleEntries),
  wrappedArchiveKey,
  recovery: recoverySchema,
  retiredKits: z.array(retiredKitSchema).max(maxRetiredKits),
  recipients: z.array(furtherRecipientSchema).max(maxFurtherRecipients),
});
export type KeyFileBody = Readonly<z.infer<typeof bodySchema>>;

export const bodySchemaV1 = z.strictObject({
  format: z.literal('edge-sync-keys'),
  version: z.literal(1),
  installationId: hexOf(32),
  archiveId: hexOf(32),
  epoch,
  wrappedArchiveKey,
  recovery: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('none') }),
    z.strictObject({ state: z.literal('created'), ...kitFieldsV1 }),
    z.strictObject({ state: z.literal('proven'), ...kitFieldsV1, provenAt: time }),
  ]),
});
export type KeyFileBodyV1 = Readonly<z.infer<typeof bodySchemaV1>>;

/** The same facts in version 2; the file itself is written anew at the next change. */
export function fromVersion1(old: KeyFileBodyV1): KeyFileBody {
  return {
    format: old.format,
    version: 2,
    installationId: old.installationId,
    archiveId: old.archiveId,
    epoch: old.epoch,
    epochSince: null,
    deviceKey: { entry: `device-key-${old.installationId}`, since: null },
    staleEntries: [],
    wrappedArchiveKey: old.wrappedArchiveKey,
    recovery: recoveryFromVersion1(old.recovery),
    retiredKits: [],
    recipients: [],
  };
}

function recoveryFromVersion1(old: KeyFileBodyV1['recovery']): RecoveryRecord {
  if (old.state === 'none') return old;
  const { certificatePem, fingerprint, createdAt, archiveKeyRecord } = old;
  const kit: RecoveryKit = {
    certificatePem,
    fingerprint,
    createdAt,
    archiveKeyRecord,
    recordPlace: 'archive',
  };
  return old.state === 'created'
    ? { state: 'created', kit }
    : { state: 'proven', kit, provenAt: old.provenAt };
}
