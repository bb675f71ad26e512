/** Judges what an administrator brings along: a clinic's CA, a server certificate, a revocation list. */
import { X509Certificate } from 'node:crypto';
import type { ImportRequest } from '../../../shared/contract-certificates.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { RevocationList } from '../queue/certificates.ts';
import { Secret } from '../system/secret.ts';
import { fits, keyFromPem, signingAlgorithmOf } from './keys.ts';
import { type CertificateFacts, certificatesIn, checkChain, factsOf, plainSerial } from './pem.ts';
import { loadX509 } from './x509.ts';

/** A list beyond this is of a public CA, which does not belong here. */
const mostSerials = 100_000;
/** RFC 5280 4.2.1.12: the extended key usage for TLS servers. */
const serverAuth = '1.3.6.1.5.5.7.3.1';

interface Brought {
  readonly chain: readonly CertificateFacts[];
}

/**
 * A CA and the CAs above it up to the root; with a key it is to issue. Throws certificate-import-unusable.
 */
export function readCa(
  request: Extract<ImportRequest, { tag: 'ca' }>,
  nowMs: number,
): Brought & { readonly ca: CertificateFacts; readonly key: Secret | undefined } {
  const [ca, ...chain] = certificatesIn(request.pem);
  if (ca === undefined) throw unusable('there is no certificate in PEM in it');
  for (const one of [ca, ...chain]) checkCa(one, nowMs);
  checkChain([ca, ...chain]);
  const root = chain.at(-1) ?? ca;
  // Both ends of TLS follow a chain up to a root that they hold.
  if (!root.isSelfIssued)
    throw unusable(`the CAs above "${root.name}" are missing; put them behind it, up to the root`);
  return { ca, chain, key: keyOf(request.key, ca) };
}

function checkCa(one: CertificateFacts, nowMs: number): void {
  if (!one.isCa) throw unusable(`"${one.name}" is no CA`);
  checkDates(one, nowMs);
  if (signingAlgorithmOf(one.certificate.publicKey) === undefined)
    throw unusable(`the key of "${one.name}" is neither ECDSA P-256 or P-384 nor RSA of 2048 to 8192 bits`);
}

/** This node's own certificate, then its issuers; the last is a root or issued by a CA that is trusted here. */
export function readServerCertificate(
  request: Extract<ImportRequest, { tag: 'server' }>,
  nowMs: number,
  trusted: readonly { readonly pem: string }[],
): Brought & { readonly leaf: CertificateFacts; readonly key: Secret } {
  const [leaf, ...chain] = certificatesIn(request.pem);
  if (leaf === undefined) throw unusable('there is no certificate in PEM in it');
  if (leaf.isCa) throw unusable('it is a CA; import that with `certificates import-ca`');
  checkDates(leaf, nowMs);
  const usages = leaf.certificate.keyUsage as readonly string[] | undefined;
  if (usages !== undefined && !usages.includes(serverAuth)) throw unusable('it is not for servers');
  const top = chain.at(-1) ?? leaf;
  const issuer = top.isSelfIssued
    ? undefined
    : trusted
        .map(({ pem }) => factsOf(pem))
        .find(
          (one) =>
            top.certificate.checkIssued(one.certificate) && top.certificate.verify(one.certificate.publicKey),
        );
  if (!top.isSelfIssued && issuer === undefined)
    throw unusable(`the CA that issued "${top.name}" is missing; put it behind it, or import it first`);
  const whole = issuer === undefined ? chain : [...chain, issuer];
  checkChain([leaf, ...whole]);
  const key = keyOf(request.key, leaf);
  if (key === undefined) throw unusable('its private key is missing');
  return { leaf, chain: whole, key };
}

function keyOf(
  given: { readonly pem: string; readonly passphrase?: string | undefined } | undefined,
  certificate: CertificateFacts,
): Secret | undefined {
  if (given === undefined) return undefined;
  const key = keyFromPem(
    given.pem,
    given.passphrase === undefined ? undefined : Secret.fromText(given.passphrase),
  );
  if (!fits(certificate.pem, key)) throw unusable(`the private key is not the one of "${certificate.name}"`);
  return key;
}

function checkDates(one: CertificateFacts, nowMs: number): void {
  if (nowMs >= one.notAfterMs) throw unusable(`"${one.name}" has ended`);
  if (nowMs < one.notBeforeMs) throw unusable(`"${one.name}" is not valid yet`);
}

/** RFC 5280 5.2.3 and 5.2.4: the number of a list, and what marks one that holds only changes. */
const crlNumber = '2.5.29.20';
const deltaCrlIndicator = '2.5.29.27';
/** How far a CA's clock may be ahead of ours. */
const clockDriftMs = 86_400_000;

/**
 * A revocation list in PEM (RFC 5280 5) that a trusted CA signed, and that is not older than the one `known` of that CA:
 * an old list would take revocations back. Throws certificate-import-unusable.
 */
export async function readRevocationList(
  pem: string,
  trusted: readonly { readonly pem: string; readonly sha256: string }[],
  known: readonly RevocationList[],
  nowMs: number,
): Promise<RevocationList> {
  const x509 = await loadX509();
  let list: InstanceType<typeof x509.X509Crl>;
  try {
    list = new x509.X509Crl(pem.trim());
  } catch {
    throw unusable('it is not a revocation list in PEM');
  }
  for (const { pem: issuerPem, sha256 } of trusted) {
    const ca = new X509Certificate(issuerPem);
    const publicKey = new x509.X509Certificate(new Uint8Array(ca.raw)).publicKey;
    const isSigned = await list.verify({ publicKey }).catch(() => false);
    if (!isSigned) continue;
    const serials = list.entries.slice(0, mostSerials + 1).map((one) => plainSerial(one.serialNumber));
    if (serials.length > mostSerials) throw unusable(`the list names more than ${mostSerials} certificates`);
    if (list.getExtension(deltaCrlIndicator) !== null)
      throw unusable('it holds only changes to another list (delta); import the whole list');
    const number = numberOf(list.getExtension(crlNumber)?.value);
    const read: RevocationList = {
      issuerSha256: sha256,
      issuerName: ca.subject,
      serials,
      thisUpdateMs: list.thisUpdate.getTime(),
      nextUpdateMs: list.nextUpdate?.getTime() ?? null,
      ...(number === undefined ? {} : { number }),
    };
    if (read.thisUpdateMs > nowMs + clockDriftMs) throw unusable('the list is not in force yet');
    const before = known.find(({ issuerSha256 }) => issuerSha256 === sha256);
    if (before !== undefined && isOlder(read, before))
      throw unusable('a newer list of this CA is here already');
    return read;
  }
  throw unusable('no CA that is trusted here signed this revocation list');
}

/** Hex without leading zeros. `der`: an INTEGER of at most 20 bytes. */
function numberOf(der: ArrayBuffer | undefined): string | undefined {
  const bytes = Buffer.from(der ?? new ArrayBuffer(0));
  const length = bytes[1] ?? 0;
  if (bytes[0] !== 2 || length < 1 || length > 20 || bytes.length !== length + 2) return undefined;
  return plainSerial(bytes.toString('hex', 2));
}

function isOlder(list: RevocationList, than: RevocationList): boolean {
  if (list.thisUpdateMs < than.thisUpdateMs) return true;
  if (list.number === undefined || than.number === undefined) return false;
  return BigInt(`0x${list.number}`) < BigInt(`0x${than.number}`);
}

function unusable(detail: string): EdgeSyncError {
  return new EdgeSyncError('certificate-import-unusable', detail);
}
