/**
 * What is handed from the decoding to whoever shows it: grey pictures as stored values with all that gives them meaning,
 * colour pictures as RGBA.
 */
import { ViewerProblem } from '../open/problem.ts';
import { toRgba } from './colour.ts';
import { parseFile, type ParsedFile } from './dataset.ts';
import { decodeFrame } from './decode-frame.ts';
import {
  readFrameRate,
  readGeometry,
  readGrayFacts,
  readLayout,
  type FrameGeometry,
  type GrayFacts,
  type PixelLayout,
} from './image-facts.ts';
import type { Samples } from './samples.ts';
import { isShown, pixelCoding } from './transfer-syntax.ts';
import type { WasmCodecs } from './wasm-codecs.ts';

export interface GrayPicture {
  readonly tag: 'gray';
  readonly columns: number;
  readonly rows: number;
  readonly samples: Samples;
  readonly facts: GrayFacts;
  /** Of the stored values. */
  readonly least: number;
  readonly most: number;
  /** Of the stored values that are image, without padding. */
  readonly meant: { readonly least: number; readonly most: number };
  /** MONOCHROME1: the least value is white. */
  readonly polarity: 'normal' | 'inverse';
  readonly geometry: FrameGeometry;
}

export interface ColourPicture {
  readonly tag: 'colour';
  readonly columns: number;
  readonly rows: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly geometry: FrameGeometry;
}

export type Picture = GrayPicture | ColourPicture;

/** A file whose header has been read, and whose frames can be asked for. */
export class ImageFile {
  readonly layout: PixelLayout;
  /** Recommended or recorded, per second. */
  readonly frameRate: number | undefined;
  readonly #file: ParsedFile;
  readonly #codecs: WasmCodecs;

  /** @throws ViewerProblem not-dicom, syntax-unsupported, no-pixels, pixels-... */
  constructor(bytes: Uint8Array, codecs: WasmCodecs) {
    this.#file = parseFile(bytes);
    const coding = pixelCoding(this.#file.transferSyntaxUid);
    if (!isShown(coding)) throw new ViewerProblem('syntax-unsupported', coding);
    this.layout = readLayout(this.#file);
    this.frameRate = readFrameRate(this.#file);
    this.#codecs = codecs;
  }

  /** `frame` counts from 0. @throws ViewerProblem. */
  async picture(frame: number): Promise<Picture> {
    const decoded = await decodeFrame(this.#file, this.layout, frame, this.#codecs);
    const { columns, rows } = decoded;
    const geometry = readGeometry(this.#file, frame);
    if (this.layout.photometric !== 'MONOCHROME1' && this.layout.photometric !== 'MONOCHROME2') {
      return {
        tag: 'colour',
        columns,
        rows,
        rgba: toRgba(decoded, this.layout, this.#file.dataset),
        geometry,
      };
    }
    if (decoded.components !== 1) throw new ViewerProblem('pixels-damaged', 'grey with three samples');
    const { samples } = decoded;
    const facts = readGrayFacts(this.#file, this.layout, frame);
    const all = range(samples, undefined);
    const meant = facts.padding === undefined ? all : range(samples, facts.padding);
    return {
      tag: 'gray',
      columns,
      rows,
      samples,
      facts,
      ...all,
      meant: meant.least > meant.most ? all : meant,
      polarity: this.layout.photometric === 'MONOCHROME1' ? 'inverse' : 'normal',
      geometry,
    };
  }
}

/** Without those from `padding.least` to `padding.most`; least above most when none is left. */
function range(
  samples: Samples,
  padding: GrayFacts['padding'],
): { readonly least: number; readonly most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < samples.length; at += 1) {
    const value = samples[at] ?? 0;
    if (padding !== undefined && value >= padding.least && value <= padding.most) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}
