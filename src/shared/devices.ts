/**
 * A paired device: what a modality is known by and what it may do. One schema for the contract, the command line and
 * the database. AE titles and addresses are names of devices, not of people.
 */
import { z } from 'zod';
import { parseAddressRange } from './address-range.ts';
import { aeTitleSchema } from './settings.ts';

/** PS3.5 section 9.1: digits and dots, 64 characters, no empty parts. */
export const uidSchema = z
  .string()
  .max(64, 'a UID has at most 64 characters')
  .regex(/^\d+(\.\d+)+$/, 'a UID is numbers parted by single dots');

/** SHA-256 of the whole certificate (DER), 64 lower-case hex digits. */
export const certificateFingerprintSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a certificate fingerprint is the 64 hex digits of its SHA-256');

/** One address or a range (CIDR), IPv4 or IPv6: `192.168.1.20`, `192.168.1.0/24`. */
export const addressRangeSchema = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
    error: 'an IP address, or a range such as 192.168.1.0/24',
  })
  .refine((range) => parseAddressRange(range) !== undefined, {
    message: 'a range of IPv6 that does not hold every IPv4 address (::ffff:0:0/96) as well',
  });

/** `tls`: mutual certificates on the TLS port. `plain`: readable by anybody on the same network, and marked so. */
export const channelSchema = z.enum(['tls', 'plain']);
export type ChannelKind = z.infer<typeof channelSchema>;

/** Where the answers to storage commitment go (PS3.4 J.3.3), when not on the association that asked. */
export const commitmentEndpointSchema = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65535),
  channel: channelSchema.default('plain'),
  /** Where the device answers under another AE title than the one it calls with. */
  aeTitle: aeTitleSchema.optional(),
});
export type CommitmentEndpoint = z.infer<typeof commitmentEndpointSchema>;

const pairingFields = {
  name: z.string().trim().min(1).max(64).describe('What staff call it'),
  aeTitle: aeTitleSchema,
  /** A plaintext device is pinned to these; for TLS, empty means any address. */
  addresses: z.array(addressRangeSchema).max(16),
  channel: channelSchema,
  /** Certificates it may show; any of them fits. Only and always with `tls`. */
  certificates: z.array(certificateFingerprintSchema).max(8),
  /** `standard`: every storage class of PS3.6. */
  classes: z.union([z.literal('standard'), z.array(uidSchema).min(1).max(256)]),
  /** Private classes that were observed and allowed, besides `classes`. */
  privateClasses: z.array(uidSchema).max(64),
  commitment: commitmentEndpointSchema.nullable(),
};

/**
 * The widest range that still pins a device: /16 of IPv4, /48 of IPv6 (a whole site). Without TLS nothing else tells
 * the device from a stranger.
 */
const widestPlainBits = { ipv4: 16, ipv6: 48 } as const;

function isNarrow(text: string): boolean {
  const range = parseAddressRange(text);
  return range !== undefined && range.prefixBits >= widestPlainBits[range.family];
}

/** What is typed in to pair a device. */
export const pairingSchema = z
  .strictObject({
    ...pairingFields,
    addresses: pairingFields.addresses.default([]),
    certificates: pairingFields.certificates.default([]),
    classes: pairingFields.classes.default('standard'),
    privateClasses: pairingFields.privateClasses.default([]),
    commitment: pairingFields.commitment.default(null),
  })
  .refine((one) => one.channel === 'tls' || one.addresses.length > 0, {
    path: ['addresses'],
    message: 'a device without TLS is pinned to its address',
  })
  .refine((one) => one.channel === 'tls' || one.addresses.every(isNarrow), {
    path: ['addresses'],
    message: 'a device without TLS is pinned to a range of /16 or narrower (IPv6: /48)',
  })
  .refine((one) => one.channel === 'plain' || one.certificates.length > 0, {
    path: ['certificates'],
    message: 'a device with TLS is known by its certificate',
  })
  .refine((one) => one.channel === 'tls' || one.certificates.length === 0, {
    path: ['certificates'],
    message: 'a device without TLS shows no certificate',
  });
