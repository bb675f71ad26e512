/** The images of a study in the order people expect: series by number, images by number. Kept in memory for a few studies. */
import type { StudyImageRow } from './queue/study-detail.ts';

/** What of the queue the index reads. */
export interface IndexedRows {
  images(studyId: string, afterInstanceId: number, limit: number): StudyImageRow[];
}

export interface IndexedSeries {
  /** Its place: opaque to the page, the same as long as no series comes before it. */
  readonly id: string;
  readonly uid: string;
  readonly modality: string;
  readonly number: string;
  readonly description: string;
  /** In order. */
  readonly instances: readonly number[];
  readonly verified: number;
  readonly failed: number;
  readonly parked: number;
  readonly sizeBytes: number;
  readonly local: number;
}

export interface StudyIndex {
  readonly series: readonly IndexedSeries[];
  readonly local: number;
  /** Rows that do not open; their images stand in a series of their own, without a number. */
  readonly unreadable: number;
}

const rowsAtOnce = 200;
/** A study of more images than this is shown as far as this. */
export const mostImagesIndexed = 100_000;

interface Growing {
  readonly uid: string;
  modality: string;
  number: string;
  description: string;
  readonly instances: { readonly id: number; readonly number: number; readonly at: number }[];
  verified: number;
  failed: number;
  parked: number;
  sizeBytes: number;
  local: number;
}

/** Reads every row of the study, a page at a time, with a turn of the event loop between pages. */
export async function indexStudy(
  rows: IndexedRows,
  studyId: string,
  nextTurn: () => Promise<void>,
): Promise<StudyIndex> {
  const bySeries = new Map<string, Growing>();
  let unreadable = 0;
  let local = 0;
  for (let after = 0, seen = 0; seen < mostImagesIndexed;) {
    const page = rows.images(studyId, after, rowsAtOnce);
    for (const row of page) {
      if (row.details === undefined) unreadable += 1;
      if (row.spoolId !== null) local += 1;
      add(bySeries, row, seen);
      seen += 1;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < rowsAtOnce) break;
    after = last.instanceId;
    await nextTurn();
  }
  const series = [...bySeries.values()]
    .sort((a, b) => byNumber(numberOf(a.number), numberOf(b.number)) || a.uid.localeCompare(b.uid))
    .map(({ instances, ...rest }, at) => ({
      ...rest,
      id: String(at),
      instances: instances.sort((a, b) => byNumber(a.number, b.number) || a.at - b.at).map(({ id }) => id),
    }));
  return { series, local, unreadable };
}

function add(bySeries: Map<string, Growing>, row: StudyImageRow, at: number): void {
  const { details } = row;
  const uid = details?.seriesInstanceUid ?? '';
  const series: Growing = bySeries.get(uid) ?? {
    uid,
    modality: '',
    number: '',
    description: '',
    instances: [],
    verified: 0,
    failed: 0,
    parked: 0,
    sizeBytes: 0,
    local: 0,
  };
  bySeries.set(uid, series);
  series.modality ||= details?.modality ?? '';
  series.number ||= details?.seriesNumber?.trim() ?? '';
  series.description ||= details?.seriesDescription?.trim() ?? '';
  series.instances.push({ id: row.instanceId, number: numberOf(details?.instanceNumber), at });
  if (row.state !== 'pending') series[row.state] += 1;
  series.sizeBytes += row.sizeBytes;
  if (row.spoolId !== null) series.local += 1;
}

/** IS (PS3.5 6.2); what has none comes last. */
export function numberOf(text: string | undefined): number {
  const trimmed = text?.trim() ?? '';
  const value = trimmed === '' ? Number.NaN : Number(trimmed);
  return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
}

function byNumber(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
