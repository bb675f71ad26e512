/**
 * What the engine saw of devices that tried to connect, and what it makes of it: for pairing one, live. Bounded, and clean
 * of anything a stranger could have written: titles without control characters, UIDs of digits and dots.
 */
import { z } from 'zod';
import {
  callerSchema,
  certificateFingerprintSchema,
  channelSchema,
  connectionSchema,
  deviceIdSchema,
  networkAddressSchema,
  refusedBecauseSchema,
  uidSchema,
} from './devices.ts';

const isoTime = z.iso.datetime();
const count = z.int().min(0);

/** Kept of all connections together; the page and the command line show no more. */
export const mostVisits = 50;
export const mostProposedClasses = 64;
export const mostProposedSyntaxes = 8;

/** Which of this PC's two ports was called. */
export const entranceSchema = z.enum(['plain', 'tls']);
export type Entrance = z.infer<typeof entranceSchema>;

const syntaxSchema = z.object({
  uid: uidSchema,
  /** The standard's keyword, where the syntax is one that is stored here. */
  keyword: z.string().nullable(),
});

export const proposalSchema = z.object({
  uid: uidSchema,
  keyword: z.string().nullable(),
  syntaxes: z.array(syntaxSchema).max(mostProposedSyntaxes),
  /** `open`: not decided, the device was not let in. */
  answer: z.enum(['open', 'accepted', 'class-refused', 'syntax-refused']),
});
export type Proposal = z.infer<typeof proposalSchema>;

/** What came between the device and its images; the newest of one connection. */
export const visitProblemSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('refused'), because: refusedBecauseSchema }),
  /** Not DICOM as it is today: another protocol version, another application context. */
  z.object({ tag: z.literal('outdated') }),
  z.object({ tag: z.literal('limit') }),
  z.object({ tag: z.literal('tls-on-plain-port') }),
  z.object({ tag: z.literal('plain-on-tls-port') }),
  z.object({
    tag: z.literal('tls'),
    what: z.enum([
      'missing',
      'expired',
      'not-yet-valid',
      'foreign',
      'revoked',
      'too-old',
      'distrusts-us',
      'broken-off',
    ]),
  }),
  /** Let in, and nothing of what it proposed for storage is accepted. */
  z.object({ tag: z.literal('nothing-in-common'), why: z.enum(['class', 'syntax']) }),
  z.object({ tag: z.literal('image-refused'), code: z.string().max(64) }),
  z.object({
    tag: z.literal('aborted-by-device'),
    source: z.enum(['service-user', 'service-provider']),
    /** PS3.8 table 9-26. */
    reason: z.string().max(32),
  }),
  z.object({ tag: z.literal('pdu-too-long') }),
  z.object({ tag: z.literal('pdu-too-small') }),
  z.object({ tag: z.literal('protocol'), reason: z.string().max(32) }),
  z.object({ tag: z.literal('not-dicom') }),
  /** Connected, and closed without a word. */
  z.object({ tag: z.literal('hung-up') }),
  /** Connected, and said nothing. */
  z.object({ tag: z.literal('silent') }),
  z.object({ tag: z.literal('lost') }),
  z.object({ tag: z.literal('stalled') }),
]);
export type VisitProblem = z.infer<typeof visitProblemSchema>;

/** One connection, or several alike that followed each other. */
export const visitSchema = z.object({
  /** Of this run of the engine. */
  id: z.string().max(20),
  firstAt: isoTime,
  lastAt: isoTime,
  count,
  address: z.string().max(64),
  entrance: entranceSchema,
  certificate: certificateFingerprintSchema.nullable(),
  /** null: it said none, or one with characters that are not allowed there. */
  callingAeTitle: z.string().max(16).nullable(),
  calledAeTitle: z.string().max(16).nullable(),
  /** What it calls its own software (PS3.7 D.3.3.2.3). */
  software: z.string().max(16).nullable(),
  deviceId: deviceIdSchema.nullable(),
  proposals: z.array(proposalSchema).max(mostProposedClasses),
  echoes: count,
  images: count,
  imagesRefused: count,
  problem: visitProblemSchema.nullable(),
  state: z.enum(['open', 'over']),
});
export type Visit = z.infer<typeof visitSchema>;

export const findingCodeSchema = z.enum([
  'not-listening',
  'loopback-only',
  'address-changed',
  'self-test-failed',
  'nothing-arrives',
  'unknown-title',
  'other-address',
  'tls-only',
  'plain-only',
  'other-certificate',
  'other-called-title',
  'odd-title',
  'outdated',
  'limit',
  'tls-on-plain-port',
  'tls-on-plain-port-off',
  'plain-on-tls-port',
  'tls-missing',
  'tls-expired',
  'tls-not-yet-valid',
  'tls-foreign',
  'tls-revoked',
  'tls-too-old',
  'tls-distrusts-us',
  'tls-broken-off',
  'no-common-class',
  'no-common-syntax',
  'some-classes-refused',
  'some-syntaxes-refused',
  'image-refused',
  'aborted-by-device',
  'pdu-too-long',
  'pdu-too-small',
  'protocol',
  'not-dicom',
  'hung-up',
  'silent',
  'lost',
  'stalled',
]);
export type FindingCode = z.infer<typeof findingCodeSchema>;

/** One thing that is wrong; diagnosis-text.ts has the words, `values` what is put into them. */
export const findingSchema = z.object({
  code: findingCodeSchema,
  /** `decide`: nothing is wrong, somebody has to say yes or no. */
  tone: z.enum(['trouble', 'decide', 'hint']),
  address: z.string().max(64).nullable(),
  aeTitle: z.string().max(16).nullable(),
  values: z.record(z.string().max(32), z.string().max(400)),
  count,
  lastAt: isoTime.nullable(),
});
export type Finding = z.infer<typeof findingSchema>;

/** Everything that somebody who pairs a device looks at, whole at every change. */
export const pairingStateSchema = z.object({
  connection: connectionSchema,
  addresses: z.array(networkAddressSchema),
  /** The newest first. */
  visits: z.array(visitSchema).max(mostVisits),
  /** Waiting for a decision, the newest first. */
  callers: z.array(callerSchema).max(20),
  findings: z.array(findingSchema),
  /** Of access: the lists of `devices.*` have changed when it has. */
  revision: count,
});
export type PairingState = z.infer<typeof pairingStateSchema>;

/** This PC calling itself at the address that devices use. */
export const selfTestSchema = z.object({
  entrance: entranceSchema,
  host: z.string(),
  port: z.int(),
  result: z.enum(['answers', 'refused', 'timeout']),
});
export type SelfTest = z.infer<typeof selfTestSchema>;

export const diagnosisSchema = z.object({
  connection: connectionSchema,
  selfTests: z.array(selfTestSchema),
  visits: z.array(visitSchema).max(mostVisits),
  findings: z.array(findingSchema),
  platform: z.enum(['windows', 'mac', 'linux']),
});
export type Diagnosis = z.infer<typeof diagnosisSchema>;

/** Where a device listens, for our C-ECHO to it. */
export const echoTargetSchema = z.strictObject({
  host: z
    .string()
    .trim()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9._:%-]+$/, 'a host is a name or an IP address'),
  port: z.int().min(1).max(65535),
  aeTitle: z.string().min(1).max(16),
  channel: channelSchema,
  /** Over TLS: the certificates of this device are expected there. */
  deviceId: deviceIdSchema.optional(),
});
export type EchoTarget = z.infer<typeof echoTargetSchema>;
