import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { paint, shownSize } from './drawn-picture.ts';
import type { DrawnPicture, Voi } from './drawn-picture.ts';

/** A picture, grey values as the person wants them. Emptied when it goes: no pixel stays behind. */
export function PictureCanvas({
  picture,
  voi,
  polarity = 'normal',
  label,
  className,
}: {
  readonly picture: DrawnPicture;
  readonly voi?: Voi | undefined;
  readonly polarity?: 'normal' | 'inverse';
  /** Undefined where the words beside it name it. */
  readonly label?: string;
  readonly className: string;
}): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const { current } = canvas;
    const context = current?.getContext('2d', { alpha: false });
    if (current === null || context === null || context === undefined) return;
    const pixels = new ImageData(paint(picture, voi, polarity), picture.columns, picture.rows);
    const { width, height } = shownSize(picture);
    current.width = width;
    current.height = height;
    if (width === picture.columns && height === picture.rows) context.putImageData(pixels, 0, 0);
    else stretch(context, pixels);
    return () => {
      current.width = 1;
      current.height = 1;
    };
  }, [picture, voi, polarity]);
  return (
    <canvas
      ref={canvas}
      className={className}
      {...(label === undefined ? {} : { role: 'img', 'aria-label': label })}
    />
  );
}

/** Pixels that are not square: drawn as they are on a canvas of their own, which is emptied, and from there to size. */
function stretch(context: CanvasRenderingContext2D, pixels: ImageData): void {
  const own = document.createElement('canvas');
  own.width = pixels.width;
  own.height = pixels.height;
  own.getContext('2d', { alpha: false })?.putImageData(pixels, 0, 0);
  context.drawImage(own, 0, 0, context.canvas.width, context.canvas.height);
  own.width = 1;
  own.height = 1;
}
