import { expect, it } from 'vitest';
import { drawnPicture, shownSize } from './drawn-picture.ts';

function shown(columns: number, rows: number, pixelAspect: number) {
  return shownSize(
    drawnPicture({
      image: { columns, rows, frames: 1, frameRate: null },
      frame: 0,
      facts: { tag: 'colour', columns, rows, pixelAspect },
      pixels: Buffer.alloc(columns * rows * 3).toString('base64'),
    }),
  );
}

it('shows square pixels as they are', () => {
  expect(shown(64, 48, 1)).toEqual({ width: 64, height: 48 });
});

it('stretches pixels that are not square so that a circle is round', () => {
  expect(shown(64, 32, 2)).toEqual({ width: 64, height: 64 });
  expect(shown(32, 64, 0.5)).toEqual({ width: 64, height: 64 });
});

it('keeps what a hostile aspect asks for to a size that can be drawn', () => {
  expect(shown(2, 512, 20)).toEqual({ width: 1, height: 4096 });
  expect(shown(512, 1, 0.05)).toEqual({ width: 4096, height: 1 });
});
