/** Reads a share's index: what it holds and where. It is authentic (only who has the link's key could seal it), but bounded all the same. */
import { checkedUrl, folderOf } from './link.ts';
import { ViewerProblem } from './problem.ts';

/** As many as a share of the engine has at most: a page with more series than that would stand still. */
export const maxFiles = 20_000;
/** Up to 3 KB of JSON for each. */
export const maxIndexBytes = 64 * 1024 * 1024;
const maxTextChars = 1024;

export interface SharedFile {
  /** From 0, in the index's order. */
  readonly number: number;
  readonly url: URL;
  /** Of the Part 10 file. */
  readonly sizeBytes: number;
  /** Hex, of the Part 10 file. */
  readonly sha256: string;
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly seriesNumber: string;
  readonly seriesDescription: string;
  readonly instanceNumber: string;
}

export interface ShareIndex {
  readonly shareId: string;
  readonly createdAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly practice: string;
  readonly study: {
    readonly studyInstanceUid: string;
    readonly patientName: string;
    readonly patientId: string;
    /** YYYYMMDD, or as it is. */
    readonly studyDate: string;
    readonly studyDescription: string;
  };
  readonly files: readonly SharedFile[];
}

/**
 * `indexUrl` is where the index came from: files may lie only beside it, so that a link to one share can never make
 * the page ask another place.
 * @throws ViewerProblem newer-share, other-share, elsewhere, damaged.
 */
export function parseIndex(content: Uint8Array, shareId: string, indexUrl: URL): ShareIndex {
  const root = object(parseJson(content));
  if (root['format'] !== 'edge-sync-share') throw invalid('format');
  if (root['version'] !== 1) throw new ViewerProblem('newer-share');
  if (root['shareId'] !== shareId) throw new ViewerProblem('other-share', 'index');
  const study = object(root['study']);
  const files = root['files'];
  if (!Array.isArray(files) || files.length > maxFiles) throw invalid('files');
  const folder = folderOf(indexUrl);
  return {
    shareId,
    createdAt: date(root['createdAt']),
    expiresAt: date(root['expiresAt']),
    practice: text(root['practice']),
    study: {
      studyInstanceUid: text(study['studyInstanceUid']),
      patientName: text(study['patientName']),
      patientId: text(study['patientId']),
      studyDate: text(study['studyDate']),
      studyDescription: text(study['studyDescription']),
    },
    files: files.map((file: unknown, number) => sharedFile(object(file), number, folder)),
  };
}

function sharedFile(file: Fields, number: number, folder: string): SharedFile {
  const url = checkedUrl(text(file['url'], 8192));
  if (folderOf(url) !== folder) throw new ViewerProblem('elsewhere');
  const sizeBytes = file['sizeBytes'];
  const sha256 = text(file['sha256']);
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
    throw invalid('size');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw invalid('sha256');
  return {
    number,
    url,
    sizeBytes,
    sha256,
    sopInstanceUid: text(file['sopInstanceUid']),
    sopClassUid: text(file['sopClassUid']),
    transferSyntaxUid: text(file['transferSyntaxUid']),
    seriesInstanceUid: text(file['seriesInstanceUid']),
    modality: text(file['modality']),
    seriesNumber: text(file['seriesNumber']),
    seriesDescription: text(file['seriesDescription']),
    instanceNumber: text(file['instanceNumber']),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    throw invalid('not JSON');
  }
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('shape');
  return value as Fields;
}

/** Numbers are taken too (a series number may be written as one); what is absent is empty. */
function text(value: unknown, maxChars = maxTextChars): string {
  if (value === undefined || value === null) return '';
  const given = typeof value === 'number' ? String(value) : value;
  if (typeof given !== 'string' || given.length > maxChars) throw invalid('text');
  return given;
}

function date(value: unknown): Date | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const parsed = new Date(value);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}

function invalid(detail: string): ViewerProblem {
  return new ViewerProblem('damaged', `index: ${detail}`);
}
