/** A picture on a canvas of its own size, grey values as the person wants them. */
import { ViewerProblem } from '../open/problem.ts';
import { defaultVoi, paintGray, type Polarity, type Voi } from '../pixels/gray.ts';
import type { Picture } from '../pixels/picture.ts';

/** Colour pictures are shown as they are, or inverted. @throws ViewerProblem pixels-too-large. */
export function paintPicture(
  canvas: HTMLCanvasElement,
  picture: Picture,
  voi: Voi | undefined,
  polarity: Polarity,
): void {
  canvas.width = picture.columns;
  canvas.height = picture.rows;
  const context = canvas.getContext('2d', { alpha: false });
  // Beyond what this browser's canvases take.
  if (context === null) throw new ViewerProblem('pixels-too-large', 'canvas');
  const data = context.createImageData(picture.columns, picture.rows);
  if (picture.tag === 'gray') {
    paintGray(picture, voi ?? defaultVoi(picture), polarity, data.data);
  } else {
    data.data.set(picture.rgba);
    if (polarity === 'inverse') invert(data.data);
  }
  context.putImageData(data, 0, 0);
}

function invert(rgba: Uint8ClampedArray): void {
  for (let at = 0; at < rgba.length; at += 4) {
    rgba[at] = 255 - (rgba[at] ?? 0);
    rgba[at + 1] = 255 - (rgba[at + 1] ?? 0);
    rgba[at + 2] = 255 - (rgba[at + 2] ?? 0);
  }
}
