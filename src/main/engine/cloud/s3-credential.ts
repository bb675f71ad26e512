import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';

export interface S3Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a temporary credential. */
  readonly sessionToken?: string;
}

const maxCredentialBytes = 8192;

/**
 * Reads the credential of an S3 destination: `KEYID:SECRET` (with `:SESSIONTOKEN` for a temporary one), or the lines
 * `aws_access_key_id = ...` and `aws_secret_access_key = ...` as the vendor's own files have them.
 * @throws EdgeSyncError `cloud-secret-malformed`; its detail never shows a value.
 */
export function parseS3Credential(secret: Secret): S3Credential {
  if (secret.sizeBytes > maxCredentialBytes) throw malformed('it is too long');
  const text = secret.revealText().trim();
  const [accessKeyId, secretAccessKey, sessionToken] = /^\s*aws_/im.test(text)
    ? fromLines(text)
    : text.split(':');
  if (accessKeyId === undefined || !/^[\x21-\x7e]{3,128}$/.test(accessKeyId)) {
    throw malformed('the access key id is missing or odd: it is KEYID:SECRET');
  }
  if (secretAccessKey === undefined || !/^[\x21-\x7e]{8,256}$/.test(secretAccessKey)) {
    throw malformed('the secret access key is missing or odd: it is KEYID:SECRET');
  }
  if (sessionToken !== undefined && !/^[\x21-\x7e]+$/.test(sessionToken)) {
    throw malformed('the session token is odd');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function fromLines(text: string): readonly (string | undefined)[] {
  const value = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'im').exec(text)?.[1];
  return [value('aws_access_key_id'), value('aws_secret_access_key'), value('aws_session_token')];
}

function malformed(problem: string): EdgeSyncError {
  return new EdgeSyncError('cloud-secret-malformed', problem);
}
