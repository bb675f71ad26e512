/** Where things are: lengths in millimetres, and which side of the patient is where. */
import type { FrameGeometry } from './image-facts.ts';

/** In pixels of the image, the centre of the first pixel at 0.5, 0.5. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Length =
  | { readonly tag: 'mm'; readonly mm: number }
  /** At the detector: larger than in the patient by an unknown magnification. */
  | { readonly tag: 'mm-detector'; readonly mm: number }
  | { readonly tag: 'pixels'; readonly pixels: number };

/** The distance between two points, calibrated where the file says how. */
export function lengthBetween(a: Point, b: Point, { spacing, regions }: FrameGeometry): Length {
  const inside = (point: Point, region: (typeof regions)[number]): boolean =>
    point.x >= region.left &&
    point.x <= region.right + 1 &&
    point.y >= region.top &&
    point.y <= region.bottom + 1;
  const region = regions.find((one) => inside(a, one) && inside(b, one));
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  if (region !== undefined) return { tag: 'mm', mm: Math.hypot(dx * region.columnMm, dy * region.rowMm) };
  // Ultrasound says its scale by region; outside of one there is none.
  if (spacing === undefined || regions.length > 0) return { tag: 'pixels', pixels: Math.hypot(dx, dy) };
  const mm = Math.hypot(dx * spacing.columnMm, dy * spacing.rowMm);
  return spacing.at === 'patient' ? { tag: 'mm', mm } : { tag: 'mm-detector', mm };
}

/** How a picture is turned: first mirrored, then rotated clockwise. */
export interface Turn {
  readonly quarterTurns: 0 | 1 | 2 | 3;
  readonly mirrored: 'no' | 'left-right';
}

export const unturned: Turn = { quarterTurns: 0, mirrored: 'no' };

export function rotated(turn: Turn): Turn {
  return { ...turn, quarterTurns: ((turn.quarterTurns + 1) % 4) as Turn['quarterTurns'] };
}

/** Mirrors what is seen, however it is rotated: a mirror after a turn is a turn the other way after the mirror. */
export function flipped(turn: Turn, axis: 'left-right' | 'top-bottom'): Turn {
  const backwards = (4 - turn.quarterTurns) % 4;
  const quarterTurns = (axis === 'left-right' ? backwards : (backwards + 2) % 4) as Turn['quarterTurns'];
  return { quarterTurns, mirrored: turn.mirrored === 'no' ? 'left-right' : 'no' };
}

/** A direction in the image as it is seen on the screen: x to the right, y down. */
export function turnedVector({ x, y }: Point, turn: Turn): Point {
  let [a, b] = [turn.mirrored === 'left-right' ? -x : x, y];
  for (let i = 0; i < turn.quarterTurns; i += 1) [a, b] = [-b, a];
  return { x: a, y: b };
}

export interface SideLetters {
  readonly left: string;
  readonly right: string;
  readonly top: string;
  readonly bottom: string;
}

/**
 * The letters at the four sides (PS3.3 C.7.6.1.1.1) from ImageOrientationPatient; undefined when that is unknown,
 * for then nothing is claimed.
 */
export function sideLetters(orientation: readonly number[] | undefined, turn: Turn): SideLetters | undefined {
  if (orientation?.length !== 6) return undefined;
  const row = orientation.slice(0, 3);
  const column = orientation.slice(3);
  const letters = (x: number, y: number): string => {
    // The screen's direction, back in the image: the inverse of the turn.
    const back = unturnedVector({ x, y }, turn);
    return letterOf(row.map((one, at) => one * back.x + (column[at] ?? 0) * back.y));
  };
  const sides = { left: letters(-1, 0), right: letters(1, 0), top: letters(0, -1), bottom: letters(0, 1) };
  return Object.values(sides).every((one) => one !== '') ? sides : undefined;
}

function unturnedVector(vector: Point, turn: Turn): Point {
  const back = turnedVector(vector, {
    quarterTurns: ((4 - turn.quarterTurns) % 4) as Turn['quarterTurns'],
    mirrored: 'no',
  });
  return turn.mirrored === 'left-right' ? { x: -back.x, y: back.y } : back;
}

/** Up to two letters, the stronger first: x grows to the patient's left, y to the back, z to the head. */
function letterOf(vector: readonly number[]): string {
  const names = [
    ['R', 'L'],
    ['A', 'P'],
    ['F', 'H'],
  ] as const;
  return vector
    .map((value, axis) => ({ strength: Math.abs(value), letter: names[axis]?.[value < 0 ? 0 : 1] ?? '' }))
    .filter(({ strength }) => strength > 0.2)
    .sort((a, b) => b.strength - a.strength)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join('');
}
