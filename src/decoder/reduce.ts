/** Makes pictures smaller: each pixel of the result is the mean of the pixels it stands for. */
import type { ColourPicture, GrayPicture } from '../viewer/pixels/picture.ts';
import type { Samples } from '../viewer/pixels/samples.ts';

export interface Reduced<T> {
  readonly columns: number;
  readonly rows: number;
  readonly data: T;
}

/** Whole pixels, at least one each way; never larger than it is. */
export function reducedSize(
  columns: number,
  rows: number,
  longestEdge: number,
): { readonly columns: number; readonly rows: number } {
  const scale = Math.min(1, longestEdge / Math.max(columns, rows));
  const of = (length: number): number => Math.min(longestEdge, Math.max(1, Math.round(length * scale)));
  return { columns: of(columns), rows: of(rows) };
}

/**
 * Grey values. The mean of stored values is one only where their meaning is linear and none of them is padding;
 * elsewhere the pixel in the middle stands for the others.
 */
export function reduceGray(picture: GrayPicture, longestEdge: number): Reduced<Samples> {
  const { samples, facts } = picture;
  const size = reducedSize(picture.columns, picture.rows, longestEdge);
  if (size.columns === picture.columns && size.rows === picture.rows)
    return { ...size, data: samples.slice(0, size.columns * size.rows) };
  const Kind = samples.constructor as new (length: number) => Samples;
  const data = new Kind(size.columns * size.rows);
  const { padding } = facts;
  const isLinear = facts.modalityTable === undefined && facts.voiTable === undefined;
  let to = 0;
  forEachBox(picture.columns, picture.rows, size, (left, right, top, bottom) => {
    let sum = 0;
    let isMean = isLinear;
    for (let y = top; y < bottom && isMean; y += 1) {
      for (let x = left; x < right; x += 1) {
        const value = samples[y * picture.columns + x] ?? 0;
        if (padding !== undefined && value >= padding.least && value <= padding.most) {
          isMean = false;
          break;
        }
        sum += value;
      }
    }
    const middle = ((top + bottom) >> 1) * picture.columns + ((left + right) >> 1);
    data[to] = isMean ? Math.round(sum / ((right - left) * (bottom - top))) : (samples[middle] ?? 0);
    to += 1;
  });
  return { ...size, data };
}

/** Red, green, blue; what was transparent in no DICOM image is left out. */
export function reduceColour(
  picture: Pick<ColourPicture, 'columns' | 'rows' | 'rgba'>,
  longestEdge: number,
): Reduced<Uint8Array> {
  const { rgba, columns } = picture;
  const size = reducedSize(columns, picture.rows, longestEdge);
  const data = new Uint8Array(size.columns * size.rows * 3);
  let to = 0;
  forEachBox(columns, picture.rows, size, (left, right, top, bottom) => {
    let [red, green, blue] = [0, 0, 0];
    for (let y = top; y < bottom; y += 1) {
      for (let at = (y * columns + left) * 4; at < (y * columns + right) * 4; at += 4) {
        red += rgba[at] ?? 0;
        green += rgba[at + 1] ?? 0;
        blue += rgba[at + 2] ?? 0;
      }
    }
    const pixels = (right - left) * (bottom - top);
    data[to] = Math.round(red / pixels);
    data[to + 1] = Math.round(green / pixels);
    data[to + 2] = Math.round(blue / pixels);
    to += 3;
  });
  return { ...size, data };
}

/** Boxes of whole source pixels that cover everything, row by row; `right` and `bottom` are outside. */
function forEachBox(
  columns: number,
  rows: number,
  size: { readonly columns: number; readonly rows: number },
  visit: (left: number, right: number, top: number, bottom: number) => void,
): void {
  for (let y = 0; y < size.rows; y += 1) {
    const top = Math.floor((y * rows) / size.rows);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * rows) / size.rows));
    for (let x = 0; x < size.columns; x += 1) {
      const left = Math.floor((x * columns) / size.columns);
      visit(left, Math.max(left + 1, Math.floor(((x + 1) * columns) / size.columns)), top, bottom);
    }
  }
}
