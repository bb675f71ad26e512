/** Reading certificates that came from outside: bounded, and told what is wrong. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { familyOf, kindText } from './keys.ts';

/** A chain has two to four. */
const mostCertificates = 16;
/** Far above any certificate for one key. */
const largestPemBytes = 32 * 1024;
const block =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]{1,40000}-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

export interface CertificateFacts {
  readonly pem: string;
  readonly certificate: X509Certificate;
  /** Of the whole certificate, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Hex, lower case, without leading zeros. */
  readonly serial: string;
  /** The common name, or the whole subject. */
  readonly name: string;
  readonly issuerName: string;
  readonly hosts: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isCa: boolean;
  readonly isSelfIssued: boolean;
  readonly keyText: string;
  readonly family: 'ecdsa' | 'rsa';
}

/** Every certificate in a PEM text, in its order. Throws EdgeSyncError certificate-import-unusable. */
export function certificatesIn(text: string): CertificateFacts[] {
  const found = text.match(block) ?? [];
  if (found.length === 0) throw unusable('there is no certificate in PEM in it');
  if (found.length > mostCertificates) throw unusable(`it holds more than ${mostCertificates} certificates`);
  return found.map((one) => factsOf(one));
}

/** Throws EdgeSyncError certificate-import-unusable. */
export function factsOf(pem: string): CertificateFacts {
  if (pem.length > largestPemBytes) throw unusable('a certificate is too large');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
    // Decodes the key: a certificate whose key cannot be read is of no use here.
    createPublicKey(certificate.publicKey.export({ format: 'pem', type: 'spki' }));
  } catch {
    throw unusable('a certificate cannot be read');
  }
  return {
    pem: certificate.toString(),
    certificate,
    sha256: sha256Of(certificate),
    serial: plainSerial(certificate.serialNumber),
    name: commonName(certificate.subject),
    issuerName: commonName(certificate.issuer),
    hosts: hostsIn(certificate.subjectAltName),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    isCa: certificate.ca,
    isSelfIssued: certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey),
    keyText: kindText(certificate.publicKey),
    family: familyOf(certificate.publicKey),
  };
}

export function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Programs differ in case and leading zeros. */
export function plainSerial(serial: string): string {
  return serial.toLowerCase().replace(/^0+(?=.)/, '');
}

/**
 * Whether each is signed by the next one (RFC 5280 6.1, without the dates), and the next one is a CA.
 * Throws EdgeSyncError certificate-import-unusable that names the first that is not.
 */
export function checkChain(chain: readonly CertificateFacts[]): void {
  for (const [index, one] of chain.entries()) {
    const issuer = chain[index + 1];
    if (issuer === undefined) return;
    if (!issuer.isCa) throw unusable(`"${issuer.name}" is no CA`);
    if (
      !one.certificate.checkIssued(issuer.certificate) ||
      !one.certificate.verify(issuer.certificate.publicKey)
    )
      throw unusable(`"${one.name}" is not signed by "${issuer.name}", which follows it`);
  }
}

/** Node prints one attribute per line, values escaped with backslashes. */
function commonName(subject: string | undefined): string {
  const lines = (subject ?? '').split('\n');
  const line = lines.find((one) => one.startsWith('CN=')) ?? lines[0] ?? '';
  return line.replace(/^CN=/, '').replace(/\\(.)/g, '$1').slice(0, 128);
}

function hostsIn(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .map((one) => /^(?:DNS|IP Address):(.+)$/.exec(one)?.[1])
    .filter((one) => one !== undefined)
    .slice(0, 64);
}

function unusable(detail: string): EdgeSyncError {
  return new EdgeSyncError('certificate-import-unusable', detail);
}
