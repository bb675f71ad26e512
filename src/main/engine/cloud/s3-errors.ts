/**
 * What an answer of an S3 service, or the lack of one, means to us. The only place that knows the services' error
 * codes. The raw cause is kept for the log; no part of an answer but a checked error code gets into a text.
 */
import { S3ServiceException } from '@aws-sdk/client-s3';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { EndedBy } from './request-run.ts';
import { clockSkew, connectionError, retryAfterMs } from './service-answers.ts';

/** What the store knows about the request that failed. */
export interface FailedS3Request {
  readonly host: string;
  readonly bucket: string;
  /** The PC's clock when the answer came, epoch milliseconds. */
  readonly nowMs: number;
  readonly ended: EndedBy;
}

const missingCodes: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound', 'NoSuchVersion']);
const checksumCodes: ReadonlySet<string> = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
]);
const credentialCodes: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AccessDenied',
]);
const regionCodes: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'TemporaryRedirect',
  'IllegalLocationConstraintException',
]);
const fullCodes: ReadonlySet<string> = new Set(['QuotaExceeded', 'XMinioStorageFull', 'EntityQuotaExceeded']);
const passingCodes: ReadonlySet<string> = new Set([
  'NoSuchUpload',
  'InvalidPart',
  'InvalidPartOrder',
  'IncompleteBody',
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
]);
const throttleCodes: ReadonlySet<string> = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  'RequestLimitExceeded',
  'ServiceUnavailable',
]);

/** Turns whatever a request threw into an EdgeSyncError; one of ours passes unchanged. */
export function mapS3Error(error: unknown, request: FailedS3Request): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  switch (request.ended) {
    case 'by-caller':
      return new EdgeSyncError('cancelled', undefined, { cause: error });
    case 'by-deadline':
      return new EdgeSyncError('cloud-unreachable', `${request.host} did not answer in time`, {
        cause: error,
      });
    case 'by-service': {
      const status = answerStatus(error);
      return status === undefined ? connectionError(error, request.host) : fromAnswer(error, status, request);
    }
  }
}

/** True when a create-only write was refused because something is there. */
export function meansTaken(error: unknown): boolean {
  return answerStatus(error) === 412 && !isLoginPage(error);
}

/**
 * True when somebody else is writing the same name right now, or the parts that were to be joined are gone (another
 * attempt joined or aborted them): whether the object is there has to be looked up.
 */
export function meansUndecided(error: unknown): boolean {
  return ['ConditionalRequestConflict', 'OperationAborted', 'NoSuchUpload', 'InvalidPart'].includes(
    serviceCode(error),
  );
}

/** True when the answer says that there is no such object. */
export function meansNoObject(error: unknown): boolean {
  const code = serviceCode(error);
  return answerStatus(error) === 404 && !isLoginPage(error) && (missingCodes.has(code) || code === '');
}

/** The answer's Date header. */
export function answerDateOf(headers: Readonly<Record<string, string>> | undefined): Date | undefined {
  const date = headers?.['date'];
  return date === undefined ? undefined : new Date(date);
}

function fromAnswer(error: unknown, status: number, request: FailedS3Request): EdgeSyncError {
  const code = serviceCode(error);
  const headers = headersOf(error);
  const detail = code === '' ? `status ${status}` : `${status} ${code}`;
  const told = (ours: ErrorCode, text: string | undefined = detail): EdgeSyncError =>
    new EdgeSyncError(ours, text, { cause: error });

  if (status === 407) return told('proxy-refused');
  if (status === 429 || status === 503 || throttleCodes.has(code)) {
    const waitMs = retryAfterMs(headers?.['retry-after'], answerDateOf(headers)?.getTime() ?? request.nowMs);
    return new EdgeSyncError('cloud-throttled', detail, {
      cause: error,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }
  if (status === 507 || fullCodes.has(code)) return told('cloud-full');
  if (status === 501) return told('cloud-refused', 'the service lacks something that is needed (501)');
  if (passingCodes.has(code) || status >= 500) return told('cloud-server-error');
  if (code === 'NoSuchBucket') return told('cloud-container-missing', request.bucket);
  if (checksumCodes.has(code)) return told('cloud-checksum');
  if (regionCodes.has(code) || status === 301 || status === 307)
    return told('cloud-region', regionOf(headers));
  if (code === 'RequestTimeTooSkewed') {
    return told('cloud-clock-skew', clockSkew(answerDateOf(headers), request.nowMs)?.detail);
  }
  if (status === 401 || status === 403 || credentialCodes.has(code)) {
    const skew = clockSkew(answerDateOf(headers), request.nowMs);
    return skew === undefined ? told('cloud-auth') : told('cloud-clock-skew', skew.detail);
  }
  // The services mark every answer of their own. Without code and mark something in between spoke: a proxy, a login page.
  if (isLoginPage(error) || (code === '' && headers?.['x-amz-request-id'] === undefined)) {
    return told(
      'cloud-unreachable',
      `something other than the cloud answered for ${request.host} (status ${status})`,
    );
  }
  // It was done, and the answer about it came broken: nothing is known, so it is asked again.
  if (status < 300 && code === '') return told('cloud-server-error', 'an answer that cannot be read');
  if (missingCodes.has(code)) return told('object-missing', undefined);
  if (status === 409 || status === 412 || status === 408) return told('cloud-server-error');
  return told('cloud-refused');
}

function isLoginPage(error: unknown): boolean {
  return (headersOf(error)?.['content-type'] ?? '').startsWith('text/html');
}

/** The service's error code, or empty; anything that does not look like one is dropped. */
function serviceCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const own: unknown = 'Code' in error ? error.Code : undefined;
  const code = typeof own === 'string' ? own : error.name;
  // The library's own names for "there was no code" and for an answer that is no XML.
  if (['UnknownError', 'Unknown', 'Error', 'S3ServiceException', 'SyntaxError'].includes(code)) return '';
  return /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(code) ? code : '';
}

function answerStatus(error: unknown): number | undefined {
  if (error instanceof S3ServiceException) {
    return error.$metadata.httpStatusCode ?? error.$response?.statusCode;
  }
  // An answer that could not be parsed: the library hangs the raw one on the error it threw.
  const response = rawResponse(error);
  return response?.statusCode;
}

function headersOf(error: unknown): Readonly<Record<string, string>> | undefined {
  return rawResponse(error)?.headers;
}

interface RawResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

function rawResponse(error: unknown): RawResponse | undefined {
  if (typeof error !== 'object' || error === null || !('$response' in error)) return undefined;
  const response: unknown = error.$response;
  return typeof response === 'object' &&
    response !== null &&
    'statusCode' in response &&
    'headers' in response
    ? (response as RawResponse)
    : undefined;
}

function regionOf(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  const region = headers?.['x-amz-bucket-region'];
  return region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? `it lies in ${region}` : undefined;
}
