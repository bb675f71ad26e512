/** From the engine's answer to pixels on a screen: the same grey arithmetic as the viewer of shared studies. */
import {
  sampleBytes,
  type GrayPictureFacts,
  type Picture,
  type SampleKind,
} from '../../../shared/preview.ts';
import { ctWindows, defaultVoi, fullRange, paintGray, windowVoi } from '../../../viewer/pixels/gray.ts';
import type { Polarity, Voi } from '../../../viewer/pixels/gray.ts';
import type { LookupTable } from '../../../viewer/pixels/image-facts.ts';
import type { GrayPicture } from '../../../viewer/pixels/picture.ts';
import type { Samples } from '../../../viewer/pixels/samples.ts';

export type { Voi } from '../../../viewer/pixels/gray.ts';

/** Ready to be drawn as often as a slider moves. */
export type DrawnPicture = {
  readonly columns: number;
  readonly rows: number;
  /** Height of a pixel by its width. */
  readonly pixelAspect: number;
} & (
  { readonly tag: 'gray'; readonly gray: GrayPicture } | { readonly tag: 'colour'; readonly rgb: Uint8Array }
);

/** A canvas of this many pixels a side is drawn by every browser; a preview is smaller. */
const longestShown = 4096;

/** Throws RangeError when the pixels are not as many as the facts say. */
export function drawnPicture({ facts, pixels }: Picture): DrawnPicture {
  const bytes = Uint8Array.from(atob(pixels), (char) => char.charCodeAt(0));
  const { columns, rows, pixelAspect } = facts;
  if (facts.tag === 'colour') {
    if (bytes.length !== columns * rows * 3) throw new RangeError('pixels');
    return { tag: 'colour', columns, rows, pixelAspect, rgb: bytes };
  }
  if (bytes.length !== columns * rows * sampleBytes(facts.kind)) throw new RangeError('pixels');
  return { tag: 'gray', columns, rows, pixelAspect, gray: grayPicture(facts, bytes) };
}

function grayPicture(facts: GrayPictureFacts, bytes: Uint8Array<ArrayBuffer>): GrayPicture {
  const { columns, rows, least, most, meant, polarity, slope, intercept, voiFunction, unit } = facts;
  const spacing = { spacing: undefined, regions: [], pixelAspect: facts.pixelAspect, orientation: undefined };
  return {
    tag: 'gray',
    columns,
    rows,
    samples: samplesOf(facts.kind, bytes.buffer),
    least,
    most,
    meant,
    polarity,
    geometry: spacing,
    facts: {
      slope,
      intercept,
      modalityTable: tableOf(facts.modalityTable),
      windows: facts.windows,
      voiFunction,
      voiTable: tableOf(facts.voiTable),
      unit,
      padding: facts.padding ?? undefined,
    },
  };
}

/** Little-endian, as every machine that runs this. */
function samplesOf(kind: SampleKind, buffer: ArrayBuffer): Samples {
  switch (kind) {
    case 'u8':
      return new Uint8Array(buffer);
    case 'i8':
      return new Int8Array(buffer);
    case 'u16':
      return new Uint16Array(buffer);
    case 'i16':
      return new Int16Array(buffer);
    case 'u32':
      return new Uint32Array(buffer);
    case 'i32':
      return new Int32Array(buffer);
  }
}

function tableOf(table: GrayPictureFacts['voiTable']): LookupTable | undefined {
  if (table === null) return undefined;
  const bytes = Uint8Array.from(atob(table.entries), (char) => char.charCodeAt(0));
  return { firstValue: table.firstValue, bits: table.bits, entries: new Uint16Array(bytes.buffer) };
}

/**
 * How large a picture is on the screen, in square pixels: one side as in the file, the other stretched, so that a circle
 * is round (PS3.3 C.7.6.3.1.7). No side beyond `longestShown`.
 */
export function shownSize({ columns, rows, pixelAspect }: DrawnPicture): {
  readonly width: number;
  readonly height: number;
} {
  const width = pixelAspect < 1 ? columns / pixelAspect : columns;
  const height = pixelAspect < 1 ? rows : rows * pixelAspect;
  const scale = Math.min(1, longestShown / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** RGBA, four bytes a pixel. `voi` undefined: as the file asks. Colour has no window. */
export function paint(
  picture: DrawnPicture,
  voi: Voi | undefined,
  polarity: Polarity,
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(picture.columns * picture.rows * 4);
  if (picture.tag === 'gray') {
    paintGray(picture.gray, voi ?? defaultVoi(picture.gray), polarity, rgba);
    return rgba;
  }
  const flip = polarity === 'inverse' ? 255 : 0;
  for (let from = 0, to = 0; from < picture.rgb.length; from += 3, to += 4) {
    for (let channel = 0; channel < 3; channel += 1)
      rgba[to + channel] = Math.abs(flip - (picture.rgb[from + channel] ?? 0));
    rgba[to + 3] = 255;
  }
  return rgba;
}

export interface WindowChoice {
  readonly id: string;
  /** What the file calls it; empty for ours. */
  readonly name: string;
  readonly voi: Voi;
}

/** The file's windows, all values, and the usual ones for CT. None for colour. */
export function windowChoices(picture: DrawnPicture): readonly WindowChoice[] {
  if (picture.tag !== 'gray') return [];
  const { gray } = picture;
  const { windows, voiFunction, unit } = gray.facts;
  return [
    ...windows.map((window, at) => ({
      id: `file-${at}`,
      name: window.name,
      voi: windowVoi(window, voiFunction),
    })),
    { id: 'full', name: '', voi: fullRange(gray) },
    ...(unit === 'HU'
      ? ctWindows.map(({ id, center, width }) => ({
          id,
          name: '',
          voi: windowVoi({ center, width, name: '' }, 'LINEAR'),
        }))
      : []),
  ];
}

export interface LevelRange {
  readonly center: number;
  readonly width: number;
  readonly least: number;
  readonly most: number;
  /** Of a slider. */
  readonly step: number;
}

/** Where window and level stand, and how far they can go; undefined where there is nothing to set. */
export function levelRange(picture: DrawnPicture, voi: Voi | undefined): LevelRange | undefined {
  if (picture.tag !== 'gray') return undefined;
  const whole = fullRange(picture.gray);
  const shown = voi ?? defaultVoi(picture.gray);
  if (whole.tag !== 'window' || shown.tag !== 'window') return undefined;
  const reach = Math.max(whole.width, shown.width, 2);
  const step = reach > 200 ? 1 : reach / 200;
  return {
    center: shown.center,
    width: shown.width,
    least: Math.min(whole.center - reach / 2, shown.center),
    most: Math.max(whole.center + reach / 2, shown.center),
    step,
  };
}
