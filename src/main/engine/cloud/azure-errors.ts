/**
 * What an answer of Azure Blob Storage, or the lack of one, means to us. The only place that knows the service's
 * error codes. The raw cause is kept for the log; no part of an answer but a checked error code gets into a text.
 */
import { isRestError, type RestError } from '@azure/storage-blob';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';

/** What the store knows about the request that failed. */
export interface FailedRequest {
  readonly host: string;
  readonly container: string;
  /** The PC's clock when the answer came, epoch milliseconds. */
  readonly nowMs: number;
  /** Who ended it, if we did. */
  readonly ended: 'by-service' | 'by-caller' | 'by-deadline';
}

/** Beyond this difference the clock is named as the reason of a refused signature (the service itself allows 15 min). */
export const clockSkewToleranceMs = 5 * 60_000;
const maxRetryAfterMs = 60 * 60_000;

/** Node's and libuv's codes for a name that cannot be resolved. */
const nameCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
/** Something with the name lies there already and was left alone. */
const existsCodes: ReadonlySet<string> = new Set([
  'BlobAlreadyExists',
  'ConditionNotMet',
  'UnauthorizedBlobOverwrite',
  'BlobImmutableDueToPolicy',
]);
const missingCodes: ReadonlySet<string> = new Set(['BlobNotFound', 'ResourceNotFound']);
const containerCodes: ReadonlySet<string> = new Set(['ContainerNotFound', 'ContainerBeingDeleted']);
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
      return isRestError(error) && error.statusCode !== undefined
        ? fromAnswer(error, error.statusCode, request)
        : fromConnection(error, request);
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

/**
 * @returns the error, if the service's clock and ours are further apart than allowed.
 * @param serviceDate the answer's Date header.
 */
export function clockSkew(serviceDate: Date | undefined, nowMs: number): EdgeSyncError | undefined {
  if (serviceDate === undefined || Number.isNaN(serviceDate.getTime())) return undefined;
  const aheadMs = nowMs - serviceDate.getTime();
  if (Math.abs(aheadMs) <= clockSkewToleranceMs) return undefined;
  return new EdgeSyncError(
    'cloud-clock-skew',
    `it is ${spoken(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`,
  );
}

function fromAnswer(error: RestError, status: number, request: FailedRequest): EdgeSyncError {
  const code = serviceCode(error);
  const detail = code === '' ? `status ${status}` : `${status} ${code}`;
  const told = (ours: ErrorCode, text: string | undefined = detail): EdgeSyncError =>
    new EdgeSyncError(ours, text, { cause: error });

  if (status === 429 || status === 503) {
    const retryAfterMs = retryAfter(error, request.nowMs);
    return new EdgeSyncError('cloud-throttled', detail, {
      cause: error,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
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
  return told('cloud-refused');
}

function fromConnection(error: unknown, request: FailedRequest): EdgeSyncError {
  const code = connectionCode(error);
  if (nameCodes.has(code)) return new EdgeSyncError('cloud-host-unknown', request.host, { cause: error });
  const detail = code === '' ? request.host : `${request.host} (${code})`;
  return new EdgeSyncError('cloud-unreachable', detail, { cause: error });
}

function connectionCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,48}$/.test(code) ? code : '';
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

/** Retry-After in seconds or as a date (RFC 9110 10.2.3), or the service's own milliseconds; bounded to an hour. */
function retryAfter(error: RestError, nowMs: number): number | undefined {
  const headers = error.response?.headers;
  const ownMs = headers?.get('x-ms-retry-after-ms') ?? headers?.get('retry-after-ms');
  if (ownMs !== undefined && /^\d{1,9}$/.test(ownMs)) return Math.min(Number(ownMs), maxRetryAfterMs);
  const value = headers?.get('retry-after');
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, maxRetryAfterMs);
  const at = new Date(value).getTime();
  if (Number.isNaN(at)) return undefined;
  const from = answerDate(error)?.getTime() ?? nowMs;
  return Math.min(Math.max(at - from, 0), maxRetryAfterMs);
}

function spoken(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
