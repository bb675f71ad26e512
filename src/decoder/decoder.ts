/** What the decoding process does with a request. One file is open at a time. */
import { assertNever } from '../shared/assert-never.ts';
import {
  decoderProblems,
  type DecoderAnswer,
  type DecoderProblem,
  type DecoderRequest,
} from '../shared/preview-wire.ts';
import type { PictureFacts, SampleKind } from '../shared/preview.ts';
import { problemCode } from '../viewer/open/problem.ts';
import { defaultVoi, paintGray } from '../viewer/pixels/gray.ts';
import type { LookupTable } from '../viewer/pixels/image-facts.ts';
import { ImageFile, type GrayPicture, type Picture } from '../viewer/pixels/picture.ts';
import type { Samples } from '../viewer/pixels/samples.ts';
import type { WasmCodecs } from '../viewer/pixels/wasm-codecs.ts';
import { reduceColour, reduceGray } from './reduce.ts';

export interface Answered {
  readonly answer: DecoderAnswer;
  readonly bytes: Uint8Array;
}

const noBytes = new Uint8Array(0);

export class Decoder {
  readonly #codecs: WasmCodecs;
  #file: ImageFile | undefined;

  constructor(codecs: WasmCodecs) {
    this.#codecs = codecs;
  }

  /** `bytes`: the file, for `open`. Never rejects: what goes wrong is an answer. */
  async answer(request: DecoderRequest, bytes: Uint8Array): Promise<Answered> {
    try {
      switch (request.tag) {
        case 'open': {
          this.#file = undefined;
          const file = new ImageFile(bytes, this.#codecs);
          this.#file = file;
          const { rows, columns, frames } = file.layout;
          const image = { rows, columns, frames, frameRate: file.frameRate ?? null };
          return { answer: { tag: 'opened', id: request.id, image }, bytes: noBytes };
        }
        case 'picture': {
          if (this.#file === undefined) return failed(request.id, 'pixels-damaged');
          const picture = await this.#file.picture(request.frame);
          const { facts, pixels } =
            request.look === 'shown'
              ? shown(picture, request.longestEdge)
              : values(picture, request.longestEdge);
          return { answer: { tag: 'picture', id: request.id, facts }, bytes: pixels };
        }
        default:
          return assertNever(request);
      }
    } catch (error) {
      const code = problemCode(error, 'pixels-damaged');
      return failed(request.id, decoderProblems.find((one) => one === code) ?? 'pixels-damaged');
    }
  }
}

function failed(id: number, problem: DecoderProblem): Answered {
  return { answer: { tag: 'failed', id, problem }, bytes: noBytes };
}

interface Made {
  readonly facts: PictureFacts;
  readonly pixels: Uint8Array;
}

/** Colour as it is; grey as stored values. */
function values(picture: Picture, longestEdge: number): Made {
  if (picture.tag === 'colour') return colour(picture, longestEdge);
  const { facts, geometry } = picture;
  const { columns, rows, data } = reduceGray(picture, longestEdge);
  return {
    facts: {
      tag: 'gray',
      columns,
      rows,
      kind: kindOf(data),
      least: picture.least,
      most: picture.most,
      meant: { least: picture.meant.least, most: picture.meant.most },
      polarity: picture.polarity,
      slope: facts.slope,
      intercept: facts.intercept,
      windows: facts.windows
        .slice(0, 16)
        .map(({ center, width, name }) => ({ center, width, name: name.slice(0, 64) })),
      voiFunction: facts.voiFunction,
      unit: facts.unit.slice(0, 16),
      padding: facts.padding ?? null,
      modalityTable: wireTable(facts.modalityTable),
      voiTable: wireTable(facts.voiTable),
      pixelAspect: aspectOf(geometry.pixelAspect),
    },
    pixels: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/** As the file asks to be shown: its window, its polarity. */
function shown(picture: Picture, longestEdge: number): Made {
  if (picture.tag === 'colour') return colour(picture, longestEdge);
  const { columns, rows, data } = reduceGray(picture, longestEdge);
  const small: GrayPicture = { ...picture, columns, rows, samples: data };
  const rgba = new Uint8ClampedArray(columns * rows * 4);
  paintGray(small, defaultVoi(picture), 'normal', rgba);
  return colour({ ...small, rgba }, longestEdge);
}

function colour(
  picture: Parameters<typeof reduceColour>[0] & Pick<Picture, 'geometry'>,
  longestEdge: number,
): Made {
  const { columns, rows, data } = reduceColour(picture, longestEdge);
  const pixelAspect = aspectOf(picture.geometry.pixelAspect);
  return { facts: { tag: 'colour', columns, rows, pixelAspect }, pixels: data };
}

/** What no detector has is not believed. */
function aspectOf(pixelAspect: number): number {
  return pixelAspect >= 0.05 && pixelAspect <= 20 ? pixelAspect : 1;
}

function wireTable(table: LookupTable | undefined): (PictureFacts & { tag: 'gray' })['voiTable'] {
  if (table === undefined) return null;
  const { firstValue, bits, entries } = table;
  const bytes = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
  return { firstValue, bits, entries: bytes.toString('base64') };
}

/** By what the numbers are: a codec may hand out an array of another class than the types say. */
function kindOf(samples: Samples): SampleKind {
  if (samples instanceof Int8Array) return 'i8';
  if (samples instanceof Uint16Array) return 'u16';
  if (samples instanceof Int16Array) return 'i16';
  if (samples instanceof Uint32Array) return 'u32';
  return samples instanceof Int32Array ? 'i32' : 'u8';
}
