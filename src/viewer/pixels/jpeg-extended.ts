/**
 * Extended sequential JPEG of 12 bits with Huffman coding (ISO/IEC 10918-1 F.2, SOF1), one component: what old
 * mammography and angiography used. The WebAssembly codec is built for 8 bits only.
 */
import { ViewerProblem } from '../open/problem.ts';
import type { CodestreamSize } from './codestream.ts';

/** Position in a block of the n-th coefficient of the zigzag sequence (figure A.6). */
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];

/** cosines[x][u] of the inverse transform, with the scale 1/2 and C(u) in them (A.3.3). */
const cosines = Array.from({ length: 8 }, (_, x) =>
  Array.from(
    { length: 8 },
    (__, u) => (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16),
  ),
);

/** Codes by length (F.2.2.3): the largest code of each length, and where its values start. */
interface HuffmanTable {
  readonly maxCode: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/**
 * The samples, 0 to 4095. `size` has been checked against the dataset.
 * @throws ViewerProblem pixels-damaged, pixels-unsupported (more components).
 */
export function decodeExtendedJpeg(stream: Uint8Array, size: CodestreamSize): Uint16Array {
  if (size.components !== 1) throw new ViewerProblem('pixels-unsupported', 'colour of 12 bits');
  return new ExtendedDecoder(stream, size).decode();
}

class ExtendedDecoder {
  readonly #stream: Uint8Array;
  readonly #size: CodestreamSize;
  readonly #quantisation = new Map<number, Uint16Array>();
  readonly #dc = new Map<number, HuffmanTable>();
  readonly #ac = new Map<number, HuffmanTable>();
  #quantisationOfFrame = 0;
  #restartInterval = 0;
  #at = 2;
  #bits = 0;
  #bitCount = 0;

  constructor(stream: Uint8Array, size: CodestreamSize) {
    this.#stream = stream;
    this.#size = size;
  }

  decode(): Uint16Array {
    for (;;) {
      const marker = this.#nextMarker();
      const from = this.#at + 2;
      const end = this.#at + this.#word(this.#at);
      if (end < from || end > this.#stream.length) throw damaged('a segment ends early');
      this.#at = end;
      if (marker === 0xdb) this.#readQuantisation(from, end);
      else if (marker === 0xc4) this.#readHuffman(from, end);
      else if (marker === 0xc1) this.#quantisationOfFrame = this.#byte(from + 8);
      else if (marker === 0xdd) this.#restartInterval = this.#word(from);
      else if (marker === 0xda) return this.#readScan(from);
    }
  }

  #nextMarker(): number {
    if (this.#byte(this.#at) !== 0xff) throw damaged('marker');
    while (this.#byte(this.#at) === 0xff) this.#at += 1;
    this.#at += 1;
    return this.#byte(this.#at - 1);
  }

  #readQuantisation(from: number, end: number): void {
    let at = from;
    while (at < end) {
      const head = this.#byte(at);
      const each = head >> 4 === 0 ? 1 : 2;
      const table = new Uint16Array(64);
      for (let i = 0; i < 64; i += 1) {
        table[i] = each === 1 ? this.#byte(at + 1 + i) : this.#word(at + 1 + i * 2);
      }
      this.#quantisation.set(head & 15, table);
      at += 1 + 64 * each;
    }
  }

  #readHuffman(from: number, end: number): void {
    let at = from;
    while (at < end) {
      const head = this.#byte(at);
      const maxCode = new Int32Array(17).fill(-1);
      const offset = new Int32Array(17);
      let code = 0;
      let count = 0;
      for (let length = 1; length <= 16; length += 1) {
        const here = this.#byte(at + length);
        offset[length] = count - code;
        code += here;
        count += here;
        if (here > 0) maxCode[length] = code - 1;
        code *= 2;
      }
      if (count > 256 || at + 17 + count > end) throw damaged('Huffman table');
      const values = this.#stream.slice(at + 17, at + 17 + count);
      (head >> 4 === 0 ? this.#dc : this.#ac).set(head & 15, { maxCode, offset, values });
      at += 17 + count;
    }
  }

  #readScan(from: number): Uint16Array {
    const tables = this.#byte(from + 2);
    const dc = this.#dc.get(tables >> 4);
    const ac = this.#ac.get(tables & 15);
    const quantisation = this.#quantisation.get(this.#quantisationOfFrame);
    if (this.#byte(from) !== 1 || dc === undefined || ac === undefined || quantisation === undefined) {
      throw damaged('tables');
    }
    const { columns, rows } = this.#size;
    const out = new Uint16Array(columns * rows);
    const across = Math.ceil(columns / 8);
    const blocks = across * Math.ceil(rows / 8);
    const block = new Float64Array(64);
    let prediction = 0;
    for (let n = 0; n < blocks; n += 1) {
      if (this.#restartInterval > 0 && n > 0 && n % this.#restartInterval === 0) {
        this.#restart();
        prediction = 0;
      }
      prediction = this.#readBlock(block, prediction, dc, ac, quantisation);
      place(block, out, columns, rows, (n % across) * 8, Math.floor(n / across) * 8);
    }
    return out;
  }

