/**
 * Who can open an object, and how the content key is wrapped for each: AES key wrap under a shared key
 * (KEKRecipientInfo, RFC 3565) or ephemeral-static ECDH on P-256 (KeyAgreeRecipientInfo, RFC 5753).
 */
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { aeskw } from '@noble/ciphers/aes.js';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Secret } from '../system/secret.ts';
import { tlv } from './der.ts';
import {
  aes256Wrap,
  contentKeyBytes,
  ecPublicKey,
  ecdhWithAes256Wrap,
  p256SpkiPrefix,
  pointPrefix,
  tags,
  version3,
  version4,
  wrappedKeyBytes,
} from './profile.ts';

/** How a recipient finds its own entry. */
export type RecipientId =
  /** rKeyId: the certificate's subject key identifier. */
  | { readonly tag: 'key-id'; readonly keyId: Buffer }
  /** DER of IssuerAndSerialNumber, for certificates without a key identifier. */
  | { readonly tag: 'issuer-serial'; readonly der: Buffer };

export type Recipient =
  | { readonly tag: 'kek'; readonly keyId: Buffer; readonly kek: Secret }
  | { readonly tag: 'agreement'; readonly id: RecipientId; readonly publicKey: KeyObject };

/** The originator's side of an agreement: one per object, never kept. */
export interface EphemeralKey {
  readonly privateKey: KeyObject;
  /** X and Y, 64 bytes. */
  readonly coordinates: Buffer;
}

/** What a reader holds. */
export interface OpeningKeys {
  /** The KEK of this key identifier, or undefined when it is not ours. */
  kek(keyId: Buffer): Secret | undefined;
  readonly agreements: readonly AgreementKey[];
}

export interface AgreementKey {
  readonly privateKey: KeyObject;
  readonly ids: readonly RecipientId[];
}

/** RFC 3394. A noble instance wraps once, so each call makes its own. */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array {
  return aeskw(kek).encrypt(key);
}

/** The key inside, or undefined when the integrity check fails (RFC 3394 2.2.3). */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  try {
    return aeskw(kek).decrypt(wrapped);
  } catch {
    return undefined;
  }
}

/** About 50 us on a desktop; JWK because exporting SPKI costs more than making the key. */
export function generateEphemeralKey(): EphemeralKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  return { privateKey, coordinates: Buffer.concat([fixed32(x), fixed32(y)]) };
}

function fixed32(base64url: string | undefined): Buffer {
  const bytes = Buffer.from(base64url ?? '', 'base64url');
  return bytes.length === 32 ? bytes : Buffer.concat([Buffer.alloc(32 - bytes.length), bytes]);
}

/** Throws (from node:crypto) when the point is not on the curve. */
export function publicKeyFromCoordinates(coordinates: Uint8Array): KeyObject {
  return createPublicKey({
    key: Buffer.concat([p256SpkiPrefix, coordinates]),
    format: 'der',
    type: 'spki',
  });
}

/**
 * ECDH, then the X9.63 key derivation (SEC 1 3.6.1) with SHA-256 for one block: SHA-256(Z, 00000001, SharedInfo),
 * where SharedInfo is ECC-CMS-SharedInfo (RFC 5753 7.2). Throws (from node:crypto) for keys that do not fit.
 */
export function agreeWrappingKey(
  privateKey: KeyObject,
  publicKey: KeyObject,
  ukm: Uint8Array | undefined,
): Buffer {
  const shared = diffieHellman({ privateKey, publicKey });
  const wrapping = createHash('sha256')
    .update(shared)
    .update(kdfCounter1)
    .update(ukm === undefined ? sharedInfoWithoutUkm : sharedInfo(ukm))
    .digest();
  shared.fill(0);
  return wrapping;
}

const kdfCounter1 = Buffer.of(0, 0, 0, 1);
const sharedInfoWithoutUkm = sharedInfo(undefined);

function sharedInfo(ukm: Uint8Array | undefined): Buffer {
  const entityUInfo = ukm === undefined ? [] : [tlv(tags.context0, tlv(tags.octetString, ukm))];
  // suppPubInfo: the wrapping key's length, 256 bits.
  const suppPubInfo = tlv(tags.context2, tlv(tags.octetString, Buffer.of(0, 0, 1, 0)));
  return tlv(tags.sequence, aes256Wrap, ...entityUInfo, suppPubInfo);
}

/** A RecipientInfo with places left open; offsets count from its first byte. */
export interface RecipientTemplate {
  readonly bytes: Buffer;
  readonly recipient: Recipient;
  readonly wrappedKeyAt: number;
  /** -1 where there is no originator's point. */
  readonly coordinatesAt: number;
}

/** Encodes all that does not change from object to object. */
export function recipientTemplate(recipient: Recipient): RecipientTemplate {
  const emptyKey = Buffer.alloc(wrappedKeyBytes);
  switch (recipient.tag) {
    case 'kek': {
      const bytes = tlv(
        tags.context2,
        version4,
        tlv(tags.sequence, tlv(tags.octetString, recipient.keyId)),
        aes256Wrap,
        tlv(tags.octetString, emptyKey),
      );
      return { bytes, recipient, wrappedKeyAt: bytes.length - wrappedKeyBytes, coordinatesAt: -1 };
    }
    case 'agreement': {
      const originator = tlv(
        tags.context0,
        tlv(tags.context1, ecPublicKey, Buffer.concat([pointPrefix, Buffer.alloc(64)])),
      );
      const bytes = tlv(
        tags.context1,
        version3,
        originator,
        ecdhWithAes256Wrap,
        tlv(
          tags.sequence,
          tlv(tags.sequence, encodeRecipientId(recipient.id), tlv(tags.octetString, emptyKey)),
        ),
      );
      const coordinatesAt = bytes.indexOf(originator) + originator.length - 64;
      return { bytes, recipient, wrappedKeyAt: bytes.length - wrappedKeyBytes, coordinatesAt };
    }
    default:
      return assertNever(recipient);
  }
}

function encodeRecipientId(id: RecipientId): Buffer {
  switch (id.tag) {
    case 'key-id':
      return tlv(tags.context0, tlv(tags.octetString, id.keyId));
    case 'issuer-serial':
      return id.der;
    default:
      return assertNever(id);
  }
}

/**
 * Fills a template that lies at `offset` of `target`. The ephemeral key is asked for only where one is needed.
 */
export function fillRecipient(
  target: Buffer,
  offset: number,
  template: RecipientTemplate,
  contentKey: Uint8Array,
  ephemeral: () => EphemeralKey,
): void {
  const { recipient } = template;
  const wrappedAt = offset + template.wrappedKeyAt;
  switch (recipient.tag) {
    case 'kek':
      target.set(wrapKey(recipient.kek.reveal(), contentKey), wrappedAt);
      return;
    case 'agreement': {
      const { privateKey, coordinates } = ephemeral();
      const wrapping = agreeWrappingKey(privateKey, recipient.publicKey, undefined);
      target.set(coordinates, offset + template.coordinatesAt);
      target.set(wrapKey(wrapping, contentKey), wrappedAt);
      wrapping.fill(0);
      return;
    }
    default:
      assertNever(recipient);
  }
}

/** True for a key that an object may be sealed with: exactly AES-256's size. */
export function isContentKey(key: Uint8Array | undefined): key is Uint8Array {
  return key?.length === contentKeyBytes;
}
