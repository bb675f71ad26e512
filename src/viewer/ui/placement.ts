/** From the image's pixels to the screen's and back. */
import { turnedVector, type Point, type Turn } from '../pixels/geometry.ts';
import type { Zoom } from '../model/view.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Placement {
  /** CSS pixels for one pixel of the image, along its rows. */
  readonly factor: number;
  toScreen(point: Point): Point;
  toImage(point: Point): Point;
  /** For a canvas whose unit is the CSS pixel. */
  readonly matrix: DOMMatrix2DInit;
}

/** Pixels that are not square (`aspect`: height by width) are drawn in their true shape. */
export function place(
  image: { readonly columns: number; readonly rows: number },
  aspect: number,
  stage: Size,
  zoom: Zoom,
  pan: Point,
  turn: Turn,
): Placement {
  const upright = turn.quarterTurns % 2 === 0;
  const width = image.columns;
  const height = image.rows * aspect;
  const fit = Math.min(stage.width / (upright ? width : height), stage.height / (upright ? height : width));
  const factor = zoom.tag === 'fit' ? fit : zoom.factor;
  const ex = scaled(turnedVector({ x: 1, y: 0 }, turn), factor);
  const ey = scaled(turnedVector({ x: 0, y: 1 }, turn), factor * aspect);
  const middle = { x: stage.width / 2 + pan.x, y: stage.height / 2 + pan.y };
  const e = middle.x - (ex.x * image.columns + ey.x * image.rows) / 2;
  const f = middle.y - (ex.y * image.columns + ey.y * image.rows) / 2;
  const determinant = ex.x * ey.y - ex.y * ey.x;
  return {
    factor,
    toScreen: ({ x, y }) => ({ x: ex.x * x + ey.x * y + e, y: ex.y * x + ey.y * y + f }),
    toImage: ({ x, y }) => ({
      x: ((x - e) * ey.y - (y - f) * ey.x) / determinant,
      y: ((y - f) * ex.x - (x - e) * ex.y) / determinant,
    }),
    matrix: { a: ex.x, b: ex.y, c: ey.x, d: ey.y, e, f },
  };
}

function scaled({ x, y }: Point, by: number): Point {
  return { x: x * by, y: y * by };
}
