import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import { paint } from './drawn-picture.ts';
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
    current.width = picture.columns;
    current.height = picture.rows;
    context.putImageData(new ImageData(paint(picture, voi, polarity), picture.columns, picture.rows), 0, 0);
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
