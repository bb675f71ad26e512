/** What callers may ask about one study: its images, its past, and pictures for as long as a reveal lasts. */
import {
  mostSeriesShown,
  type StudyDestination,
  type StudyHistoryEntry,
  type StudyInstance,
  type StudyShown,
} from '../../shared/contract-study.ts';
import { EdgeSyncError, reportFor, type ErrorCode } from '../../shared/errors.ts';
import type { Picture, PictureSize } from '../../shared/preview.ts';
import type { AuditLog } from './audit/audit-log.ts';
import { transferSyntax } from './dicom/transfer-syntaxes.ts';
import type { EngineOptions } from './engine.ts';
import type { Actor } from './engine-service.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { decoderStarter } from './preview/decoder-process.ts';
import { decodeWithinMs } from './preview/decoder-session.ts';
import { openImage } from './preview/open-image.ts';
import { Previews, revealSeconds } from './preview/previews.ts';
import type { Queue } from './queue/queue.ts';
import { nextTurn } from './queue/queue-core.ts';
import type { StudyDeliveryGroup, StudyImageRow } from './queue/study-detail.ts';
import type { StudyRow } from './queue/queue-types.ts';
import type { FileSpool } from './spool/file-spool.ts';
import { summariseStudy } from './status/study-summary.ts';
import { studyHistory } from './study-history.ts';
import { indexStudy, type StudyIndex } from './study-index.ts';
import type { Uploads } from './uploads.ts';

export interface StudyReveal {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly studyDate: string;
  readonly series: { id: string; description: string }[];
  readonly grant: string;
  readonly hideAfterSeconds: number;
}

