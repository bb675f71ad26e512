/** The certificate of somebody who is to get a study: whether it can be used, and what a person compares. */
import { X509Certificate } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { recipientFromCertificate } from '../seal/certificate.ts';
import type { Recipient } from '../seal/recipients.ts';

/** Far above any certificate for one P-256 key. */
const maxPemBytes = 32 * 1024;
/** anyExtendedKeyUsage, emailProtection, clientAuth, documentSigning's sibling for encryption: RFC 5280 4.2.1.12. */
const fittingPurposes: ReadonlySet<string> = new Set([
  '2.5.29.37.0',
  '1.3.6.1.5.5.7.3.4',
  '1.3.6.1.5.5.7.3.2',
  '1.3.6.1.4.1.311.10.3.4',
  '1.3.6.1.4.1.311.80.1',
]);
/** keyUsage, RFC 5280 4.2.1.3: OID, then optionally critical, then the value. */
const keyUsageOid = Buffer.from('0603551d0f', 'hex');
const keyAgreementBit = 0x08;

export interface CertificateFacts {
  /** As the certificate has it, one line. */
  readonly subject: string;
  readonly issuer: string;
  readonly notAfter: string;
  /** SHA-256 of the certificate, hex without colons: what `openssl x509 -fingerprint -sha256` shows. */
  readonly sha256: string;
}

export interface CertificateOfRecipient extends CertificateFacts {
  readonly pem: string;
  readonly recipient: Recipient;
}

/**
 * Reads and judges one certificate, PEM or DER (base64 of it is not taken). Nobody vouches for it but the person who
 * compares the fingerprint. Throws certificate-unusable.
 */
export function readRecipient(bytes: Uint8Array, nowMs: number): CertificateOfRecipient {
  if (bytes.length > maxPemBytes) throw unusable('it is too long for a certificate');
  const certificate = parsed(Buffer.from(bytes));
  const { recipient } = recipientFromCertificate(pemOf(certificate));
  if (nowMs > certificate.validToDate.getTime()) throw unusable('it has expired');
  if (nowMs < certificate.validFromDate.getTime()) throw unusable('it is not valid yet');
  // Its types say string[]; a certificate without the extension gives undefined.
  const purposes = certificate.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.some((purpose) => fittingPurposes.has(purpose)))
    throw unusable('it is for another purpose than receiving sealed files');
  if (!mayAgreeOnKeys(certificate.raw)) throw unusable('its key may not be used for key agreement');
  return {
    pem: pemOf(certificate),
    recipient,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notAfter: certificate.validToDate.toISOString(),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** A fingerprint however it was typed: colons, spaces, capitals. */
export function sameFingerprint(typed: string, sha256: string): boolean {
  return typed.replaceAll(/[\s:]/g, '').toLowerCase() === sha256;
}

function parsed(bytes: Buffer): X509Certificate {
  const begins = bytes.toString('latin1').split('-----BEGIN ').length - 1;
  if (begins > 1) throw unusable('the file holds more than one certificate');
  try {
    return new X509Certificate(bytes);
  } catch {
    throw unusable('it is not an X.509 certificate');
  }
}

function pemOf(certificate: X509Certificate): string {
  return certificate.toString();
}

/** True without the extension. The last byte of the bit string's first octet row is what counts here. */
function mayAgreeOnKeys(der: Buffer): boolean {
  const at = der.indexOf(keyUsageOid);
  if (at < 0) return true;
  let next = at + keyUsageOid.length;
  if (der[next] === 0x01) next += 3;
  // OCTET STRING { BIT STRING { unused, bits... } }, all short.
  const isExpected = der[next] === 0x04 && der[next + 2] === 0x03;
  const bits = der[next + 5];
  return isExpected && bits !== undefined && (bits & keyAgreementBit) !== 0;
}

/** Control characters and line breaks in a name must not draw on a terminal. */
function oneLine(name: string): string {
  return name
    .replaceAll(/\s*\n\s*/g, ', ')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .slice(0, 300);
}

function unusable(why: string): EdgeSyncError {
  return new EdgeSyncError('certificate-unusable', why);
}
