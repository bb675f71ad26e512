/** What a person typed into the restore dialog, made into what the engine is asked for. */
import type { RestoreRequest, RestoreSelection } from '../../../shared/contract-restore.ts';
import { isAbsolutePath } from '../files/paths.ts';

export interface OrderDraft {
  readonly what: 'all' | 'some';
  readonly patientId: string;
  readonly dateFrom: string;
  readonly dateTo: string;
  readonly where: 'folder' | 'medium' | 'node';
  readonly folder: string;
  readonly node: string;
  readonly source: 'local' | 'cloud';
}

export const emptyDraft: OrderDraft = {
  what: 'all',
  patientId: '',
  dateFrom: '',
  dateTo: '',
  where: 'folder',
  folder: '',
  node: '',
  source: 'local',
};

/** Which field is wrong, and how; the words are the catalogue's. */
export interface OrderProblems {
  readonly patientId?: 'nothingChosen';
  readonly dateFrom?: 'badDate';
  readonly dateTo?: 'badDate' | 'datesCrossed';
  readonly folder?: 'notAbsolute';
  readonly node?: 'badNode';
}

/** A study of the page is named by the engine when the restore starts: nobody types a UID, and none is kept here. */
export type Selecting =
  | { readonly tag: 'study'; readonly studyId: string }
  | { readonly tag: 'ready'; readonly selection: RestoreSelection };

export type Target = Pick<RestoreRequest, 'to' | 'node' | 'layout' | 'fromCloud'>;

export interface Order {
  readonly selecting: Selecting;
  readonly target: Target;
}

export type Parsed =
  | { readonly tag: 'order'; readonly order: Order }
  | { readonly tag: 'problems'; readonly problems: OrderProblems };

/** `callingAe`: the title under which this PC sends. */
export function parseOrder(draft: OrderDraft, studyId: string | undefined, callingAe: string): Parsed {
  const problems: { -readonly [Key in keyof OrderProblems]: OrderProblems[Key] } = {};
  const selecting: Selecting =
    studyId === undefined
      ? { tag: 'ready', selection: selectionOf(draft, problems) }
      : { tag: 'study', studyId };
  const target = targetOf(draft, callingAe, problems);
  return Object.keys(problems).length > 0
    ? { tag: 'problems', problems }
    : { tag: 'order', order: { selecting, target } };
}

type Findings = { -readonly [Key in keyof OrderProblems]: OrderProblems[Key] };

function selectionOf(draft: OrderDraft, problems: Findings): RestoreSelection {
  if (draft.what === 'all') return { tag: 'all' };
  const patientId = draft.patientId.trim();
  const from = dateOf(draft.dateFrom);
  const to = dateOf(draft.dateTo);
  if (from === 'bad') problems.dateFrom = 'badDate';
  if (to === 'bad') problems.dateTo = 'badDate';
  else if (to !== undefined && from !== undefined && from !== 'bad' && to < from)
    problems.dateTo = 'datesCrossed';
  if (patientId === '' && from === undefined && to === undefined) problems.patientId = 'nothingChosen';
  return {
    tag: 'matching',
    ...(patientId === '' ? {} : { patientId }),
    ...(from === undefined ? {} : { studyDateFrom: from }),
    ...(to === undefined ? {} : { studyDateTo: to }),
  };
}

function targetOf(draft: OrderDraft, callingAe: string, problems: Findings): Target {
  const fromCloud = draft.source === 'cloud';
  if (draft.where === 'node') {
    const node = nodeOf(draft.node);
    if (node === undefined) {
      problems.node = 'badNode';
      return { fromCloud };
    }
    return { node: { ...node, callingAe }, fromCloud };
  }
  const to = draft.folder.trim();
  if (!isAbsolutePath(to)) problems.folder = 'notAbsolute';
  return { to, fromCloud, ...(draft.where === 'medium' ? { layout: 'medium' as const } : {}) };
}

/** "2026-01-31" or "20260131" as DICOM's DA (PS3.5 6.2); undefined when empty, `bad` when no such day exists. */
export function dateOf(text: string): string | undefined {
  const typed = text.trim();
  if (typed === '') return undefined;
  const parts = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(typed);
  if (parts === null) return 'bad';
  const [, year = '', month = '', day = ''] = parts;
  const iso = `${year}-${month}-${day}`;
  const date = new Date(`${iso}T00:00:00Z`);
  // A 31st of February becomes a day of March: it is not taken for one.
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso
    ? 'bad'
    : `${year}${month}${day}`;
}

/** AET@HOST:PORT; an IPv6 address stands in brackets. AE titles: PS3.5 6.2, 16 characters without backslash. */
export function nodeOf(
  text: string,
): { readonly calledAe: string; readonly host: string; readonly port: number } | undefined {
  const parts = /^([\x20-\x5b\x5d-\x7e]{1,16})@(\[[0-9A-Fa-f:.]+\]|[^\s@:[\]]+):(\d{1,5})$/.exec(text.trim());
  const [, title = '', host = '', port = ''] = parts ?? [];
  const calledAe = title.trim();
  const number = Number(port);
  if (calledAe === '' || number < 1 || number > 65_535) return undefined;
  return { calledAe, host: host.replace(/^\[|\]$/g, ''), port: number };
}