/** Every method rejects with EdgeSyncError. */
export interface StudyService {
  find(studyInstanceUid: string): { readonly studyId: string | null };
  show(studyId: string): Promise<StudyShown>;
  instances(request: {
    readonly studyId: string;
    readonly seriesId: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{ readonly instances: StudyInstance[]; readonly total: number }>;
  history(
    studyId: string,
    auditBefore: number | null,
  ): { readonly entries: StudyHistoryEntry[]; readonly auditBefore: number | null };
  reveal(studyId: string, actor: Actor): Promise<StudyReveal>;
  hide(grant: string): void;
  picture(
    request: {
      readonly grant: string;
      readonly studyId: string;
      readonly instanceId: string;
      readonly frame: number;
      readonly size: PictureSize;
      readonly from: 'here' | 'cloud';
    },
    signal: AbortSignal,
  ): Promise<Picture>;
}

export interface StudyParts {
  readonly options: EngineOptions;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly spool: FileSpool;
  readonly uploads: Uploads;
  readonly audit: AuditLog;
  readonly previews: Previews;
}

/** `options.startDecoder`: how a decoding process is started; default: a Node of its own. */
export function openPreviews(parts: Omit<StudyParts, 'previews' | 'audit' | 'queue'>): Previews {
  const { options, keys, spool, uploads } = parts;
  const { settings, clock, random } = options;
  const destinations = [...settings.destinations].sort((a, b) => Number(b.required) - Number(a.required));
  const stores = destinations.map((destination) => () => uploads.connect(destination));
  return new Previews({
    start: options.startDecoder ?? decoderStarter(),
    open: (image, from, signal) => openImage(image, from, { keys, spool, stores }, signal),
    clock,
    random,
    decodeWithinMs,
  });
}

/** For the audit trail: the id in the page of the study that a selection names; nothing for any other selection. */
export function studySubject(
  queue: Pick<Queue, 'studyDetail'>,
  selection: { readonly tag: string; readonly studyInstanceUid?: string | undefined },
): { readonly subject?: string } {
  if (selection.tag !== 'study' || selection.studyInstanceUid === undefined) return {};
  const subject = queue.studyDetail.idOf(selection.studyInstanceUid);
  return subject === undefined ? {} : { subject };
}

/** Studies looked at lately: a window shows one. */
const mostIndexes = 4;

export class StudyCalls implements StudyService {
  readonly #parts: StudyParts;
  /** By study; `mark` says of which state it is. */
  readonly #indexes = new Map<string, { readonly mark: string; readonly index: Promise<StudyIndex> }>();

  constructor(parts: StudyParts) {
    this.#parts = parts;
  }

  find(studyInstanceUid: string): { readonly studyId: string | null } {
    return { studyId: this.#parts.queue.studyDetail.idOf(studyInstanceUid) ?? null };
  }

  async show(studyId: string): Promise<StudyShown> {
    const { queue, options } = this.#parts;
    const row = this.#row(studyId);
    const { series, local, unreadable } = await this.#index(row);
    return {
      study: summariseStudy(row, options.clock.nowMs()),
      local,
      unreadable,
      destinations: destinationsOf(queue.studyDetail.deliveryGroups(studyId)),
      series: series
        .slice(0, mostSeriesShown)
        .map(({ uid: _uid, description: _text, instances, ...one }) => ({
          ...one,
          modality: shortCode(one.modality),
          number: shortNumber(one.number),
          instances: instances.length,
          sampleInstanceId: String(instances[instances.length >> 1] ?? 0),
        })),
      seriesTotal: series.length,
    };
  }

  async instances(request: {
    readonly studyId: string;
    readonly seriesId: string;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{ readonly instances: StudyInstance[]; readonly total: number }> {
    const { studyId, seriesId, offset, limit } = request;
    const { series } = await this.#index(this.#row(studyId));
    const ids = series[Number(seriesId)]?.instances ?? [];
    const { studyDetail } = this.#parts.queue;
    const instances = ids.slice(offset, offset + limit).flatMap((id) => {
      const image = studyDetail.image(studyId, id);
      return image === undefined ? [] : [this.#instance(image)];
    });
    return { instances, total: ids.length };
  }

  history(
    studyId: string,
    auditBefore: number | null,
  ): { readonly entries: StudyHistoryEntry[]; readonly auditBefore: number | null } {
    this.#row(studyId);
    return studyHistory(this.#parts.queue.studyDetail, studyId, auditBefore);
  }

  /** The audit entry is on disk before anything is shown, as with every reveal (HIPAA 164.312(b)). */
  async reveal(studyId: string, actor: Actor): Promise<StudyReveal> {
    const { queue, audit, previews } = this.#parts;
    const details = queue.studyDetails(studyId);
    const outcome = details === undefined ? 'failure' : 'success';
    await audit.recorded({ action: 'phi-revealed', actor, subject: studyId, outcome });
    if (details === undefined) throw new EdgeSyncError('study-unknown');
    const { patientName, patientId, studyDescription, studyDate } = details;
    const { series } = await this.#index(this.#row(studyId));
    return {
      ...{ patientName, patientId, studyDescription, studyDate },
      series: series
        .slice(0, mostSeriesShown)
        .map(({ id, description }) => ({ id, description: description.slice(0, 64) })),
      grant: previews.grant(studyId),
      hideAfterSeconds: revealSeconds,
    };
  }

  hide(grant: string): void {
    this.#parts.previews.hide(grant);
  }

  picture(request: Parameters<StudyService['picture']>[0], signal: AbortSignal): Promise<Picture> {
    const { grant, studyId, instanceId, frame, size, from } = request;
    const { queue, previews } = this.#parts;
    previews.check(grant, studyId);
    const image = queue.studyDetail.image(studyId, Number(instanceId));
    if (image === undefined) throw new EdgeSyncError('study-unknown', 'no such image');
    return previews.picture(grant, studyId, { image, frame, size, from }, signal);
  }

  #row(studyId: string): StudyRow {
    const row = this.#parts.queue.study(studyId);
    if (row === undefined) throw new EdgeSyncError('study-unknown');
    return row;
  }

  #instance(image: StudyImageRow): StudyInstance {
    const { details } = image;
    return {
      id: String(image.instanceId),
      number: shortNumber(details?.instanceNumber ?? ''),
      sizeBytes: image.sizeBytes,
      receivedAt: new Date(image.receivedAtMs).toISOString(),
      state: image.state,
      copyHere: image.spoolId !== null,
      flags: [...image.flags],
      transferSyntax: syntaxName(details?.transferSyntaxUid ?? ''),
      deliveries: this.#parts.queue.studyDetail.deliveries(image.instanceId).map((one) => ({
        destination: one.destination,
        state: one.state,
        attempts: one.attempts,
        error: one.error === null ? null : reportFor(one.error),
        nextAttemptAt: isoOf(one.nextAttemptAtMs),
        verifiedAt: isoOf(one.verifiedAtMs),
        repaired: one.repaired,
        checkedAt: isoOf(one.checkedAtMs),
        trouble: one.trouble,
      })),
    };
  }

  /** Read again when the study has changed. */
  #index(row: StudyRow): Promise<StudyIndex> {
    const mark = [row.instances, row.verified, row.failed, row.parked, row.lastReceivedAtMs].join(' ');
    const known = this.#indexes.get(row.id);
    if (known?.mark === mark) return known.index;
    const index = indexStudy(this.#parts.queue.studyDetail, row.id, nextTurn);
    this.#indexes.delete(row.id);
    this.#indexes.set(row.id, { mark, index });
    index.catch(() => this.#indexes.delete(row.id));
    const oldest = this.#indexes.keys().next();
    if (this.#indexes.size > mostIndexes && oldest.done !== true) this.#indexes.delete(oldest.value);
    return index;
  }
}

function destinationsOf(groups: readonly StudyDeliveryGroup[]): StudyDestination[] {
  const names = [...new Set(groups.map(({ destination }) => destination))];
  return names.map((name) => {
    const own = groups.filter(({ destination }) => destination === name);
    const sum = (of: (group: StudyDeliveryGroup) => number): number =>
      own.reduce((total, group) => total + of(group), 0);
    const inState = (state: StudyDeliveryGroup['state']): number =>
      sum((group) => (group.state === state ? group.count : 0));
    const errors = own
      .flatMap(({ error, state, count }) =>
        error !== null && (state === 'failed' || state === 'parked') ? [{ error, state, count }] : [],
      )
      .sort((a, b) => b.count - a.count);
    return {
      name,
      required: own.some(({ required }) => required),
      waiting: inState('queued'),
      uploaded: inState('uploaded'),
      verified: inState('verified'),
      failed: inState('failed'),
      parked: inState('parked'),
      repaired: sum(({ repaired }) => repaired),
      inTrouble: sum(({ inTrouble }) => inTrouble),
      lastVerifiedAt: isoOf(most(own.map(({ lastVerifiedAtMs }) => lastVerifiedAtMs))),
      checked: sum(({ checked }) => checked),
      lastCheckedAt: isoOf(most(own.map(({ lastCheckedAtMs }) => lastCheckedAtMs))),
      errors: errors.map(({ error, state, count }) => ({
        ...reportFor(error satisfies ErrorCode),
        count,
        parked: state === 'parked',
      })),
      nextAttemptAt: isoOf(
        least(own.map(({ state, nextAttemptAtMs }) => (state === 'failed' ? nextAttemptAtMs : null))),
      ),
    };
  });
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** PS3.3 C.7.3.1.1.1; anything else could be a name typed into the wrong field. */
function shortCode(modality: string): string {
  const text = modality.trim().toUpperCase();
  return /^[A-Z][A-Z0-9]{1,5}$/.test(text) ? text : 'OT';
}

/** IS (PS3.5 6.2); anything else is not shown. */
function shortNumber(text: string): string {
  const trimmed = text.trim();
  return /^[+-]?\d{1,12}$/.test(trimmed) ? String(Number(trimmed)) : '';
}

function syntaxName(uid: string): string {
  const known = transferSyntax(uid);
  if (known !== undefined) return known.keyword;
  return /^[0-9.]{1,64}$/.test(uid) ? uid : '';
}
