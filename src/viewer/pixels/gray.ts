/** Grey values on a screen: modality transformation, window, polarity (PS3.3 C.11.1, C.11.2; PS3.4 N.2). */
import { assertNever } from '../../shared/assert-never.ts';
import type { GrayFacts, LookupTable, VoiFunction, VoiWindow } from './image-facts.ts';
import type { GrayPicture } from './picture.ts';
import type { Samples } from './samples.ts';

/** How grey values are spread over the screen's. Centre and width are in the unit of the modality (HU for CT). */
export type Voi =
  | {
      readonly tag: 'window';
      readonly center: number;
      readonly width: number;
      readonly function: VoiFunction;
    }
  | { readonly tag: 'table'; readonly table: LookupTable };

export type Polarity = 'normal' | 'inverse';

/** The stored value in the unit of the modality. */
export function modalityValue(facts: GrayFacts, stored: number): number {
  const { modalityTable: table } = facts;
  if (table === undefined) return stored * facts.slope + facts.intercept;
  return table.entries[clamp(stored - table.firstValue, 0, table.entries.length - 1)] ?? 0;
}

/** What the file asks for first: its window, its table, else everything from the least to the most value. */
export function defaultVoi(picture: GrayPicture): Voi {
  const [window] = picture.facts.windows;
  if (window !== undefined) return windowVoi(window, picture.facts.voiFunction);
  const { voiTable } = picture.facts;
  return voiTable === undefined ? fullRange(picture) : { tag: 'table', table: voiTable };
}

export function windowVoi({ center, width }: VoiWindow, voiFunction: VoiFunction): Voi {
  return { tag: 'window', center, width, function: voiFunction };
}

export function fullRange({ facts, meant }: GrayPicture): Voi {
  const a = modalityValue(facts, meant.least);
  const b = modalityValue(facts, meant.most);
  const width = Math.max(Math.abs(b - a), 1e-6);
  return { tag: 'window', center: (a + b) / 2, width, function: 'LINEAR_EXACT' };
}

/** Screen value 0 to 255 of a value in the unit of the modality. */
export function voiValue(voi: Voi, value: number): number {
  if (voi.tag === 'table') {
    const { firstValue, entries, bits } = voi.table;
    const entry = entries[clamp(Math.round(value) - firstValue, 0, entries.length - 1)] ?? 0;
    return (entry * 255) / (2 ** bits - 1);
  }
  const { center, width } = voi;
  switch (voi.function) {
    case 'LINEAR': {
      // C.11.2.1.2.1. A width of 1 is a threshold.
      if (value <= center - 0.5 - (width - 1) / 2) return 0;
      if (value > center - 0.5 + (width - 1) / 2) return 255;
      return ((value - (center - 0.5)) / (width - 1) + 0.5) * 255;
    }
    case 'LINEAR_EXACT':
      return clamp(((value - center) / width + 0.5) * 255, 0, 255);
    case 'SIGMOID':
      return 255 / (1 + Math.exp((-4 * (value - center)) / width));
    default:
      return assertNever(voi.function);
  }
}

/** Values of up to 16 bits go through a table once; the others are few. */
const maxTableSpan = 65_536;

/** Paints a grey picture into `rgba`, 4 bytes for each of its pixels. */
export function paintGray(picture: GrayPicture, voi: Voi, polarity: Polarity, rgba: Uint8ClampedArray): void {
  const { samples, least, most, facts } = picture;
  const flip = (picture.polarity === 'inverse') !== (polarity === 'inverse') ? 255 : 0;
  const shade = (stored: number): number =>
    Math.abs(flip - Math.round(clamp(voiValue(voi, modalityValue(facts, stored)), 0, 255)));
  const target = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
  if (most - least < maxTableSpan) {
    const table = new Uint32Array(most - least + 1);
    for (let at = 0; at < table.length; at += 1) table[at] = gray(shade(least + at));
    paintThrough(samples, least, table, target);
    return;
  }
  for (let at = 0; at < target.length; at += 1) target[at] = gray(shade(samples[at] ?? 0));
}

function paintThrough(samples: Samples, least: number, table: Uint32Array, target: Uint32Array): void {
  for (let at = 0; at < target.length; at += 1) target[at] = table[(samples[at] ?? least) - least] ?? 0;
}

/** Opaque grey; screens and browsers are little-endian, and the bytes are the same either way but for alpha. */
function gray(shade: number): number {
  return (0xff000000 | (shade << 16) | (shade << 8) | shade) >>> 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** The usual settings for CT, in Hounsfield units, as radiology textbooks and other viewers have them. */
export const ctWindows = [
  { id: 'soft-tissue', center: 40, width: 400 },
  { id: 'lung', center: -600, width: 1500 },
  { id: 'bone', center: 400, width: 1800 },
  { id: 'brain', center: 40, width: 80 },
] as const;
