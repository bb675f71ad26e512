/** Makes certificates (RFC 5280): the site CA's own, and those it issues. */
import { createHash, createPublicKey, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type * as library from '@peculiar/x509';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';
import { publicKeyOf, signingAlgorithmOf } from './keys.ts';

type X509 = typeof library;

/** Loaded at first use: most runs need no certificate, and it wants reflect-metadata first. */
export async function loadX509(): Promise<X509> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  // Its types are the browser's, ours are Node's; at run time both are the same Web Crypto.
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate that signs others, with its private key. */
export interface SigningIdentity {
  readonly certificatePem: string;
  /** PKCS#8, DER. */
  readonly key: Secret;
}

export interface CaRequest {
  readonly commonName: string;
  readonly organization: string;
  /** PKCS#8, DER. */
  readonly key: Secret;
  readonly validity: Validity;
  /** 16 to 20 random bytes. */
  readonly serial: Buffer;
}

/**
 * A self-signed CA (RFC 5280 4.2.1.3, 4.2.1.9): it may sign certificates and revocation lists, and no further CA.
 * No name constraints: see docs/decisions/0008-certificates.md.
 */
export async function makeCa(request: CaRequest): Promise<string> {
  const x509 = await loadX509();
  const spki = publicKeyOf(request.key);
  const name = new x509.Name([{ CN: [request.commonName] }, { O: [request.organization] }]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialText(request.serial),
    subject: name,
    issuer: name,
    ...request.validity,
    publicKey: new Uint8Array(spki),
    ...(await signer(request.key)),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectKeyIdentifierExtension(keyIdOf(spki)),
    ],
  });
  return pemOf(certificate.toString('pem'));
}

export interface LeafRequest {
  readonly commonName: string;
  /** Host names and addresses, for the subject alternative name. */
  readonly hosts: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly validity: Validity;
  readonly serial: Buffer;
}

/**
 * A certificate for one end of a DICOM connection. Both usages, client and server: with storage commitment each end
 * calls the other.
 */
export async function issueLeaf(request: LeafRequest, issuer: SigningIdentity): Promise<string> {
  const x509 = await loadX509();
  const ca = new X509Certificate(issuer.certificatePem);
  const issuerCertificate = new x509.X509Certificate(new Uint8Array(ca.raw));
  const isRsa =
    createPublicKey({ key: request.spki, format: 'der', type: 'spki' }).asymmetricKeyType === 'rsa';
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  // A set of bits, which the library's enum has no name for.
  const rsaUsage = (digitalSignature | keyEncipherment) as typeof digitalSignature;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialText(request.serial),
    subject: new x509.Name([{ CN: [request.commonName] }]),
    issuer: issuerCertificate.subjectName,
    ...request.validity,
    publicKey: new Uint8Array(request.spki),
    ...(await signer(issuer.key)),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(isRsa ? rsaUsage : digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.clientAuth,
        x509.ExtendedKeyUsage.serverAuth,
      ]),
      ...(request.hosts.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              request.hosts.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
            ),
          ]),
      new x509.SubjectKeyIdentifierExtension(keyIdOf(request.spki)),
      new x509.AuthorityKeyIdentifierExtension(keyIdOfCertificate(x509, issuerCertificate)),
    ],
  });
  return pemOf(certificate.toString('pem'));
}

async function signer(
  key: Secret,
): Promise<{ readonly signingKey: never; readonly signingAlgorithm: never }> {
  const algorithm = signingAlgorithmOf(createPrivateKey({ key: key.reveal(), format: 'der', type: 'pkcs8' }));
  if (algorithm === undefined) throw new EdgeSyncError('certificate-import-unusable', 'the kind of its key');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', key.reveal(), algorithm, false, ['sign']);
  return { signingKey: signingKey as never, signingAlgorithm: algorithm as never };
}

/** Positive and not zero (RFC 5280 4.1.2.2): the first byte lies between 40 and 7F. */
function serialText(serial: Buffer): string {
  if (serial.length < 16 || serial.length > 20) throw new EdgeSyncError('internal', 'serial number');
  const bytes = Buffer.from(serial);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** RFC 7093 2 (1): the first 160 bits of the key's SHA-256. An identifier, no protection. */
function keyIdOf(spki: Buffer): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, 40);
}

/** What the issuer calls its own key, so that the chain is found also under a CA that others made. */
function keyIdOfCertificate(x509: X509, certificate: InstanceType<X509['X509Certificate']>): string {
  const own = certificate.getExtension(x509.SubjectKeyIdentifierExtension);
  return own?.keyId ?? keyIdOf(Buffer.from(certificate.publicKey.rawData));
}

function pemOf(text: string): string {
  return `${text.trim()}\n`;
}