export type Pairing = z.output<typeof pairingSchema>;
export type PairingInput = z.input<typeof pairingSchema>;

export const deviceIdSchema = z.string().regex(/^[0-9a-f]{32}$/);

export const deviceSchema = z.strictObject({
  id: deviceIdSchema,
  ...pairingFields,
  pairedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().nullable(),
});
export type Device = z.infer<typeof deviceSchema>;

/** Single parts of a pairing; what is left out stays as it is. */
export const pairingChangeSchema = z.strictObject(pairingFields).partial();
export type PairingChange = z.infer<typeof pairingChangeSchema>;

const isoTime = z.iso.datetime();
const count = z.int().min(0);

/** Why a caller was refused. */
export const refusedBecauseSchema = z.enum([
  'unknown-title',
  'other-address',
  'tls-only',
  'plain-only',
  'other-certificate',
  'other-called-title',
  'odd-title',
]);
export type RefusedBecause = z.infer<typeof refusedBecauseSchema>;

/** Of one caller: what a device proposes at most fits, what an attacker proposes does not. */
export const mostCallerClasses = 64;

export const proposedClassSchema = z.object({
  uid: uidSchema,
  /** The standard's keyword, where the standard knows the class. */
  keyword: z.string().nullable(),
});

/** Somebody who called and was not let in. The same title, address and channel count together. */
export const callerSchema = z.object({
  id: deviceIdSchema,
  /** null: it had characters that are not allowed there. */
  callingAeTitle: z.string().max(16).nullable(),
  /** The title it asked for; null as above. */
  calledAeTitle: z.string().max(16).nullable(),
  address: z.string().max(64),
  channel: channelSchema,
  certificate: certificateFingerprintSchema.nullable(),
  classes: z.array(proposedClassSchema).max(mostCallerClasses),
  because: refusedBecauseSchema,
  /** The reason as a sentence. */
  text: z.string(),
  count,
  firstAt: isoTime,
  lastAt: isoTime,
  dismissed: z.boolean(),
});
export type RefusedCaller = z.infer<typeof callerSchema>;

/** A class that somebody who was let in proposed and that is not accepted from it. */
export const observedClassSchema = z.object({
  id: deviceIdSchema,
  /** null: a program on this PC that is not paired. */
  deviceId: deviceIdSchema.nullable(),
  aeTitle: z.string().max(16),
  address: z.string().max(64),
  ...proposedClassSchema.shape,
  state: z.enum(['seen', 'allowed', 'dismissed']),
  count,
  firstAt: isoTime,
  lastAt: isoTime,
});
export type ObservedClass = z.infer<typeof observedClassSchema>;

/** Where an address belongs: `public` can be reached from the whole internet. */
export const addressScopeSchema = z.enum(['loopback', 'private', 'link-local', 'public']);
export type AddressScope = z.infer<typeof addressScopeSchema>;

export const networkAddressSchema = z.object({
  interface: z.string(),
  address: z.string(),
  scope: addressScopeSchema,
  /** Listened on right now. */
  used: z.boolean(),
});
export type NetworkAddressFacts = z.infer<typeof networkAddressSchema>;

/** What to type into a modality. */
export const connectionSchema = z.object({
  aeTitle: z.string(),
  /** `this-pc`: no other device can reach it until an address or interface is chosen (`dicom.host`). */
  reach: z.enum(['nobody', 'this-pc', 'network']),
  /** The address in force; null while nothing is listened on. */
  host: z.string().nullable(),
  port: z.int(),
  /** null: TLS is off. */
  tlsPort: z.int().nullable(),
  /** The interface that is followed, where `dicom.host` names one. */
  interface: z.string().nullable(),
});
export type Connection = z.infer<typeof connectionSchema>;
