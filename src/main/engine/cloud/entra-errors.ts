/**
 * What Entra's answers mean when a person has signed in. Words are those of OAuth 2.0 (RFC 6749 5.2, RFC 8628 3.5); the
 * numbers are Entra's own. Nothing else of an answer gets into a text.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { connectionError } from './service-answers.ts';

/** The last that was heard from the directory, or why nothing was. */
export type DirectoryWord =
  | { readonly tag: 'none' }
  | { readonly tag: 'refused'; readonly status: number; readonly word: string; readonly number: number }
  | { readonly tag: 'silent'; readonly error: unknown };

/** AADSTS numbers by which an administrator's (or the user's) consent is missing. */
const consentNumbers: ReadonlySet<number> = new Set([65001, 65004, 90094, 90095, 650051, 650057]);
/** Of an app that may not sign in so: unknown, no public client, no such tenant, not for this kind of account. */
const appWords: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'unsupported_grant_type',
  'access_denied',
]);
const endedWords: ReadonlySet<string> = new Set([
  'authorization_declined',
  'expired_token',
  'code_expired',
  'bad_verification_code',
]);
const againWords: ReadonlySet<string> = new Set(['invalid_grant', 'interaction_required', 'login_required']);

/** Reads an OAuth error body; undefined when it is none. */
export function refusedBy(status: number, body: string): DirectoryWord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) return undefined;
  const { error } = parsed;
  if (typeof error !== 'string' || !/^[a-z_]{1,60}$/.test(error)) return undefined;
  const numbers: unknown = 'error_codes' in parsed ? parsed.error_codes : undefined;
  const number: unknown = Array.isArray(numbers) ? numbers[0] : undefined;
  const isNumber = typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 1e9;
  return { tag: 'refused', status, word: error, number: isNumber ? number : 0 };
}

/** @param host of the directory. @returns what to tell; one of ours passes unchanged. */
export function mapEntraError(error: unknown, heard: DirectoryWord, host: string): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new EdgeSyncError('cancelled', undefined, { cause: error });
  }
  switch (heard.tag) {
    case 'silent':
      return connectionError(heard.error, host);
    case 'refused':
      return fromWord(heard, error);
    case 'none':
      // Nothing to renew with: no token of a person was ever kept, or what was kept cannot be read.
      return new EdgeSyncError('entra-sign-in-needed', undefined, { cause: error });
  }
}

function fromWord(
  { status, word, number }: Extract<DirectoryWord, { tag: 'refused' }>,
  cause: unknown,
): EdgeSyncError {
  const detail = number === 0 ? `Entra: ${word}` : `Entra: ${word} (AADSTS${number})`;
  if (status === 429 || status >= 500) return new EdgeSyncError('cloud-server-error', detail, { cause });
  if (consentNumbers.has(number) || word === 'consent_required') {
    return new EdgeSyncError('entra-consent-needed', detail, { cause });
  }
  if (endedWords.has(word)) return new EdgeSyncError('entra-sign-in-ended', detail, { cause });
  if (againWords.has(word)) return new EdgeSyncError('entra-sign-in-needed', detail, { cause });
  if (appWords.has(word)) return new EdgeSyncError('entra-not-allowed', detail, { cause });
  return new EdgeSyncError('cloud-auth', detail, { cause });
}
