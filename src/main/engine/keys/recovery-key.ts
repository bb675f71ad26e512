/**
 * The recovery key: 24 words -> 32 bytes of entropy -> HKDF -> a P-256 key pair, and its self-signed certificate.
 * Everything follows from the words alone, offline; only the certificate's ECDSA signature differs from one making
 * to the next, so the fingerprint is that of the public key (SHA-256 of the SubjectPublicKeyInfo).
 */
import { createHash, hkdfSync, webcrypto } from 'node:crypto';
import { tlv } from '../seal/der.ts';
import { p256KeyFromScalar, type P256Key } from '../seal/p256.ts';
import { tags } from '../seal/profile.ts';
import { publicKeyFromCoordinates, type AgreementKey, type Recipient } from '../seal/recipients.ts';
import { Secret } from '../system/secret.ts';
import { entropyFromWords } from './recovery-words.ts';

const privateKeyLabel = 'edge-sync recovery key P-256 v1';
const recordMacLabel = 'edge-sync archive key record v1';

/** SP 800-186 3.2.1.3: the order n of P-256's base point. */
const p256Order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
/** FIPS 186-5 A.2.1: 16 bytes more than the order, so that the remainder is as good as uniform. */
const scalarSourceBytes = 48;

/** Fixed, because the certificate must be made again from the words alone. 9999-12-31: RFC 5280 4.1.2.5, no end. */
const notBefore = new Date('2020-01-01T00:00:00Z');
const notAfter = new Date('9999-12-31T23:59:59Z');
const commonName = 'Edge Sync recovery';

export interface RecoveryKey {
  /** SHA-256 of the SubjectPublicKeyInfo, 64 hex digits. */
  readonly fingerprint: string;
  /** Opens what was sealed to the certificate. */
  readonly agreement: AgreementKey;
  /** DER, 91 bytes. */
  readonly spki: Buffer;
  /** X and Y of the public point. */
  readonly coordinates: Buffer;
  /** PKCS#8, DER. */
  readonly pkcs8: Secret;
  /** Proves that an archive key record was made by somebody who had the words. */
  readonly recordMacKey: Secret;
}

/** `entropy`: the 32 bytes the words stand for. */
export function deriveRecoveryKey(entropy: Secret): RecoveryKey {
  const source = hkdf(entropy, privateKeyLabel, scalarSourceBytes);
  const number = (BigInt(`0x${source.toString('hex')}`) % (p256Order - 1n)) + 1n;
  const scalar = Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
  const key = p256KeyFromScalar(scalar);
  source.fill(0);
  scalar.fill(0);
  const pkcs8 = Secret.from(key.pkcs8);
  key.pkcs8.fill(0);
  const fingerprint = createHash('sha256').update(key.spki).digest('hex');
  return {
    fingerprint,
    agreement: {
      privateKey: key.privateKey,
      ids: [
        { tag: 'key-id', keyId: keyIdOf(key) },
        // Not how we name it, but how other tools do when they seal something to the certificate.
        { tag: 'issuer-serial', der: issuerAndSerial(fingerprint) },
      ],
    },
    spki: key.spki,
    coordinates: key.coordinates,
    pkcs8,
    recordMacKey: Secret.from(hkdf(entropy, recordMacLabel, 32)),
  };
}

/** The recovery key as a recipient of new objects. */
export function recoveryRecipient(key: RecoveryKey): Recipient {
  const [id] = key.agreement.ids;
  if (id === undefined) throw new Error('a recovery key has an identifier');
  return { tag: 'agreement', id, publicKey: publicKeyFromCoordinates(key.coordinates) };
}

/** RFC 5280 4.2.1.2 (1): SHA-1 of the public key's bits. An identifier, no protection. */
function keyIdOf(key: Pick<P256Key, 'coordinates'>): Buffer {
  return createHash('sha1').update(Buffer.of(4)).update(key.coordinates).digest();
}

/** 16 bytes, positive and not zero (RFC 5280 4.1.2.2). */
function serialNumberOf(fingerprint: string): string {
  return `40${fingerprint.slice(0, 30)}`;
}

/** IssuerAndSerialNumber (RFC 5652 10.2.4) of the certificate: its name is one PrintableString. */
function issuerAndSerial(fingerprint: string): Buffer {
  const oidCommonName = Buffer.from('0603550403', 'hex');
  const attribute = tlv(tags.sequence, oidCommonName, tlv(0x13, Buffer.from(commonName, 'ascii')));
  const issuer = tlv(tags.sequence, tlv(tags.set, attribute));
  return tlv(tags.sequence, issuer, tlv(tags.integer, Buffer.from(serialNumberOf(fingerprint), 'hex')));
}

function hkdf(entropy: Secret, label: string, sizeBytes: number): Buffer {
  return Buffer.from(
    hkdfSync('sha256', entropy.reveal(), Buffer.alloc(0), Buffer.from(label, 'utf8'), sizeBytes),
  );
}

/** PEM of the self-signed certificate: subject, serial number, dates and key follow from the words. */
export async function makeRecoveryCertificate(key: RecoveryKey): Promise<string> {
  // Loaded only here: few runs need it, and it wants reflect-metadata first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  // Its types are the browser's, ours are Node's; at run time both are the same Web Crypto.
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', key.pkcs8.reveal(), algorithm, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', key.spki, algorithm, true, ['verify']),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumberOf(key.fingerprint),
    name: `CN=${commonName}`,
    notBefore,
    notAfter,
    keys: keys as never,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyAgreement, true),
      new x509.SubjectKeyIdentifierExtension(keyIdOf(key).toString('hex')),
    ],
  });
  return `${certificate.toString('pem').trim()}\n`;
}

export interface ExportedRecoveryKey {
  /** PKCS#8, unencrypted: what `openssl cms -decrypt -inkey` takes. Opens the whole archive. */
  readonly keyPem: Secret;
  readonly certificatePem: string;
  readonly fingerprint: string;
}

/** The key that stock tools take, from the words alone; needs no installation and no network. Throws recovery-words-*. */
export async function exportRecoveryKey(words: readonly string[]): Promise<ExportedRecoveryKey> {
  const entropy = entropyFromWords(words);
  const key = deriveRecoveryKey(entropy);
  entropy.wipe();
  return {
    keyPem: Secret.fromText(pem('PRIVATE KEY', key.pkcs8.reveal())),
    certificatePem: await makeRecoveryCertificate(key),
    fingerprint: key.fingerprint,
  };
}

/** RFC 7468: lines of 64 characters. */
function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
