/** Private keys of certificates: made, read from what an administrator has, and written out under a passphrase. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyKind } from '../../../shared/contract-certificates.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';

const generate = promisify(generateKeyPair);

/** BCP 195 (RFC 9325 4.5), SP 800-131A: RSA under 2048 bits is not used any more. */
const smallestRsaBits = 2048;
/** A larger one says nothing about safety and costs every handshake. */
const largestRsaBits = 8192;

/** What signs with a key: a CA of another kind than these is refused at import. */
export type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: 'P-256' | 'P-384'; readonly hash: 'SHA-256' | 'SHA-384' }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: 'SHA-256' };

/** A fresh key as PKCS#8, DER. An RSA one takes up to a few seconds. */
export async function generateKey(kind: KeyKind): Promise<Secret> {
  const { privateKey } = await keyPairOf(kind);
  return secretOf(privateKey);
}

function keyPairOf(kind: KeyKind): Promise<{ privateKey: KeyObject }> {
  switch (kind) {
    case 'ecdsa-p256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'rsa-2048':
      return generate('rsa', { modulusLength: 2048 });
    case 'rsa-3072':
      return generate('rsa', { modulusLength: 3072 });
    default:
      return assertNever(kind);
  }
}

/** SubjectPublicKeyInfo, DER, of a PKCS#8 key. */
export function publicKeyOf(key: Secret): Buffer {
  const privateKey = createPrivateKey({ key: key.reveal(), format: 'der', type: 'pkcs8' });
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
}

/** Elliptic curves P-256 and P-384, and RSA from 2048 bits on; undefined for anything else. */
export function signingAlgorithmOf(key: KeyObject): SigningAlgorithm | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'rsa') {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= smallestRsaBits && bits <= largestRsaBits
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : undefined;
  }
  if (asymmetricKeyType !== 'ec') return undefined;
  switch (asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
    case 'P-256':
      return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    case 'secp384r1':
    case 'P-384':
      return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
    default:
      return undefined;
  }
}

/** Which of the two chains a key belongs to: an old device that cannot check ECDSA needs RSA up to the root. */
export function familyOf(key: KeyObject): 'ecdsa' | 'rsa' {
  return key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa';
}

/** "ecdsa-p256", "rsa-4096": for showing. */
export function kindText(key: KeyObject): string {
  const algorithm = signingAlgorithmOf(key);
  if (algorithm?.name === 'ECDSA') return `ecdsa-${algorithm.namedCurve.replace('-', '').toLowerCase()}`;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  return bits === undefined ? (key.asymmetricKeyType ?? 'unknown') : `rsa-${bits}`;
}

/**
 * A private key in PEM (PKCS#8, PKCS#1 or SEC 1; encrypted with `passphrase`) as PKCS#8, DER.
 * Throws EdgeSyncError certificate-import-unusable: not a key, a kind we do not use, a passphrase that does not fit.
 */
export function keyFromPem(pem: string, passphrase: Secret | undefined): Secret {
  let key: KeyObject;
  try {
    key = createPrivateKey({
      key: pem,
      format: 'pem',
      ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }),
    });
  } catch {
    throw unusable(
      /ENCRYPTED/.test(pem)
        ? 'the passphrase does not open the private key'
        : 'the private key is not in PEM',
    );
  }
  if (signingAlgorithmOf(key) === undefined)
    throw unusable('its private key is neither ECDSA P-256 or P-384 nor RSA of 2048 to 8192 bits');
  return secretOf(key);
}

/** Whether the certificate is for this key. */
export function fits(certificatePem: string, key: Secret): boolean {
  const privateKey = createPrivateKey({ key: key.reveal(), format: 'der', type: 'pkcs8' });
  return new X509Certificate(certificatePem).checkPrivateKey(privateKey);
}

/** PKCS#8 in PEM, without a passphrase. */
export function keyPem(key: Secret): Secret {
  return Secret.fromText(pem('PRIVATE KEY', key.reveal()));
}

/** RFC 7468: lines of 64 characters. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function secretOf(key: KeyObject): Secret {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const secret = Secret.from(der);
  der.fill(0);
  return secret;
}

function unusable(detail: string): EdgeSyncError {
  return new EdgeSyncError('certificate-import-unusable', detail);
}
