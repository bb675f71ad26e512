import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { assertNever } from '../../../shared/assert-never.ts';
import type { DicomwebDestinationSettings } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';

const maxSecretBytes = 8192;
/** A chain of certificates; a bundle of a whole company is smaller. */
const maxPemBytes = 1024 * 1024;

/** How requests show who sends them. */
export interface DicomwebSignIn {
  /** Value of the Authorization header, or undefined. */
  readonly authorization: string | undefined;
  /** Of the TLS connection; empty without a client certificate and a further authority. */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly authority?: string };
}

/**
 * Reads what the destination signs in with: the stored credential and the certificate files the settings name.
 * @throws EdgeSyncError `cloud-secret-missing`, `cloud-secret-malformed` (its detail never shows a value),
 *   `pacs-certificate-file`.
 */
export async function dicomwebSignIn(
  settings: DicomwebDestinationSettings,
  secret: Secret | undefined,
): Promise<DicomwebSignIn> {
  const { authorityFile } = settings;
  const authority = authorityFile === undefined ? undefined : await readCertificates(authorityFile);
  const trust = authority === undefined ? {} : { authority };
  if (settings.auth === 'none') return { authorization: undefined, tls: trust };
  if (secret === undefined) throw new EdgeSyncError('cloud-secret-missing', settings.name);
  if (secret.sizeBytes > maxSecretBytes) throw malformed('it is too long');
  const text = secret.revealText().trim();
  switch (settings.auth) {
    case 'basic': {
      // RFC 7617: the user has no colon, the password may.
      if (!/^[^:\p{Cc}]+:[^\p{Cc}]+$/u.test(text)) throw malformed('it is USER:PASSWORD');
      return { authorization: `Basic ${Buffer.from(text, 'utf8').toString('base64')}`, tls: trust };
    }
    case 'bearer':
      // RFC 6750 2.1.
      if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(text)) throw malformed('it is a bearer token, without "Bearer"');
      return { authorization: `Bearer ${text}`, tls: trust };
    case 'client-certificate': {
      const { certificateFile } = settings;
      if (certificateFile === undefined) {
        throw new EdgeSyncError('config-bad-value', 'client-certificate needs certificateFile');
      }
      const cert = await readCertificates(certificateFile);
      return { authorization: undefined, tls: { ...trust, cert, key: matchingKey(text, cert) } };
    }
    default:
      return assertNever(settings.auth);
  }
}

function matchingKey(given: string, certificates: string): string {
  const pem = withLines(given);
  let belongs: boolean;
  try {
    belongs = new X509Certificate(certificates).checkPrivateKey(createPrivateKey(pem));
  } catch {
    throw malformed('it is the private key of the certificate as PEM, without a passphrase');
  }
  if (!belongs) throw malformed('the private key is not that of the certificate');
  return pem;
}

/** A field of one line takes the line breaks out of a PEM text (RFC 7468). */
function withLines(text: string): string {
  const found = /^-----BEGIN ([A-Z ]{1,40})-----([A-Za-z0-9+/=\s]+)-----END \1-----$/.exec(text);
  if (found === null) return text;
  const [, label = '', base64 = ''] = found;
  const lines = base64.replace(/\s/g, '').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

async function readCertificates(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'latin1');
  } catch (error) {
    throw new EdgeSyncError('pacs-certificate-file', 'it cannot be read', { cause: error });
  }
  if (text.length > maxPemBytes) throw new EdgeSyncError('pacs-certificate-file', 'it is too long');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new EdgeSyncError('pacs-certificate-file', 'it holds no certificate (PEM)');
  try {
    blocks.forEach((block) => new X509Certificate(block));
  } catch (error) {
    throw new EdgeSyncError('pacs-certificate-file', 'a certificate in it cannot be read', { cause: error });
  }
  return blocks.join('\n');
}

function malformed(problem: string): EdgeSyncError {
  return new EdgeSyncError('cloud-secret-malformed', problem);
}
