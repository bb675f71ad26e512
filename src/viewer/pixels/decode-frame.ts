/** From a frame's bytes to its samples, for every transfer syntax that is shown. */
import { Decoder as LosslessDecoder } from 'jpeg-lossless-decoder-js';
import { assertNever } from '../../shared/assert-never.ts';
import { ViewerProblem } from '../open/problem.ts';
import { bareJpeg2000, checkedCodestream, type CodestreamSize } from './codestream.ts';
import type { ParsedFile } from './dataset.ts';
import { encapsulatedFrameBytes, nativeFrameBytes, samplesPerPixel, turnedWords } from './frame-bytes.ts';
import type { PixelLayout } from './image-facts.ts';
import { withColourMarker } from './jpeg-colour.ts';
import { decodeExtendedJpeg } from './jpeg-extended.ts';
import { decodeRle } from './rle.ts';
import {
  fromLittleEndian,
  interleaved,
  storedValues,
  swapped,
  unpackBits,
  type DecodedFrame,
  type Samples,
} from './samples.ts';
import { explicitBigEndian, pixelCoding } from './transfer-syntax.ts';
import type { CodecOutput, WasmCodec, WasmCodecs } from './wasm-codecs.ts';

/**
 * `frame` counts from 0.
 * @throws ViewerProblem syntax-unsupported, pixels-damaged, pixels-unsupported.
 */
export async function decodeFrame(
  file: ParsedFile,
  layout: PixelLayout,
  frame: number,
  codecs: WasmCodecs,
): Promise<DecodedFrame> {
  if (frame < 0 || frame >= layout.frames) throw new ViewerProblem('pixels-damaged', 'no such frame');
  const coding = pixelCoding(file.transferSyntaxUid);
  switch (coding) {
    case 'native':
      return decodeNative(file, layout, frame);
    case 'rle': {
      const pixels = layout.rows * layout.columns;
      const bits = wholeBytes(layout);
      const bytes = decodeRle(encapsulatedFrameBytes(file, layout, frame), pixels, layout.samples, bits / 8);
      return decoded(
        layout,
        storedValues(fromLittleEndian(bytes, bits), layout),
        layout.bitsStored,
        'as-dataset',
      );
    }
    case 'jpeg-dct':
      return decodeDct(encapsulatedFrameBytes(file, layout, frame), layout, codecs);
    case 'jpeg-lossless':
      return decodeLossless(encapsulatedFrameBytes(file, layout, frame), layout);
    case 'jpeg-ls':
      return byCodec('charls', encapsulatedFrameBytes(file, layout, frame), layout, codecs);
    case 'jpeg-2000':
      return byCodec('openjpeg', bareJpeg2000(encapsulatedFrameBytes(file, layout, frame)), layout, codecs);
    case 'htj2k':
      return byCodec('openjph', bareJpeg2000(encapsulatedFrameBytes(file, layout, frame)), layout, codecs);
    case 'video':
    case 'jpeg-xl':
    case 'unknown':
      throw new ViewerProblem('syntax-unsupported', coding);
    default:
      return assertNever(coding);
  }
}

/** Colour spaces that belong to a code stream; whoever leaves the name behind when decompressing has said nothing. */
const onlyCoded: ReadonlySet<string> = new Set(['YBR_PARTIAL_420', 'YBR_RCT', 'YBR_ICT']);

function decodeNative(file: ParsedFile, layout: PixelLayout, frame: number): DecodedFrame {
  if (onlyCoded.has(layout.photometric)) throw new ViewerProblem('pixels-unsupported', 'colour space');
  const pixels = layout.rows * layout.columns;
  const bytes = nativeFrameBytes(file, layout, frame);
  if (layout.bitsAllocated === 1) {
    const from = (pixels * layout.samples * frame) % 8;
    return decoded(layout, unpackBits(bytes, from, pixels * layout.samples), 1, 'as-dataset');
  }
  const bits = wholeBytes(layout);
  const little = file.transferSyntaxUid === explicitBigEndian ? fromBigEndian(bytes, file, bits) : bytes;
  const units = fromLittleEndian(little, bits);
  const pixelUnits =
    layout.samples === 3 && samplesPerPixel(file, layout) === 2
      ? fullColour(units, pixels)
      : layout.planes === 'apart'
        ? interleaved(units, pixels)
        : units;
  return decoded(layout, storedValues(pixelUnits, layout), layout.bitsStored, 'as-dataset');
}

/** In big endian OW words are turned, even when they hold two pixels of 8 bits; OB is as it is (PS3.5 7.3, A.3). */
function fromBigEndian(bytes: Uint8Array, file: ParsedFile, bits: 8 | 16 | 32): Uint8Array {
  if (bits !== 8) return swapped(bytes, bits === 16 ? 2 : 4);
  return file.dataset.elements['x7fe00010']?.vr === 'OW' ? turnedWords(file, bytes) : bytes;
}