  /** Dequantised coefficients in their places; returns the new DC prediction. */
  #readBlock(
    block: Float64Array,
    prediction: number,
    dc: HuffmanTable,
    ac: HuffmanTable,
    quantisation: Uint16Array,
  ): number {
    block.fill(0);
    const value = prediction + this.#extended(this.#symbol(dc));
    block[0] = value * (quantisation[0] ?? 0);
    for (let k = 1; k < 64; k += 1) {
      const symbol = this.#symbol(ac);
      const bits = symbol & 15;
      if (bits === 0) {
        if (symbol !== 0xf0) break;
        k += 15;
        continue;
      }
      k += symbol >> 4;
      if (k > 63) throw damaged('a run is too long');
      block[zigzag[k] ?? 0] = this.#extended(bits) * (quantisation[k] ?? 0);
    }
    return value;
  }

  #symbol(table: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length += 1) {
      code = code * 2 + this.#bit();
      if (code <= (table.maxCode[length] ?? -1)) return table.values[code + (table.offset[length] ?? 0)] ?? 0;
    }
    throw damaged('Huffman code');
  }

  /** A number of so many bits, the lower half of them negative (F.2.2.1). */
  #extended(bits: number): number {
    if (bits > 15) throw damaged('a number is too long');
    let value = 0;
    for (let i = 0; i < bits; i += 1) value = value * 2 + this.#bit();
    return bits > 0 && value < 2 ** (bits - 1) ? value - 2 ** bits + 1 : value;
  }

  #bit(): number {
    if (this.#bitCount === 0) {
      this.#bits = this.#byte(this.#at);
      this.#at += 1;
      // A stuffed zero follows FF; anything else is a marker, where no data may be wanted any more.
      if (this.#bits === 0xff) {
        if (this.#byte(this.#at) !== 0) throw damaged('the scan ends early');
        this.#at += 1;
      }
      this.#bitCount = 8;
    }
    this.#bitCount -= 1;
    return (this.#bits >> this.#bitCount) & 1;
  }

  #restart(): void {
    this.#bitCount = 0;
    const marker = this.#nextMarker();
    if (marker < 0xd0 || marker > 0xd7) throw damaged('restart marker');
  }

  #byte(at: number): number {
    const byte = this.#stream[at];
    if (byte === undefined) throw damaged('it ends early');
    return byte;
  }

  #word(at: number): number {
    return this.#byte(at) * 256 + this.#byte(at + 1);
  }
}

/** The inverse DCT of a block, written where it belongs; what lies outside the image is left out. */
function place(
  block: Float64Array,
  out: Uint16Array,
  columns: number,
  rows: number,
  left: number,
  top: number,
): void {
  const half = new Float64Array(64);
  for (let v = 0; v < 8; v += 1) {
    for (let x = 0; x < 8; x += 1) {
      let sum = 0;
      for (let u = 0; u < 8; u += 1) sum += (cosines[x]?.[u] ?? 0) * (block[v * 8 + u] ?? 0);
      half[v * 8 + x] = sum;
    }
  }
  for (let y = 0; y < 8 && top + y < rows; y += 1) {
    for (let x = 0; x < 8 && left + x < columns; x += 1) {
      let sum = 2048;
      for (let v = 0; v < 8; v += 1) sum += (cosines[y]?.[v] ?? 0) * (half[v * 8 + x] ?? 0);
      out[(top + y) * columns + left + x] = Math.min(4095, Math.max(0, Math.round(sum)));
    }
  }
}

function damaged(detail: string): ViewerProblem {
  return new ViewerProblem('pixels-damaged', `JPEG ${detail}`);
}
