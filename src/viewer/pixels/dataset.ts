/** Parses a Part 10 file (PS3.10) as far as showing its image needs. Input is hostile: everything ends in a ViewerProblem. */
import dicomParser from 'dicom-parser';
import type { DataSet } from 'dicom-parser';
import { Inflate } from 'fflate';
import { ViewerProblem } from '../open/problem.ts';
import { maxInflatedBytes } from './limits.ts';

export type { DataSet } from 'dicom-parser';

/** Sequences that are read here; in implicit VR a sequence of defined length looks like any other value. */
const sequences = new Set([
  'x52009229',
  'x52009230',
  'x00289110',
  'x00289145',
  'x00289132',
  'x00209116',
  'x00209113',
  'x00283000',
  'x00283010',
  'x00186011',
]);

export interface ParsedFile {
  readonly dataset: DataSet;
  /** The whole file; the dataset inflated, where it was deflated. The dataset's offsets count in here. */
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: string;
  /** The file ends before its dataset does: only what is there can be shown. */
  readonly truncated: boolean;
}

/** @throws ViewerProblem not-dicom, too-large (inflated). */
export function parseFile(bytes: Uint8Array): ParsedFile {
  if (bytes.length < 132 || String.fromCharCode(...bytes.subarray(128, 132)) !== 'DICM') {
    throw new ViewerProblem('not-dicom', 'no prefix');
  }
  const { dataset, truncated } = parse(bytes);
  const transferSyntaxUid = readTransferSyntax(bytes);
  return { dataset, bytes: dataset.byteArray, transferSyntaxUid, truncated };
}

/** From the file meta information alone: what the parser hands out of a broken dataset comes without it. */
function readTransferSyntax(bytes: Uint8Array): string {
  try {
    const uid = dicomParser.readPart10Header(bytes).string('x00020010')?.trim();
    if (uid !== undefined) return uid;
  } catch {
    // Said below.
  }
  throw new ViewerProblem('not-dicom', 'no transfer syntax');
}

function parse(bytes: Uint8Array): { readonly dataset: DataSet; readonly truncated: boolean } {
  try {
    const dataset = dicomParser.parseDicom(bytes, {
      inflater: inflateBehind,
      vrCallback: (tag: string) => (sequences.has(tag) ? 'SQ' : undefined),
    });
    return { dataset, truncated: false };
  } catch (error) {
    if (error instanceof ViewerProblem) throw error;
    // The parser hands out what it had read when a value reached past the end.
    const partial = (error as { readonly dataSet?: DataSet } | null)?.dataSet;
    if (partial?.elements['x7fe00010'] === undefined) throw new ViewerProblem('not-dicom', 'not readable');
    return { dataset: partial, truncated: true };
  }
}

/** The parser's contract: everything before `position` as it is, then the rest inflated (PS3.5 A.5: raw deflate). */
function inflateBehind(bytes: Uint8Array, position: number): Uint8Array {
  const chunks: Uint8Array[] = [bytes.subarray(0, position)];
  let size = position;
  const inflate = new Inflate((chunk) => {
    size += chunk.length;
    if (size > maxInflatedBytes) throw new ViewerProblem('pixels-too-large', 'inflated dataset');
    chunks.push(chunk);
  });
  try {
    // In pieces, so that a bomb is stopped soon after the limit.
    const step = 64 * 1024;
    for (let at = position; at < bytes.length; at += step) {
      inflate.push(bytes.subarray(at, at + step), at + step >= bytes.length);
    }
  } catch (error) {
    throw error instanceof ViewerProblem ? error : new ViewerProblem('not-dicom', 'deflated data');
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The numbers of a DS or IS value; what is not a number is left out. */
export function decimals(dataset: DataSet, tag: string): readonly number[] {
  const text = dataset.string(tag);
  if (text === undefined) return [];
  return text
    .split('\\')
    .slice(0, 64)
    .map((one) => (one.trim() === '' ? Number.NaN : Number(one)))
    .filter((one) => Number.isFinite(one));
}

/** The first item of a sequence. */
export function firstItem(dataset: DataSet | undefined, tag: string): DataSet | undefined {
  return dataset?.elements[tag]?.items?.[0]?.dataSet;
}
