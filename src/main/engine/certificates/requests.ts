/** Certificate signing requests (PKCS#10, RFC 2986) that a device or its vendor made. */
import { createPublicKey } from 'node:crypto';
import { certificateHostSchema, certificateNameSchema } from '../../../shared/contract-certificates.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { signingAlgorithmOf } from './keys.ts';
import { loadX509 } from './x509.ts';

const mostHosts = 16;
/** RFC 8017 leaves it open; smaller ones have a history of attacks and no use. */
const smallestExponent = 65_537n;

export interface ReadRequest {
  /** The common name, when it has one that can be used. */
  readonly name: string | undefined;
  /** DNS names and addresses of its subject alternative name; everything else it asks for is left out. */
  readonly hosts: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

/**
 * Reads and judges a request: its signature proves that whoever asks holds the key.
 * Throws EdgeSyncError certificate-request-unusable.
 */
export async function readRequest(pem: string): Promise<ReadRequest> {
  const x509 = await loadX509();
  let request: InstanceType<typeof x509.Pkcs10CertificateRequest>;
  let isSigned: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(pem.trim());
    isSigned = await request.verify();
  } catch {
    throw unusable('it is not one request in PEM, or its kind of signature is not known');
  }
  if (!isSigned) throw unusable('its signature does not fit its key');
  const spki = Buffer.from(request.publicKey.rawData);
  checkKey(spki);
  const name = certificateNameSchema.safeParse(request.subjectName.getField('CN')[0]);
  return { name: name.success ? name.data : undefined, hosts: hostsOf(request.extensions, x509), spki };
}

function checkKey(spki: Buffer): void {
  let key;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw unusable('its public key cannot be read');
  }
  if (signingAlgorithmOf(key) === undefined)
    throw unusable('its key is neither ECDSA P-256 or P-384 nor RSA of 2048 to 8192 bits');
  const exponent = key.asymmetricKeyDetails?.publicExponent;
  if (exponent !== undefined && exponent < smallestExponent) throw unusable('its RSA exponent is too small');
}

function hostsOf(
  extensions: readonly unknown[],
  x509: Awaited<ReturnType<typeof loadX509>>,
): readonly string[] {
  const found = extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
  if (found === undefined) return [];
  return found.names.items
    .filter(({ type }) => type === 'dns' || type === 'ip')
    .map(({ value }) => certificateHostSchema.safeParse(value))
    .filter((parsed) => parsed.success)
    .map(({ data }) => data)
    .slice(0, mostHosts);
}

function unusable(detail: string): EdgeSyncError {
  return new EdgeSyncError('certificate-request-unusable', detail);
}
