/**
 * What answers of a DICOMweb service mean to us (PS3.18). The only place that knows its status codes and failure reasons.
 * No text of an answer gets into an error: only numbers.
 */
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { clockSkew, notTheCloud, retryAfterMs } from './service-answers.ts';

/** An answer of which the body was read up to its limit. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What the store knows about the request that was answered. */
export interface AnsweredRequest {
  readonly host: string;
  /** The PC's clock when the answer came, epoch milliseconds. */
  readonly nowMs: number;
}

const elementSchema = z.object({ Value: z.array(z.unknown()).max(10_000).optional() });
const itemSchema = z.record(z.string(), z.unknown());
/** Tags of PS3.18 table 10.5.3-1 and of QIDO answers (table 10.6.3-5). */
const failedSequence = '00081198';
const referencedSequence = '00081199';
const failureReason = '00081197';
const referencedInstance = '00081155';
const sopInstance = '00080018';

/** PS3.4 annex B and PS3.18 table I.2-2: reasons that another attempt may not meet. */
type ReasonMeaning = 'no-room' | 'busy' | 'not-allowed' | 'refused';

function meaningOf(reason: number): ReasonMeaning {
  // A7xx: refused, out of resources. 0110: processing failure. 0213: resource limitation. 0124: not authorised.
  if (reason >= 0xa700 && reason <= 0xa7ff) return 'no-room';
  if (reason === 0x0213) return 'no-room';
  if (reason === 0x0110) return 'busy';
  if (reason === 0x0124) return 'not-allowed';
  // A9xx, Cxxx (C122: transfer syntax), 0122: the image itself is not taken.
  return 'refused';
}

/**
 * Reads the answer to a store request (PS3.18 10.5.3) of one instance.
 * @throws EdgeSyncError pacs-refused, pacs-too-large, pacs-no-room, pacs-no-service, cloud-auth, cloud-clock-skew,
 *   cloud-throttled, cloud-server-error, cloud-unreachable, proxy-refused.
 */
export function checkStored(answer: ServiceAnswer, sopInstanceUid: string, request: AnsweredRequest): void {
  const { status } = answer;
  const isDone = status === 200 || status === 202;
  // 409: none was stored; the reasons are in the same form.
  if (!isDone && status !== 409) throw refusal(answer, request);
  if (isPage(answer)) throw notTheCloud(request.host, status);
  const told = outcomeOf(answer.body, sopInstanceUid);
  switch (told.tag) {
    case 'failed':
      throw fromReason(told.reason);
    case 'stored':
    case 'untold':
      // Some say nothing in JSON. What was stored is proven by fetching it back, not by this.
      if (!isDone) throw new EdgeSyncError('pacs-refused', 'status 409, without a reason');
  }
}

type Outcome =
  | { readonly tag: 'stored' }
  | { readonly tag: 'failed'; readonly reason: number | undefined }
  | { readonly tag: 'untold' };

function outcomeOf(body: Buffer, sopInstanceUid: string): Outcome {
  const root = itemsOf(body)[0];
  if (root === undefined) return { tag: 'untold' };
  const failed = sequence(root, failedSequence);
  // One instance was sent: an item that names none, or another, is about it all the same.
  const about = failed.find((item) => firstValue(item, referencedInstance) === sopInstanceUid) ?? failed[0];
  if (about !== undefined) {
    const reason = firstValue(about, failureReason);
    return { tag: 'failed', reason: typeof reason === 'number' && isShort(reason) ? reason : undefined };
  }
  const stored = sequence(root, referencedSequence);
  return stored.some((item) => firstValue(item, referencedInstance) === sopInstanceUid)
    ? { tag: 'stored' }
    : { tag: 'untold' };
}

function isShort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

function fromReason(reason: number | undefined): EdgeSyncError {
  if (reason === undefined) return new EdgeSyncError('pacs-refused', 'without a reason');
  const detail = `failure reason ${reason.toString(16).toUpperCase().padStart(4, '0')}`;
  switch (meaningOf(reason)) {
    case 'no-room':
      return new EdgeSyncError('pacs-no-room', detail);
    case 'busy':
      return new EdgeSyncError('cloud-server-error', detail);
    case 'not-allowed':
      return new EdgeSyncError('cloud-auth', detail);
    case 'refused':
      return new EdgeSyncError('pacs-refused', detail);
  }
}

/** An answer by its status alone; `status` is none that means success. */
export function refusal({ status, headers }: ServiceAnswer, request: AnsweredRequest): EdgeSyncError {
  const detail = `status ${status}`;
  if (status === 407) return new EdgeSyncError('proxy-refused', detail);
  if (status === 401 || status === 403) {
    return clockSkew(dateOf(headers['date']), request.nowMs) ?? new EdgeSyncError('cloud-auth', detail);
  }
  if (status === 429 || status === 503) {
    const date = dateOf(headers['date']);
    const nowMs = date === undefined || Number.isNaN(date.getTime()) ? request.nowMs : date.getTime();
    const waitMs = retryAfterMs(text(headers['retry-after']), nowMs);
    return new EdgeSyncError('cloud-throttled', detail, waitMs === undefined ? {} : { retryAfterMs: waitMs });
  }
  if (status === 413) return new EdgeSyncError('pacs-too-large', detail);
  if (status === 507) return new EdgeSyncError('pacs-no-room', detail);
  if (status === 404 || status === 405 || status === 501) return new EdgeSyncError('pacs-no-service', detail);
  if (status >= 300 && status < 400) {
    return new EdgeSyncError('pacs-no-service', `${detail}: it sends elsewhere, which is not followed`);
  }
  if (status === 408 || status >= 500) return new EdgeSyncError('cloud-server-error', detail);
  return new EdgeSyncError('pacs-refused', detail);
}

/** Does a search answer (PS3.18 10.6.3, application/dicom+json) name this instance? */
export function namesInstance(answer: ServiceAnswer, sopInstanceUid: string): boolean {
  return itemsOf(answer.body).some((item) => firstValue(item, sopInstance) === sopInstanceUid);
}

/** A portal before the network, a login page: it speaks of no instance. */
export function isPage({ headers }: ServiceAnswer): boolean {
  return text(headers['content-type'])?.toLowerCase().startsWith('text/html') === true;
}

/** The datasets of a DICOM JSON body (PS3.18 annex F): one, or an array. Anything else is none. */
function itemsOf(body: Buffer): readonly Readonly<Record<string, unknown>>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return [];
  }
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return list.flatMap((item) => {
    const read = itemSchema.safeParse(item);
    return read.success ? [read.data] : [];
  });
}

function sequence(
  item: Readonly<Record<string, unknown>>,
  tag: string,
): readonly Readonly<Record<string, unknown>>[] {
  const element = elementSchema.safeParse(item[tag]);
  if (!element.success) return [];
  return (element.data.Value ?? []).flatMap((one) => {
    const read = itemSchema.safeParse(one);
    return read.success ? [read.data] : [];
  });
}

function firstValue(item: Readonly<Record<string, unknown>>, tag: string): unknown {
  const element = elementSchema.safeParse(item[tag]);
  const value: unknown = element.success ? element.data.Value?.[0] : undefined;
  // US as text: not right, but seen.
  if (typeof value === 'string' && tag === failureReason && /^\d{1,5}$/.test(value)) return Number(value);
  return value;
}

function dateOf(value: string | string[] | undefined): Date | undefined {
  const date = text(value);
  return date === undefined ? undefined : new Date(date);
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
