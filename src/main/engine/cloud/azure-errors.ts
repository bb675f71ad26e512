/**
 * What an answer of Azure Blob Storage, or the lack of one, means to us. The only place that knows the service's
 * error codes. The raw cause is kept for the log; no part of an answer but a checked error code gets into a text.
 */
import { isRestError, type RestError } from '@azure/storage-blob';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { EndedBy } from './request-run.ts';
import { clockSkew, connectionError, retryAfterMs } from './service-answers.ts';

/** What the store knows about the request that failed. */
export interface FailedRequest {
  readonly host: string;
  readonly container: string;
  /** The PC's clock when the answer came, epoch milliseconds. */
  readonly nowMs: number;
  /** Who ended it, if we did. */
  readonly ended: EndedBy;
}

/** Something with the name lies there already and was left alone. */
const existsCodes: ReadonlySet<string> = new Set([
  'BlobAlreadyExists',
  'ConditionNotMet',
  'UnauthorizedBlobOverwrite',
  'BlobImmutableDueToPolicy',
]);
const missingCodes: ReadonlySet<string> = new Set(['BlobNotFound']);
/** ResourceNotFound is what is said of an account, or of a container that this credential may not see: of no image. */
const containerCodes: ReadonlySet<string> = new Set([
  'ContainerNotFound',
  'ContainerBeingDeleted',
  'ResourceNotFound',
]);
const checksumCodes: ReadonlySet<string> = new Set(['Md5Mismatch', 'InvalidMd5', 'Crc64Mismatch']);

/** Turns whatever a request threw into an EdgeSyncError; one of ours passes unchanged. */
export function mapAzureError(error: unknown, request: FailedRequest): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  switch (request.ended) {
    case 'by-caller':
      return new EdgeSyncError('cancelled', undefined, { cause: error });
    case 'by-deadline':
      return new EdgeSyncError('cloud-unreachable', `${request.host} did not answer in time`, {
        cause: error,
      });
    case 'by-service':
      if (error instanceof Error && error.name === 'AuthenticationError') return fromDirectory(error);
      return isRestError(error) && error.statusCode !== undefined
        ? fromAnswer(error, error.statusCode, request)
        : connectionError(error, request.host);
  }
}

/** True when a create-only write was refused because something is there. */
export function meansExists(error: unknown): boolean {
  return isRestError(error) && existsCodes.has(serviceCode(error));
}

/** True when the answer says that there is no such blob. */
export function meansMissing(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 404 && missingCodes.has(serviceCode(error));
}

/** True when blocks that were to be committed are no longer there: another writer committed, or they expired. */
export function meansBlocksGone(error: unknown): boolean {
  return isRestError(error) && serviceCode(error) === 'InvalidBlockList';
}

/** Entra itself refused to give a token. Its error is a word of OAuth 2.0 (RFC 6749 5.2). */
function fromDirectory(error: Error): EdgeSyncError {
  const status: unknown = 'statusCode' in error ? error.statusCode : undefined;
  const answer: unknown = 'errorResponse' in error ? error.errorResponse : undefined;
  const word: unknown =
    typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : '';
  const detail = typeof word === 'string' && /^[a-z_]{1,60}$/.test(word) ? `Entra: ${word}` : 'Entra';
  const isPassing = typeof status === 'number' && (status === 429 || status >= 500);
  return new EdgeSyncError(isPassing ? 'cloud-server-error' : 'cloud-auth', detail, { cause: error });
}

function fromAnswer(error: RestError, status: number, request: FailedRequest): EdgeSyncError {
  const code = serviceCode(error);
  const detail = code === '' ? `status ${status}` : `${status} ${code}`;
  const told = (ours: ErrorCode, text: string | undefined = detail): EdgeSyncError =>
    new EdgeSyncError(ours, text, { cause: error });

  if (status === 407) return told('proxy-refused');
  if (status === 429 || status === 503) {
    const waitMs = retryAfter(error, request.nowMs);
    return new EdgeSyncError('cloud-throttled', detail, {
      cause: error,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }
  if (status >= 500) return told('cloud-server-error');
  if (containerCodes.has(code)) return told('cloud-container-missing', request.container);
  if (checksumCodes.has(code)) return told('cloud-checksum');
  if (status === 401 || status === 403 || code === 'InvalidAuthenticationInfo') {
    const skew = clockSkew(answerDate(error), request.nowMs);
    return skew === undefined ? told('cloud-auth') : told('cloud-clock-skew', skew.detail);
  }
  if (missingCodes.has(code)) return told('object-missing', undefined);
  // An expired or vanished set of blocks, a lease, an account that is being made: it may pass.
  if (status === 409 || status === 412 || status === 408 || code === 'InvalidBlockList') {
    return told('cloud-server-error');
  }
  // The service marks every answer of its own. Without the mark something in between spoke: a proxy, a login page.
  if (error.response?.headers.get('x-ms-request-id') === undefined) {
    return told(
      'cloud-unreachable',
      `something other than the cloud answered for ${request.host} (status ${status})`,
    );
  }
  // It was done, and the answer about it came broken: nothing is known, so it is asked again.
  if (status < 300) return told('cloud-server-error', 'an answer that cannot be read');
  return told('cloud-refused');
}

/** The service's error code, or empty; anything that does not look like one is dropped. */
function serviceCode(error: RestError): string {
  const code = error.response?.headers.get('x-ms-error-code') ?? bodyCode(error) ?? error.code;
  return code !== undefined && /^[A-Za-z0-9]{1,64}$/.test(code) ? code : '';
}

function bodyCode(error: RestError): string | undefined {
  const details: unknown = error.details;
  if (typeof details !== 'object' || details === null) return undefined;
  const code: unknown =
    'errorCode' in details ? details.errorCode : 'code' in details ? details.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function answerDate(error: RestError): Date | undefined {
  const date = error.response?.headers.get('date');
  return date === undefined ? undefined : new Date(date);
}

/** Retry-After, or the service's own milliseconds. */
function retryAfter(error: RestError, nowMs: number): number | undefined {
  const headers = error.response?.headers;
  const ownMs = headers?.get('x-ms-retry-after-ms') ?? headers?.get('retry-after-ms');
  if (ownMs !== undefined && /^\d{1,9}$/.test(ownMs)) return Math.min(Number(ownMs), 60 * 60_000);
  return retryAfterMs(headers?.get('retry-after'), answerDate(error)?.getTime() ?? nowMs);
}
