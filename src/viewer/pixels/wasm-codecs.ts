/**
 * The WebAssembly decoders, each instantiated when a frame first needs it, and thrown away after a failure: a decoder
 * that met a broken stream is not asked again.
 */
import charls from '@cornerstonejs/codec-charls/decodewasmjs';
import jpegTurbo from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import openjph from '@cornerstonejs/codec-openjph/wasmjs';
import { ViewerProblem } from '../open/problem.ts';
import { maxFrameBytes } from './limits.ts';

export type WasmCodec = 'charls' | 'jpeg-turbo' | 'openjpeg' | 'openjph';

/** Gives the bytes of a codec's WebAssembly module, wherever they are kept. */
export type WasmSource = (codec: WasmCodec) => Promise<Uint8Array>;

export interface CodecOutput {
  /** Little-endian, one or two bytes a sample. */
  readonly bytes: Uint8Array;
  readonly bits: number;
  readonly sign: 'signed' | 'unsigned';
  readonly components: number;
  readonly planes: 'interleaved' | 'apart';
}

/** What every decoder of this family offers; each image has an instance of its own. */
interface Decoder {
  getEncodedBuffer(sizeBytes: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): unknown;
  getFrameInfo(): {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned?: boolean;
  };
  getInterleaveMode?(): number | { readonly value: number };
  delete(): void;
}

type DecoderClass = new () => Decoder;
type Factory = (options: Readonly<Record<string, unknown>>) => Promise<unknown>;

const factories: Readonly<Record<WasmCodec, { readonly factory: Factory; readonly decoder: string }>> = {
  charls: { factory: charls, decoder: 'JpegLSDecoder' },
  'jpeg-turbo': { factory: jpegTurbo, decoder: 'JPEGDecoder' },
  openjpeg: { factory: openjpeg, decoder: 'J2KDecoder' },
  openjph: { factory: openjph, decoder: 'HTJ2KDecoder' },
};

export class WasmCodecs {
  readonly #source: WasmSource;
  readonly #loaded = new Map<WasmCodec, Promise<DecoderClass>>();

  constructor(source: WasmSource) {
    this.#source = source;
  }

  /** @throws ViewerProblem pixels-damaged, also when the result has not the size expected (columns and rows). */
  async decode(codec: WasmCodec, stream: Uint8Array, columns: number, rows: number): Promise<CodecOutput> {
    let decoder: Decoder | undefined;
    try {
      const DecoderOfCodec = await this.#load(codec);
      decoder = new DecoderOfCodec();
      decoder.getEncodedBuffer(stream.length).set(stream);
      decoder.decode();
      const info = decoder.getFrameInfo();
      const view = decoder.getDecodedBuffer();
      const bytesEach = info.bitsPerSample > 8 ? 2 : 1;
      const expected = columns * rows * info.componentCount * bytesEach;
      if (
        info.width !== columns ||
        info.height !== rows ||
        view.length < expected ||
        expected > maxFrameBytes
      ) {
        throw new ViewerProblem('pixels-damaged', 'the decoder gave another size');
      }
      // A copy: the view lies in the decoder's memory.
      const bytes = view.slice(0, expected);
      const interleave = decoder.getInterleaveMode?.() ?? 2;
      const mode = typeof interleave === 'number' ? interleave : interleave.value;
      decoder.delete();
      return {
        bytes,
        bits: info.bitsPerSample,
        sign: info.isSigned === true ? 'signed' : 'unsigned',
        components: info.componentCount,
        planes: mode === 0 && info.componentCount > 1 ? 'apart' : 'interleaved',
      };
    } catch (error) {
      this.#loaded.delete(codec);
      throw error instanceof ViewerProblem
        ? error
        : new ViewerProblem('pixels-damaged', `${codec} refused it`);
    }
  }

  #load(codec: WasmCodec): Promise<DecoderClass> {
    const loaded = this.#loaded.get(codec);
    if (loaded !== undefined) return loaded;
    const { factory, decoder } = factories[codec];
    const silent = (): void => undefined;
    const loading = this.#source(codec)
      .then((wasmBinary) => factory({ wasmBinary, print: silent, printErr: silent }))
      .then((module) => (module as Readonly<Record<string, DecoderClass>>)[decoder] ?? missing(codec));
    this.#loaded.set(codec, loading);
    return loading;
  }
}

function missing(codec: WasmCodec): never {
  throw new Error(`${codec} has no decoder`);
}
