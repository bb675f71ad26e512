/** The life of the keys: what there is, and what can be renewed or taken away. No answer but `replace` holds a secret. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { createdRecoverySchema, custodySchema, kitRequestSchema } from './contract-recovery.ts';

const fingerprintSchema = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();
const done = z.object({ done: z.literal(true) });

const kitSchema = z.object({
  fingerprint: fingerprintSchema,
  createdAt: time,
});

export const furtherRecipientSchema = z.object({
  name: z.string(),
  fingerprint: fingerprintSchema,
  subject: z.string(),
  issuer: z.string(),
  notBefore: time,
  notAfter: time,
  addedAt: time,
  /** expired: images are still sealed to it until it is removed. */
  state: z.enum(['in-force', 'expired']),
});
export type RecipientFacts = z.infer<typeof furtherRecipientSchema>;

export const keysStatusSchema = z.object({
  installationId: z.string(),
  archiveId: z.string(),
  keyStore: z.enum(['keychain', 'passphrase']),
  /** null: since before this was written down. */
  deviceKeySince: time.nullable(),
  epoch: z.int().min(1),
  epochSince: time.nullable(),
  recovery: z.object({
    state: z.enum(['none', 'created', 'proven', 'replacing']),
    kit: kitSchema.nullable(),
    provenAt: time.nullable(),
    /** New words that wait for their drill; images are sealed to both kits meanwhile. */
    next: kitSchema.nullable(),
    /** Their words still open what was sealed while they were in force, and the archive key record made with them. */
    replaced: z.array(kitSchema.extend({ retiredAt: time })),
  }),
  recipients: z.array(furtherRecipientSchema),
});
export type KeysStatus = z.infer<typeof keysStatusSchema>;

const passphrase = z.string().min(1).max(4096);

export const keysContract = {
  status: base.output(keysStatusSchema),
  /** Errors: keychain-unavailable, passphrase-*, disk-*: then the old key is in force. */
  rotateDevice: base.output(done),
  /** Errors: as `rotateDevice`. */
  newEpoch: base.output(z.object({ epoch: z.int() })),
  /** Errors: passphrase-not-used, passphrase-wrong, passphrase-weak. */
  changePassphrase: base.input(z.object({ current: passphrase, next: passphrase })).output(done),
  /**
   * New recovery words beside the old ones, until `recovery.check` has proven them. Words, shares and pages are in this
   * answer and nowhere else. Errors: recovery-missing, recovery-not-proven, recovery-replacing.
   */
  replaceRecovery: base
    .input(
      z.object({
        mode: z.enum(['begin', 'again']),
        custody: custodySchema.default('words'),
        kit: kitRequestSchema.optional(),
      }),
    )
    .output(createdRecoverySchema),
  /** Drops the new words; the old ones stay. Error: recovery-not-replacing. */
  cancelReplacement: base.output(done),
};

export const recipientsContract = {
  list: base.output(z.array(furtherRecipientSchema)),
  /** Errors: certificate-unusable with what is wrong, recipient-exists, recipient-too-many. */
  add: base
    .input(
      z.object({
        /** What staff call it. */
        name: z.string().trim().min(1).max(64),
        certificatePem: z.string().min(1).max(16_384),
      }),
    )
    .output(furtherRecipientSchema),
  /** Errors: recipient-unknown, and those of `keys.rotateDevice`. */
  remove: base.input(z.object({ fingerprint: fingerprintSchema })).output(done),
};
