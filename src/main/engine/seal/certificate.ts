/** Reads what sealing needs from an X.509 certificate (RFC 5280): its P-256 key and how a recipient is named by it. */
import { createHash, type KeyObject } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { DerReader, tlv } from './der.ts';
import { maxKeyIdBytes, p256SpkiPrefix, pointCoordinatesBytes, tags } from './profile.ts';
import { publicKeyFromCoordinates, type Recipient, type RecipientId } from './recipients.ts';

/** Far above any certificate for one P-256 key. */
const maxCertificateBytes = 16 * 1024;
const subjectKeyIdentifier = Buffer.from('0603551d0e', 'hex');
const pemPattern = /^\s*-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

export interface CertificateRecipient {
  readonly recipient: Recipient & { readonly tag: 'agreement' };
  /** SHA-256 of the SubjectPublicKeyInfo, 64 hex digits. */
  readonly fingerprint: string;
  /** Both ways an object may name this certificate. */
  readonly ids: readonly RecipientId[];
}

/**
 * A certificate as a recipient: by its subject key identifier, or by issuer and serial number where it has none.
 * Neither its signature nor its dates are judged: whoever hands it in decides to trust it.
 * Throws EdgeSyncError `certificate-unusable`.
 */
export function recipientFromCertificate(pem: string): CertificateRecipient {
  try {
    return read(derFromPem(pem));
  } catch (error) {
    if (error instanceof EdgeSyncError && error.code === 'certificate-unusable') throw error;
    throw new EdgeSyncError('certificate-unusable', 'it is not an X.509 certificate with a key on P-256');
  }
}

function derFromPem(pem: string): Buffer {
  const base64 = pem.length > 2 * maxCertificateBytes ? undefined : pemPattern.exec(pem)?.[1];
  if (base64 === undefined) throw new EdgeSyncError('certificate-unusable', 'it is not one PEM certificate');
  return Buffer.from(base64, 'base64');
}

function read(der: Buffer): CertificateRecipient {
  const outer = new DerReader(der, 'whole');
  const certificate = outer.enter(tags.sequence, maxCertificateBytes, 'Certificate');
  outer.finish('Certificate');
  const tbs = certificate.enter(tags.sequence, maxCertificateBytes, 'TBSCertificate');
  if (tbs.peek() === tags.context0) tbs.value(tags.context0, 8, 'version');
  const serial = tbs.raw(tags.integer, 64, 'serialNumber');
  tbs.value(tags.sequence, 256, 'signature');
  const issuer = tbs.raw(tags.sequence, 4096, 'issuer');
  tbs.value(tags.sequence, 64, 'validity');
  tbs.value(tags.sequence, 4096, 'subject');
  const spki = tbs.raw(tags.sequence, 4096, 'subjectPublicKeyInfo');
  const issuerSerial: RecipientId = { tag: 'issuer-serial', der: tlv(tags.sequence, issuer, serial) };
  const keyId = findKeyId(tbs);
  const ids = keyId === undefined ? [issuerSerial] : [keyId, issuerSerial];
  return {
    recipient: { tag: 'agreement', id: keyId ?? issuerSerial, publicKey: keyFromSpki(spki) },
    fingerprint: createHash('sha256').update(spki).digest('hex'),
    ids,
  };
}

function keyFromSpki(spki: Buffer): KeyObject {
  const prefix = spki.subarray(0, p256SpkiPrefix.length);
  if (!prefix.equals(p256SpkiPrefix) || spki.length !== p256SpkiPrefix.length + pointCoordinatesBytes) {
    throw new EdgeSyncError('certificate-unusable', 'its key is not an uncompressed point on P-256');
  }
  return publicKeyFromCoordinates(spki.subarray(prefix.length));
}

function findKeyId(tbs: DerReader): RecipientId | undefined {
  const extensionsTag = 0xa3;
  while (!tbs.atEnd && tbs.peek() !== extensionsTag) tbs.value(tbs.peek() ?? 0, 256, 'unique identifier');
  if (tbs.atEnd) return undefined;
  const extensions = tbs
    .enter(extensionsTag, maxCertificateBytes, 'extensions')
    .enter(tags.sequence, maxCertificateBytes, 'extensions');
  while (!extensions.atEnd) {
    const extension = extensions.enter(tags.sequence, maxCertificateBytes, 'extension');
    if (!extension.raw(0x06, 64, 'extension').equals(subjectKeyIdentifier)) continue;
    const value = extension.enter(tags.octetString, maxKeyIdBytes + 2, 'subjectKeyIdentifier');
    return {
      tag: 'key-id',
      keyId: value.value(tags.octetString, maxKeyIdBytes, 'subjectKeyIdentifier'),
    };
  }
  return undefined;
}
