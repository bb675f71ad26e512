import { expect, it } from 'vitest';
import { flipped, lengthBetween, rotated, sideLetters, turnedVector, unturned } from './geometry.ts';
import type { FrameGeometry } from './image-facts.ts';

const plain: FrameGeometry = { spacing: undefined, regions: [], pixelAspect: 1, orientation: undefined };
const axial = [1, 0, 0, 0, 1, 0];

it('a length follows both spacings, and says when it is not calibrated', () => {
  const [a, b] = [
    { x: 0, y: 0 },
    { x: 3, y: 4 },
  ];
  expect(lengthBetween(a, b, plain)).toEqual({ tag: 'pixels', pixels: 5 });
  const spacing = { rowMm: 2, columnMm: 1, at: 'patient' } as const;
  expect(lengthBetween(a, b, { ...plain, spacing })).toEqual({ tag: 'mm', mm: Math.hypot(3, 8) });
  const detector = { rowMm: 1, columnMm: 1, at: 'detector' } as const;
  expect(lengthBetween(a, b, { ...plain, spacing: detector })).toEqual({ tag: 'mm-detector', mm: 5 });
});

it('an ultrasound region has its own scale, and outside of it there is none', () => {
  const region = { left: 0, top: 0, right: 9, bottom: 9, columnMm: 0.5, rowMm: 0.5 };
  const geometry = { ...plain, regions: [region] };
  expect(lengthBetween({ x: 0, y: 0 }, { x: 4, y: 0 }, geometry)).toEqual({ tag: 'mm', mm: 2 });
  expect(lengthBetween({ x: 0, y: 0 }, { x: 40, y: 0 }, geometry)).toEqual({ tag: 'pixels', pixels: 40 });
});

it('the sides of an axial image are named, and follow every turn and mirror', () => {
  expect(sideLetters(axial, unturned)).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
  expect(sideLetters(axial, rotated(unturned))).toEqual({ left: 'P', right: 'A', top: 'R', bottom: 'L' });
  expect(sideLetters(axial, flipped(unturned, 'left-right'))).toMatchObject({
    left: 'L',
    right: 'R',
    top: 'A',
  });
  expect(sideLetters(axial, flipped(unturned, 'top-bottom'))).toMatchObject({
    left: 'R',
    top: 'P',
    bottom: 'A',
  });
});

it('where the orientation is unknown, nothing is claimed', () => {
  expect(sideLetters(undefined, unturned)).toBeUndefined();
  expect(sideLetters([1, 0, 0], unturned)).toBeUndefined();
});

it('a mirror acts on what is seen, also on a turned image, and twice is none', () => {
  const turned = rotated(unturned);
  const seen = turnedVector({ x: 1, y: 0.5 }, turned);
  const mirrored = turnedVector({ x: 1, y: 0.5 }, flipped(turned, 'left-right'));
  expect([mirrored.x + seen.x, mirrored.y - seen.y]).toEqual([0, 0]);
  expect(flipped(flipped(turned, 'top-bottom'), 'top-bottom')).toEqual(turned);
});