/** Y1 Y2 Cb Cr for two pixels: the colour is the same for both (PS3.3 C.7.6.3.1.2). */
function fullColour<T extends Uint8Array | Uint16Array | Uint32Array>(units: T, pixels: number): T {
  const Kind = units.constructor as new (length: number) => T;
  const out = new Kind(pixels * 3);
  for (let pair = 0; pair * 2 < pixels; pair += 1) {
    const cb = units[pair * 4 + 2] ?? 0;
    const cr = units[pair * 4 + 3] ?? 0;
    for (let i = 0; i < 2; i += 1) {
      const to = (pair * 2 + i) * 3;
      out[to] = units[pair * 4 + i] ?? 0;
      out[to + 1] = cb;
      out[to + 2] = cr;
    }
  }
  return out;
}

async function decodeDct(stream: Uint8Array, layout: PixelLayout, codecs: WasmCodecs): Promise<DecodedFrame> {
  const size = checkedCodestream(stream, layout);
  requireEnd(stream);
  if (size.bits === 12 && size.marker === 0xc1) {
    return decoded(layout, signedLike(decodeExtendedJpeg(stream, size), layout, 12), 12, 'as-dataset');
  }
  if (size.bits !== 8) throw new ViewerProblem('pixels-unsupported', 'JPEG of this precision');
  const marked = layout.samples === 3 ? withColourMarker(stream, layout.photometric) : stream;
  return fromCodec(await codecs.decode('jpeg-turbo', marked, layout.columns, layout.rows), layout, 'rgb');
}

function decodeLossless(stream: Uint8Array, layout: PixelLayout): DecodedFrame {
  const size = checkedCodestream(stream, layout);
  requireEnd(stream);
  if (size.components === 3 && size.bits > 8) throw new ViewerProblem('pixels-unsupported', 'bits');
  const bytesEach = size.bits > 8 ? 2 : 1;
  let out: Uint8Array | Uint16Array;
  try {
    const copy = stream.slice();
    out = new LosslessDecoder().decode(copy.buffer, 0, copy.length, bytesEach);
  } catch {
    throw new ViewerProblem('pixels-damaged', 'lossless JPEG');
  }
  if (out.length < layout.rows * layout.columns * layout.samples) {
    throw new ViewerProblem('pixels-damaged', 'lossless JPEG');
  }
  return decoded(layout, signedLike(out, layout, size.bits), size.bits, 'as-dataset');
}

async function byCodec(
  codec: Exclude<WasmCodec, 'jpeg-turbo'>,
  stream: Uint8Array,
  layout: PixelLayout,
  codecs: WasmCodecs,
): Promise<DecodedFrame> {
  checkedCodestream(stream, layout);
  requireEnd(stream);
  const out = await codecs.decode(codec, stream, layout.columns, layout.rows);
  const transformed = layout.photometric === 'YBR_RCT' || layout.photometric === 'YBR_ICT';
  return fromCodec(out, layout, transformed ? 'rgb' : 'as-dataset');
}

function fromCodec(out: CodecOutput, layout: PixelLayout, colour: DecodedFrame['colour']): DecodedFrame {
  if (out.components !== layout.samples) throw new ViewerProblem('pixels-damaged', 'components');
  const units = fromLittleEndian(out.bytes, out.bits > 8 ? 16 : 8) as Uint8Array | Uint16Array;
  const pixels = out.planes === 'apart' ? interleaved(units, layout.rows * layout.columns) : units;
  const samples =
    out.sign === 'signed'
      ? storedValues(pixels, {
          bitsStored: pixels.BYTES_PER_ELEMENT * 8,
          highBit: pixels.BYTES_PER_ELEMENT * 8 - 1,
          sign: 'signed',
        })
      : signedLike(pixels, layout, out.bits);
  return decoded(layout, samples, out.bits, colour);
}

/**
 * Codecs that know no sign hand out the bits: the dataset says what they mean. Writers code either the stored bits, or
 * the allocated ones as they lie.
 */
function signedLike(
  units: Uint8Array | Uint16Array,
  layout: PixelLayout,
  bits: CodestreamSize['bits'],
): Samples {
  const { sign } = layout;
  const bitsStored = Math.min(bits, layout.bitsStored);
  const highBit = bits === layout.bitsAllocated ? layout.highBit : bitsStored - 1;
  return storedValues(units, { bitsStored, highBit, sign });
}

function wholeBytes(layout: PixelLayout): 8 | 16 | 32 {
  if (layout.bitsAllocated === 1) throw new ViewerProblem('pixels-unsupported', 'bits');
  return layout.bitsAllocated;
}

function decoded(
  layout: PixelLayout,
  samples: Samples,
  bits: number,
  colour: DecodedFrame['colour'],
): DecodedFrame {
  return { columns: layout.columns, rows: layout.rows, components: layout.samples, samples, bits, colour };
}

/** Decoders paint what is missing grey and say nothing; a stream without its end marker (FF D9) is not whole. */
function requireEnd(stream: Uint8Array): void {
  let last = stream.length - 1;
  // One byte of padding at most is the standard's; some writers pad more, with zeros.
  while (last > 1 && stream[last] === 0) last -= 1;
  if (stream[last] !== 0xd9 || stream[last - 1] !== 0xff) {
    // A padding byte that is not zero.
    if (stream[last - 1] === 0xd9 && stream[last - 2] === 0xff) return;
    throw new ViewerProblem('pixels-damaged', 'the code stream ends early');
  }
}
