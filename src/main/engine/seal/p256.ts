/** P-256 private keys from their number, and their PKCS#8 form (RFC 5958, RFC 5915). */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { tlv } from './der.ts';
import { ecPublicKeyP256, p256SpkiPrefix, tags } from './profile.ts';

export interface P256Key {
  readonly privateKey: KeyObject;
  /** X and Y, 64 bytes. */
  readonly coordinates: Buffer;
  /** DER of the SubjectPublicKeyInfo, 91 bytes. */
  readonly spki: Buffer;
  /** DER of the PrivateKeyInfo: secret; wipe it after use. */
  readonly pkcs8: Buffer;
}

/** `scalar`: 32 bytes, big-endian, from 1 to n-1. Throws (from node:crypto) outside that. */
export function p256KeyFromScalar(scalar: Buffer): P256Key {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const ecPrivateKey = tlv(
    tags.sequence,
    Buffer.of(tags.integer, 1, 1),
    tlv(tags.octetString, scalar),
    tlv(tags.context1, tlv(tags.bitString, Buffer.of(0), point)),
  );
  const pkcs8 = tlv(
    tags.sequence,
    Buffer.of(tags.integer, 1, 0),
    ecPublicKeyP256,
    tlv(tags.octetString, ecPrivateKey),
  );
  ecPrivateKey.fill(0);
  const coordinates = point.subarray(1);
  return {
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    coordinates,
    spki: Buffer.concat([p256SpkiPrefix, coordinates]),
    pkcs8,
  };
}
