/** Finds the bytes of one frame: native by position, encapsulated (PS3.5 A.4) by offset tables or fragments. */
import type { Element } from 'dicom-parser';
import { ViewerProblem } from '../open/problem.ts';
import type { ParsedFile } from './dataset.ts';
import type { PixelLayout } from './image-facts.ts';

/** @throws ViewerProblem pixels-damaged when the file has not all of the frame. */
export function nativeFrameBytes(file: ParsedFile, layout: PixelLayout, frame: number): Uint8Array {
  const element = pixelElement(file);
  const frameBits = layout.rows * layout.columns * samplesPerPixel(file, layout) * layout.bitsAllocated;
  const fromBit = frameBits * frame;
  const from = element.dataOffset + Math.floor(fromBit / 8);
  const to = element.dataOffset + Math.ceil((fromBit + frameBits) / 8);
  const end = Math.min(element.dataOffset + element.length, file.bytes.length);
  if (to > end) throw new ViewerProblem('pixels-damaged', 'the pixel data ends early');
  return file.bytes.subarray(from, to);
}

/**
 * Native YBR_FULL_422 keeps one pair of colour samples for two pixels. Programs that decompress often leave the name and
 * write all samples: the length tells.
 */
export function samplesPerPixel(file: ParsedFile, layout: PixelLayout): number {
  const halved = layout.photometric === 'YBR_FULL_422' || layout.photometric === 'YBR_PARTIAL_422';
  if (layout.samples !== 3 || !halved) return layout.samples;
  const { rows, columns, frames, bitsAllocated } = layout;
  const fullBytes = (rows * columns * 3 * frames * bitsAllocated) / 8;
  return pixelElement(file).length >= fullBytes ? 3 : 2;
}

/**
 * The same bytes of a frame where OW words hold two pixels of 8 bits in big endian (PS3.5 7.3, A.3): each word is turned,
 * wherever in it the frame begins.
 */
export function turnedWords(file: ParsedFile, frame: Uint8Array): Uint8Array {
  const { dataOffset } = pixelElement(file);
  const from = frame.byteOffset - file.bytes.byteOffset - dataOffset;
  return frame.map((_, at) => file.bytes[dataOffset + ((from + at) ^ 1)] ?? 0);
}

interface Fragment {
  /** From the first fragment's item header, as offset tables count. */
  readonly offset: number;
  readonly position: number;
  readonly length: number;
}

interface Fragments {
  readonly offsetTable: readonly number[];
  readonly fragments: readonly Fragment[];
}

const maxFragments = 1_000_000;

/**
 * Walks the items (PS3.5 A.4) by their lengths alone: a code stream may hold the bytes of a delimiter. Ends at the
 * delimiter, or where the file does.
 */
function readFragments({ bytes }: ParsedFile, element: Element): Fragments {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: { readonly at: number; readonly length: number }[] = [];
  let at = element.dataOffset;
  while (
    at + 8 <= bytes.length &&
    view.getUint16(at, true) === 0xfffe &&
    view.getUint16(at + 2, true) === 0xe000
  ) {
    const length = view.getUint32(at + 4, true);
    if (items.length === maxFragments) throw new ViewerProblem('pixels-damaged', 'fragments');
    items.push({ at, length });
    at += 8 + length;
  }
  const [table, ...rest] = items;
  if (table === undefined || table.at + 8 + table.length > bytes.length) {
    throw new ViewerProblem('pixels-damaged', 'no fragments');
  }
  const first = table.at + 8 + table.length;
  return {
    offsetTable: Array.from({ length: Math.floor(table.length / 4) }, (_, entry) =>
      view.getUint32(table.at + 8 + entry * 4, true),
    ),
    fragments: rest.map((item) => ({ offset: item.at - first, position: item.at + 8, length: item.length })),
  };
}

/** @throws ViewerProblem pixels-damaged when the fragments do not give this frame. */
export function encapsulatedFrameBytes(file: ParsedFile, layout: PixelLayout, frame: number): Uint8Array {
  const element = pixelElement(file);
  const walked = readFragments(file, element);
  const all = layout.frames === 1 ? walked.fragments : fragmentsOfFrame(file, walked, layout.frames, frame);
  if (all.length === 0) throw new ViewerProblem('pixels-damaged', 'no fragments');
  const parts = all.map(({ position, length }) => {
    if (position + length > file.bytes.length)
      throw new ViewerProblem('pixels-damaged', 'a fragment ends early');
    return file.bytes.subarray(position, position + length);
  });
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  // Fragments may not overlap, so together they are no more than the file.
  if (size > file.bytes.length) throw new ViewerProblem('pixels-damaged', 'fragments');
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fragmentsOfFrame(
  file: ParsedFile,
  { offsetTable, fragments }: Fragments,
  frames: number,
  frame: number,
): readonly Fragment[] {
  if (fragments.length === frames) return fragments.slice(frame, frame + 1);
  const table = extendedOffsets(file) ?? offsetTable;
  if (table.length === frames) {
    const from = table[frame] ?? 0;
    const to = table[frame + 1] ?? Number.POSITIVE_INFINITY;
    // A table that leads into the middle of a fragment would give the next frame in place of this one.
    if (!fragments.some(({ offset }) => offset === from)) {
      throw new ViewerProblem('pixels-damaged', 'the offset table does not fit');
    }
    return fragments.filter(({ offset }) => offset >= from && offset < to);
  }
  // Without a table a frame starts where a fragment starts like a code stream.
  const starts = fragments.flatMap((fragment, at) => (startsCodestream(file.bytes, fragment) ? [at] : []));
  if (starts.length !== frames)
    throw new ViewerProblem('pixels-damaged', 'frames and fragments do not agree');
  return fragments.slice(starts[frame], starts[frame + 1]);
}

/** Extended Offset Table (7FE0,0001): 64-bit offsets (PS3.3 C.7.6.3.1.8). */
function extendedOffsets({ dataset, bytes }: ParsedFile): readonly number[] | undefined {
  const element = dataset.elements['x7fe00001'];
  if (element === undefined || element.length === 0 || element.dataOffset + element.length > bytes.length) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset, element.length);
  return Array.from({ length: Math.floor(element.length / 8) }, (_, at) =>
    Number(view.getBigUint64(at * 8, true)),
  );
}

/** SOI of the JPEG family (FF D8), or SOC and SIZ of JPEG 2000 (FF 4F FF 51). */
function startsCodestream(bytes: Uint8Array, { position, length }: Fragment): boolean {
  if (length < 4 || bytes[position] !== 0xff) return false;
  return bytes[position + 1] === 0xd8 || (bytes[position + 1] === 0x4f && bytes[position + 2] === 0xff);
}

function pixelElement({ dataset }: ParsedFile): Element {
  const element = dataset.elements['x7fe00010'];
  if (element === undefined) throw new ViewerProblem('no-pixels');
  return element;
}
