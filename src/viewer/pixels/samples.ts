/** Stored samples as numbers: byte order, unused bits, sign (PS3.5 8.1). */
import { ViewerProblem } from '../open/problem.ts';
import type { PixelLayout } from './image-facts.ts';

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/** One decoded frame, before any meaning is given to the numbers. Samples lie interleaved by pixel. */
export interface DecodedFrame {
  readonly columns: number;
  readonly rows: number;
  readonly components: 1 | 3;
  readonly samples: Samples;
  /** Meaningful bits of a sample. */
  readonly bits: number;
  /** A codec that undoes the colour transform itself hands out RGB, whatever the dataset says. */
  readonly colour: 'as-dataset' | 'rgb';
}

/** Bytes in little-endian order, of 8, 16 or 32 bits, as unsigned numbers; copied only if the place does not fit. */
export function fromLittleEndian(
  bytes: Uint8Array,
  bits: 8 | 16 | 32,
): Uint8Array | Uint16Array | Uint32Array {
  if (bits === 8) return bytes;
  const each = bits / 8;
  const count = Math.floor(bytes.length / each);
  const placed = bytes.byteOffset % each === 0 ? bytes : bytes.slice();
  return bits === 16
    ? new Uint16Array(placed.buffer, placed.byteOffset, count)
    : new Uint32Array(placed.buffer, placed.byteOffset, count);
}

/** A copy with the bytes of each unit turned round. */
export function swapped(bytes: Uint8Array, unitBytes: 2 | 4): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const whole = bytes.length - (bytes.length % unitBytes);
  for (let at = 0; at < whole; at += unitBytes) {
    for (let i = 0; i < unitBytes; i += 1) out[at + i] = bytes[at + unitBytes - 1 - i] ?? 0;
  }
  return out;
}

/** Pixels of one bit, the first in the lowest bit, starting at bit `from` of the bytes (PS3.5 8.1.1). */
export function unpackBits(bytes: Uint8Array, from: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let at = 0; at < count; at += 1) {
    const bit = from + at;
    out[at] = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  }
  return out;
}

/** Takes the stored bits out of each allocated unit, and gives them their sign. */
export function storedValues(
  units: Uint8Array | Uint16Array | Uint32Array,
  layout: Pick<PixelLayout, 'bitsStored' | 'highBit' | 'sign'>,
): Samples {
  const unitBits = units.BYTES_PER_ELEMENT * 8;
  const shift = layout.highBit + 1 - layout.bitsStored;
  if (shift === 0 && layout.bitsStored === unitBits)
    return layout.sign === 'signed' ? asSigned(units) : units;
  // Moved to the top and back: clears what lies above, and brings the sign down.
  const up = 32 - layout.bitsStored - shift;
  const down = 32 - layout.bitsStored;
  if (layout.sign === 'signed') {
    const out = asSigned(units).slice();
    for (let at = 0; at < out.length; at += 1) out[at] = ((units[at] ?? 0) << up) >> down;
    return out;
  }
  const out = units.slice();
  for (let at = 0; at < out.length; at += 1) out[at] = ((units[at] ?? 0) << up) >>> down;
  return out;
}

function asSigned(units: Uint8Array | Uint16Array | Uint32Array): Int8Array | Int16Array | Int32Array {
  if (units instanceof Uint8Array) return new Int8Array(units.buffer, units.byteOffset, units.length);
  if (units instanceof Uint16Array) return new Int16Array(units.buffer, units.byteOffset, units.length);
  return new Int32Array(units.buffer, units.byteOffset, units.length);
}

/** Three planes, one behind the other, as pixels. */
export function interleaved<T extends Samples>(planes: T, pixels: number): T {
  if (planes.length < pixels * 3) throw new ViewerProblem('pixels-damaged', 'planes');
  const out = planes.slice(0, pixels * 3) as T;
  for (let plane = 0; plane < 3; plane += 1) {
    const from = plane * pixels;
    for (let at = 0; at < pixels; at += 1) out[at * 3 + plane] = planes[from + at] ?? 0;
  }
  return out;
}
