/** Branching vessels that fill a region: each branch leaves towards the part of the region it will feed. */
import type { NoiseStream } from './noise.ts';
import type { Ball } from './slice-canvas.ts';

/** One straight piece of a vessel. */
export interface VesselPiece {
  readonly from: Ball;
  readonly to: Ball;
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A branch that feeds fewer points than this ends. */
const fewestPoints = 2;
/** Murray's law: the cube of the parent's radius is the sum of its children's cubes. */
const murray = 1 / 3;

/**
 * Grows a tree from a root to points spread over a region.
 * @param points end points to feed, inside the region
 * @param tipRadiusMm radius of a branch that feeds one point
 */
export function growVessels(
  root: Point,
  points: readonly Point[],
  tipRadiusMm: number,
  stream: NoiseStream,
): readonly VesselPiece[] {
  const pieces: VesselPiece[] = [];
  grow(root, points, tipRadiusMm, stream, pieces);
  return pieces;
}

function grow(
  from: Point,
  points: readonly Point[],
  tipRadiusMm: number,
  stream: NoiseStream,
  pieces: VesselPiece[],
): void {
  const radius = (count: number): number => tipRadiusMm * Math.pow(count, murray);
  if (points.length < fewestPoints) {
    const only = points[0];
    if (only !== undefined) pieces.push(piece(from, only, tipRadiusMm, tipRadiusMm * 0.5));
    return;
  }
  const centre = meanOf(points);
  // Branch a third of the way, bent a little: straight to the centre would look like spokes.
  const fork: Point = {
    x: from.x + (centre.x - from.x) * 0.4 + stream.normal() * 1.2,
    y: from.y + (centre.y - from.y) * 0.4 + stream.normal() * 1.2,
    z: from.z + (centre.z - from.z) * 0.4 + stream.normal() * 1.2,
  };
  pieces.push(piece(from, fork, radius(points.length), radius(points.length) * 0.92));
  const axis = widestAxis(points);
  const sorted = [...points].sort((a, b) => a[axis] - b[axis]);
  const split = Math.round(sorted.length * stream.between(0.35, 0.65));
  const middle = Math.min(Math.max(split, 1), sorted.length - 1);
  grow(fork, sorted.slice(0, middle), tipRadiusMm, stream, pieces);
  grow(fork, sorted.slice(middle), tipRadiusMm, stream, pieces);
}

function piece(from: Point, to: Point, fromRadius: number, toRadius: number): VesselPiece {
  return { from: { ...from, r: fromRadius }, to: { ...to, r: toRadius } };
}

function meanOf(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  let z = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
    z += point.z;
  }
  return { x: x / points.length, y: y / points.length, z: z / points.length };
}

function widestAxis(points: readonly Point[]): 'x' | 'y' | 'z' {
  const spread = (axis: 'x' | 'y' | 'z'): number => {
    let low = Infinity;
    let high = -Infinity;
    for (const point of points) {
      low = Math.min(low, point[axis]);
      high = Math.max(high, point[axis]);
    }
    return high - low;
  };
  const x = spread('x');
  const y = spread('y');
  const z = spread('z');
  return x >= y && x >= z ? 'x' : y >= z ? 'y' : 'z';
}
