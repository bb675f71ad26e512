/** Certificates of others (a practice's second site, a partner) that new objects are sealed to, and what they must be. */
import { X509Certificate } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { recipientFromCertificate } from '../seal/certificate.ts';
import { DerReader } from '../seal/der.ts';
import { tags } from '../seal/profile.ts';
import { maxFurtherRecipients, type FurtherRecipient } from './key-file-schema.ts';
import type { KeyFileBody } from './key-file.ts';
import { kitsInForce } from './recovery-kit.ts';

/** DER of 2.5.29.15 (RFC 5280 4.2.1.3). */
const keyUsageOid = Buffer.from('0603551d0f', 'hex');
/** KeyUsage ::= BIT STRING; keyAgreement is bit 4. */
const keyAgreementBit = 0x08;
const maxExtensionBytes = 16 * 1024;
const maxPemCharacters = 16_384;

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/**
 * The certificate as a recipient that may be added to `body`. Its signature is not judged: whoever adds it decides to
 * trust it, and compares the fingerprint with its owner.
 * Throws certificate-unusable (and says why), recipient-exists, recipient-too-many.
 */
export function furtherRecipient(
  body: KeyFileBody,
  name: string,
  certificatePem: string,
  nowMs: number,
): FurtherRecipient {
  const certificate = parse(certificatePem);
  mustBeForAgreement(certificate);
  mustBeInForce(certificate, nowMs);
  const { fingerprint } = recipientFromCertificate(certificatePem);
  const isKnown =
    body.recipients.some((one) => one.fingerprint === fingerprint || one.name === name) ||
    kitsInForce(body).some((one) => one.fingerprint === fingerprint);
  if (isKnown) throw new EdgeSyncError('recipient-exists');
  if (body.recipients.length >= maxFurtherRecipients) throw new EdgeSyncError('recipient-too-many');
  return { name, certificatePem, fingerprint, addedAt: new Date(nowMs).toISOString() };
}

/** What to show of a certificate that was added. */
export function certificateFacts(certificatePem: string): CertificateFacts {
  const certificate = parse(certificatePem);
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
  };
}

function parse(pem: string): X509Certificate {
  if (pem.length > maxPemCharacters) throw unusable('it is too long');
  // Of several the library would silently take the first.
  if (pem.split('-----BEGIN').length !== 2) throw unusable('it is not one PEM certificate');
  try {
    return new X509Certificate(pem);
  } catch {
    throw unusable('it is not one PEM certificate');
  }
}

function mustBeForAgreement(certificate: X509Certificate): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss')
    throw unusable('its key is RSA; images are sealed by key agreement, which needs an elliptic-curve key');
  if (asymmetricKeyType !== 'ec')
    throw unusable(`its key is of the kind ${asymmetricKeyType ?? 'unknown'}, not elliptic-curve`);
  const curve = asymmetricKeyDetails?.namedCurve;
  if (curve !== 'prime256v1') throw unusable(`its key is on the curve ${curve ?? 'unknown'}, not on P-256`);
  if (certificate.ca) throw unusable("it is a certificate authority's, which signs and does not receive");
  const usage = keyUsageOf(certificate.raw);
  if (usage !== undefined && (usage & keyAgreementBit) === 0)
    throw unusable('its key usage does not allow key agreement (keyAgreement, RFC 5480 3)');
}

function mustBeInForce(certificate: X509Certificate, nowMs: number): void {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  if (!(nowMs >= from)) throw unusable(`it is valid only from ${dayOf(from)} on`);
  if (!(nowMs <= to)) throw unusable(`it expired on ${dayOf(to)}`);
}

/** First byte of the KeyUsage bits, or undefined when the certificate does not limit its use. Throws certificate-unusable. */
function keyUsageOf(der: Buffer): number | undefined {
  try {
    return readKeyUsage(der);
  } catch {
    throw unusable('its extensions cannot be read');
  }
}

function readKeyUsage(der: Buffer): number | undefined {
  const extensionsTag = 0xa3;
  const bitString = 0x03;
  const boolean = 0x01;
  const tbs = new DerReader(der, 'whole')
    .enter(tags.sequence, maxExtensionBytes, 'Certificate')
    .enter(tags.sequence, maxExtensionBytes, 'TBSCertificate');
  while (!tbs.atEnd && tbs.peek() !== extensionsTag) tbs.value(tbs.peek() ?? 0, maxExtensionBytes, 'field');
  if (tbs.atEnd) return undefined;
  const extensions = tbs
    .enter(extensionsTag, maxExtensionBytes, 'extensions')
    .enter(tags.sequence, maxExtensionBytes, 'extensions');
  while (!extensions.atEnd) {
    const extension = extensions.enter(tags.sequence, maxExtensionBytes, 'extension');
    if (!extension.raw(0x06, 64, 'extension').equals(keyUsageOid)) continue;
    if (extension.peek() === boolean) extension.value(boolean, 1, 'critical');
    const bits = extension.enter(tags.octetString, 16, 'keyUsage').value(bitString, 8, 'keyUsage');
    return bits[1] ?? 0;
  }
  return undefined;
}

function unusable(detail: string): EdgeSyncError {
  return new EdgeSyncError('certificate-unusable', detail);
}

function dayOf(ms: number): string {
  return Number.isNaN(ms) ? 'an unknown day' : new Date(ms).toISOString().slice(0, 10);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ', ').slice(0, 300);
}
