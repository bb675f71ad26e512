/** What answers of different clouds have in common: dates, Retry-After, codes of the connection. */
import { EdgeSyncError } from '../../../shared/errors.ts';

/** Beyond this difference the clock is named as the reason of a refused signature (the services allow 15 min). */
export const clockSkewToleranceMs = 5 * 60_000;
const maxRetryAfterMs = 60 * 60_000;

/** Node's and libuv's codes for a name that cannot be resolved. */
const nameCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);

/** @returns the error, if the service's clock and ours are further apart than allowed. */
export function clockSkew(serviceDate: Date | undefined, nowMs: number): EdgeSyncError | undefined {
  if (serviceDate === undefined || Number.isNaN(serviceDate.getTime())) return undefined;
  const aheadMs = nowMs - serviceDate.getTime();
  if (Math.abs(aheadMs) <= clockSkewToleranceMs) return undefined;
  return new EdgeSyncError(
    'cloud-clock-skew',
    `it is ${spoken(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`,
  );
}

/**
 * Retry-After in seconds or as a date (RFC 9110 10.2.3), bounded to an hour.
 * @param nowMs the service's own time when it is known: a date of its must not be measured with our clock.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Math.min(Number(value) * 1000, maxRetryAfterMs);
  const at = new Date(value).getTime();
  if (Number.isNaN(at)) return undefined;
  return Math.min(Math.max(at - nowMs, 0), maxRetryAfterMs);
}

/** A failure without an answer: DNS, connection, TLS. Only a checked system code gets into the text. */
export function connectionError(error: unknown, host: string): EdgeSyncError {
  const named = namedCause(error);
  if (named !== undefined) return named;
  const code = systemCode(error);
  if (code === 'EPROXYREFUSED') return new EdgeSyncError('proxy-refused', undefined, { cause: error });
  if (nameCodes.has(code)) return new EdgeSyncError('cloud-host-unknown', host, { cause: error });
  return new EdgeSyncError('cloud-unreachable', code === '' ? host : `${host} (${code})`, { cause: error });
}

/** One of ours behind what a library made of it: why no way to the service could be chosen. */
function namedCause(error: unknown): EdgeSyncError | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < 4 && at instanceof Error; depth += 1) {
    if (at instanceof EdgeSyncError && at.code.startsWith('proxy-')) return at;
    at = at.cause;
  }
  return undefined;
}

/** A portal before the network, a company's proxy: its answer says nothing about what lies in the cloud. */
export function notTheCloud(host: string, status: number): EdgeSyncError {
  return new EdgeSyncError(
    'cloud-unreachable',
    `something other than the cloud answered for ${host} (status ${status})`,
  );
}

/** A code such as ECONNRESET or CERT_HAS_EXPIRED, or empty; looked for in the causes too. */
export function systemCode(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < 4 && at instanceof Error; depth += 1) {
    const code: unknown = 'code' in at ? at.code : undefined;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,48}$/.test(code)) return code;
    at = at.cause;
  }
  return '';
}

function spoken(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
