/** Reads the size that a code stream itself claims, before any decoder allocates by it. */
import { ViewerProblem } from '../open/problem.ts';
import type { PixelLayout } from './image-facts.ts';

export interface CodestreamSize {
  readonly columns: number;
  readonly rows: number;
  readonly components: number;
  readonly bits: number;
  /** The marker's second byte: SOFn of JPEG (C0 to CF), F7 of JPEG-LS, 51 of JPEG 2000. */
  readonly marker: number;
}

/**
 * @throws ViewerProblem pixels-damaged when there is no header, or it does not agree with the dataset.
 */
export function checkedCodestream(bytes: Uint8Array, layout: PixelLayout): CodestreamSize {
  const size = bytes[0] === 0xff && bytes[1] === 0x4f ? jpeg2000Size(bytes) : jpegSize(bytes);
  if (size === undefined) throw new ViewerProblem('pixels-damaged', 'no code stream header');
  if (size.columns !== layout.columns || size.rows !== layout.rows || size.components !== layout.samples) {
    throw new ViewerProblem('pixels-damaged', 'the code stream has another size than the dataset');
  }
  if (size.bits < 1 || size.bits > 16) throw new ViewerProblem('pixels-unsupported', 'bits');
  return size;
}

/** SOFn and SOF55 (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2): length, bits, lines, samples, components. */
function jpegSize(bytes: Uint8Array): CodestreamSize | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = byteAt(bytes, at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame || marker === 0xf7) {
      return {
        bits: byteAt(bytes, at + 4),
        rows: word(bytes, at + 5),
        columns: word(bytes, at + 7),
        components: byteAt(bytes, at + 9),
        marker,
      };
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += 2 + word(bytes, at + 2);
  }
  return undefined;
}

/** SIZ (ISO/IEC 15444-1 A.5.1). Tiles smaller than 16 pixels would be countless, and no device writes them. */
function jpeg2000Size(bytes: Uint8Array): CodestreamSize | undefined {
  if (bytes.length < 43 || bytes[2] !== 0xff || bytes[3] !== 0x51) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height, left, top, tileWidth, tileHeight] = [8, 12, 16, 20, 24, 28].map((at) =>
    view.getUint32(at),
  ) as [number, number, number, number, number, number];
  const components = view.getUint16(40);
  if (left >= width || top >= height || tileWidth === 0 || tileHeight === 0) return undefined;
  if (Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) > 65_535) return undefined;
  // Every component sampled as the image is: subsampled ones come in no DICOM transfer syntax.
  for (let component = 0; component < components && component < 4; component += 1) {
    const at = 42 + component * 3;
    if (bytes[at + 1] !== 1 || bytes[at + 2] !== 1) return undefined;
  }
  return {
    columns: width - left,
    rows: height - top,
    components,
    bits: (byteAt(bytes, 42) & 0x7f) + 1,
    marker: 0x51,
  };
}

/**
 * Some writers put the code stream into a JP2 file, though PS3.5 A.4.4 forbids it: the stream is the content of `jp2c`.
 */
export function bareJpeg2000(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (bytes[0] === 0 && at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return bytes.subarray(at + 8);
    if (length < 8) break;
    at += length;
  }
  return bytes;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function word(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) * 256 + byteAt(bytes, at + 1);
}
