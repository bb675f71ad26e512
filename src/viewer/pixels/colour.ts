/** Colour samples as RGBA (PS3.3 C.7.6.3.1.2). */
import { ViewerProblem } from '../open/problem.ts';
import type { DataSet } from './dataset.ts';
import { lookupTable, type LookupTable, type PixelLayout } from './image-facts.ts';
import type { DecodedFrame } from './samples.ts';

/** @throws ViewerProblem pixels-unsupported (segmented palettes, colour with signs). */
export function toRgba(
  frame: DecodedFrame,
  layout: PixelLayout,
  dataset: DataSet,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = frame.columns * frame.rows;
  const rgba = new Uint8ClampedArray(pixels * 4);
  if (layout.photometric === 'PALETTE COLOR') {
    paletteToRgba(frame, palette(dataset, layout), rgba);
    return rgba;
  }
  if (frame.components !== 3) throw new ViewerProblem('pixels-damaged', 'colour with one sample');
  const { samples } = frame;
  if (samples.length < pixels * 3) throw new ViewerProblem('pixels-damaged', 'samples');
  // More than 8 bits are shown by their upper 8.
  const scale = 255 / (2 ** frame.bits - 1);
  const partial = layout.photometric === 'YBR_PARTIAL_422' || layout.photometric === 'YBR_PARTIAL_420';
  const isYbr = frame.colour === 'as-dataset' && layout.photometric.startsWith('YBR_');
  for (let at = 0, to = 0; to < rgba.length; at += 3, to += 4) {
    const a = (samples[at] ?? 0) * scale;
    const b = (samples[at + 1] ?? 0) * scale;
    const c = (samples[at + 2] ?? 0) * scale;
    if (isYbr) {
      const y = partial ? ((a - 16) * 255) / 219 : a;
      const chroma = partial ? 255 / 224 : 1;
      const cb = (b - 128) * chroma;
      const cr = (c - 128) * chroma;
      rgba[to] = y + 1.402 * cr;
      rgba[to + 1] = y - 0.344136 * cb - 0.714136 * cr;
      rgba[to + 2] = y + 1.772 * cb;
    } else {
      rgba[to] = a;
      rgba[to + 1] = b;
      rgba[to + 2] = c;
    }
    rgba[to + 3] = 255;
  }
  return rgba;
}

interface Palette {
  readonly red: LookupTable;
  readonly green: LookupTable;
  readonly blue: LookupTable;
}

function palette(dataset: DataSet, layout: PixelLayout): Palette {
  const table = (channel: number): LookupTable | undefined =>
    lookupTable(dataset, `x0028110${channel}`, `x0028120${channel}`, layout.sign);
  const [red, green, blue] = [table(1), table(2), table(3)];
  if (red === undefined || green === undefined || blue === undefined) {
    throw new ViewerProblem('pixels-unsupported', 'palette');
  }
  return { red, green, blue };
}

function paletteToRgba(frame: DecodedFrame, { red, green, blue }: Palette, rgba: Uint8ClampedArray): void {
  // Some writers say 16 bits and fill only the lower 8: told by all three, for one colour may be dark throughout.
  const most = Math.max(largest(red), largest(green), largest(blue));
  const [r, g, b] = [eightBits(red, most), eightBits(green, most), eightBits(blue, most)];
  for (let at = 0, to = 0; to < rgba.length; at += 1, to += 4) {
    const value = frame.samples[at] ?? 0;
    rgba[to] = entry(r, value - red.firstValue);
    rgba[to + 1] = entry(g, value - green.firstValue);
    rgba[to + 2] = entry(b, value - blue.firstValue);
    rgba[to + 3] = 255;
  }
}

/** Values before the table take its first entry, values behind it the last (PS3.3 C.7.6.3.1.5). */
function entry(table: Uint8Array, index: number): number {
  return table[Math.min(table.length - 1, Math.max(0, index))] ?? 0;
}

function largest({ entries }: LookupTable): number {
  return entries.reduce((most, value) => Math.max(most, value), 0);
}

function eightBits({ entries, bits }: LookupTable, most: number): Uint8Array {
  const shift = bits > 8 && most > 255 ? bits - 8 : 0;
  return Uint8Array.from(entries, (value) => value >> shift);
}
