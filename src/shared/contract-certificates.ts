/** The `certificates` group of the RPC contract: the site CA, what it issues, what is trusted. */
import { z } from 'zod';
import { base } from './contract-base.ts';

/** ECDSA unless the device is too old for it. */
export const keyKindSchema = z.enum(['ecdsa-p256', 'rsa-2048', 'rsa-3072']);
export type KeyKind = z.infer<typeof keyKindSchema>;

/** ECDSA and RSA chains stand side by side: an old device can check RSA signatures alone, up to the root. */
export const keyFamilySchema = z.enum(['ecdsa', 'rsa']);
export type KeyFamily = z.infer<typeof keyFamilySchema>;

/** A common name (X.520: at most 64 characters), without control characters. */
export const certificateNameSchema = z
  .string()
  .trim()
  .min(1, 'a name has at least 1 character')
  .max(64, 'a name has at most 64 characters')
  .regex(/^[^\p{C}]+$/u, 'a name has no control characters');

/** A DNS name or an IP address. */
export const certificateHostSchema = z.union(
  [
    z.ipv4(),
    z.ipv6(),
    z
      .string()
      .max(253)
      .regex(/^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/),
  ],
  { error: 'a host is a DNS name or an IP address' },
);
const hosts = z.array(certificateHostSchema).max(16);

/** PEM of a few certificates; larger than any chain in use. */
const pem = z
  .string()
  .min(1)
  .max(256 * 1024);
const keyPem = z
  .string()
  .min(1)
  .max(32 * 1024);
/** Printable ASCII: what a PKCS#12 file means by other characters differs from program to program. */
export const exportPassphraseSchema = z
  .string()
  .min(12, 'a passphrase has at least 12 characters')
  .max(128, 'a passphrase has at most 128 characters')
  .regex(/^[\x20-\x7e]+$/, 'a passphrase for an exported key is printable ASCII');
/** Of something that an administrator brings along: theirs to choose. */
const importPassphrase = z.string().max(1024);
const id = z.string().regex(/^[0-9a-f]{32}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const validDays = z.int().min(1).max(3650);
const isoTime = z.iso.datetime();

export const certificateSummarySchema = z.object({
  id,
  /** issuer: signs for us; anchor: trusted only; server: this node's own; device: for a modality. */
  role: z.enum(['issuer', 'anchor', 'server', 'device']),
  /** made: key and certificate by us; signed: for a request; imported. */
  origin: z.enum(['made', 'signed', 'imported']),
  name: z.string(),
  issuer: z.string(),
  key: z.string(),
  serial: z.string(),
  sha256,
  hosts: z.array(z.string()),
  notBefore: isoTime,
  notAfter: isoTime,
  /** Whole days until it ends; negative afterwards. */
  daysLeft: z.int(),
  state: z.enum(['valid', 'expires-soon', 'expired', 'not-yet-valid', 'revoked', 'replaced']),
  /** The issuer that signs new ones, the certificate that this node shows. */
  inUse: z.boolean(),
});
export type CertificateSummary = z.infer<typeof certificateSummarySchema>;

/** What a device gets, besides the key. */
const issuedFields = {
  certificate: certificateSummarySchema,
  certificatePem: z.string(),
  /** From its issuer up to the root: what a device may have to send along. */
  chainPem: z.string(),
  /** What the device has to trust, to know this node by. */
  trustPem: z.string(),
};

/** How the private key leaves: once, and only in this answer. */
export const keyFormatSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('pem') }),
  z.object({ tag: z.literal('encrypted-pem'), passphrase: exportPassphraseSchema }),
  z.object({ tag: z.literal('pkcs12'), passphrase: exportPassphraseSchema }),
]);
export type KeyFormat = z.infer<typeof keyFormatSchema>;

export const issuedKeySchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('pem'), pem: z.string() }),
  z.object({ tag: z.literal('pkcs12'), base64: z.string() }),
]);
export type IssuedKey = z.infer<typeof issuedKeySchema>;

export const issueRequestSchema = z.object({
  name: certificateNameSchema,
  hosts: hosts.default([]),
  key: keyKindSchema.default('ecdsa-p256'),
  days: validDays.default(730),
  format: keyFormatSchema,
});
export type IssueRequest = z.output<typeof issueRequestSchema>;

export const signRequestSchema = z.object({
  requestPem: z
    .string()
    .min(1)
    .max(64 * 1024),
  /** Default: the common name of the request. */
  name: certificateNameSchema.optional(),
  /** Default: the subject alternative names of the request. */
  hosts: hosts.optional(),
  days: validDays.default(730),
});
export type SignRequest = z.output<typeof signRequestSchema>;

export const renewRequestSchema = z.discriminatedUnion('tag', [
  /** This node's own, at once instead of some weeks before its end. */
  z.object({ tag: z.literal('server') }),
  z.object({
    tag: z.literal('device'),
    id,
    days: validDays.default(730),
    /** `same`: the device keeps its private key, only the certificate is new. */
    key: z.discriminatedUnion('tag', [
      z.object({ tag: z.literal('same') }),
      z.object({ tag: z.literal('new'), kind: keyKindSchema, format: keyFormatSchema }),
    ]),
  }),
]);
export type RenewRequest = z.output<typeof renewRequestSchema>;

export const revocationReasonSchema = z.enum(['lost', 'stolen', 'replaced', 'retired', 'unspecified']);
export type RevocationReason = z.infer<typeof revocationReasonSchema>;

export const revokeRequestSchema = z.object({
  /** Also of a certificate that was not issued here. */
  sha256,
  reason: revocationReasonSchema.default('unspecified'),
});

export const importRequestSchema = z.discriminatedUnion('tag', [
  /** One CA, with the CAs above it; with its key it issues from now on. */
  z.object({
    tag: z.literal('ca'),
    pem,
    key: z.object({ pem: keyPem, passphrase: importPassphrase.optional() }).optional(),
  }),
  /** This node's own certificate, then its issuers. */
  z.object({
    tag: z.literal('server'),
    pem,
    key: z.object({ pem: keyPem, passphrase: importPassphrase.optional() }),
  }),
  /** Revocation list of a trusted CA, PEM. */
  z.object({
    tag: z.literal('revocation-list'),
    pem: z
      .string()
      .min(1)
      .max(4 * 1024 * 1024),
  }),
]);
export type ImportRequest = z.output<typeof importRequestSchema>;

const summaries = z.object({ certificates: z.array(certificateSummarySchema) });

export const certificatesContract = {
  list: base.output(summaries),
  /** The certificate that devices have to trust; the site CA is made at the first call. */
  ca: base
    .input(z.object({ family: keyFamilySchema.default('ecdsa') }))
    .output(z.object({ certificate: certificateSummarySchema, pem: z.string() })),
  issue: base.input(issueRequestSchema).output(z.object({ ...issuedFields, key: issuedKeySchema })),
  sign: base.input(signRequestSchema).output(z.object(issuedFields)),
  renew: base
    .input(renewRequestSchema)
    .output(z.object({ ...issuedFields, key: issuedKeySchema.nullable() })),
  revoke: base.input(revokeRequestSchema).output(
    z.object({
      certificate: certificateSummarySchema.nullable(),
      /** Connections that were cut by it. */
      cut: z.int().min(0),
    }),
  ),
  import: base.input(importRequestSchema).output(summaries),
} as const;
