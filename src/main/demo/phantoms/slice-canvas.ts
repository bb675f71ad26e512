/** One axial slice being painted: shapes in millimetres, soft edges, masks. x to the patient's left, y to the back. */
import { clamp, type ValueNoise } from './noise.ts';

/** A closed shape: where it may be, and how far a point lies from its surface (negative inside), in mm. */
export interface Shape {
  readonly left: number;
  readonly right: number;
  readonly front: number;
  readonly back: number;
  /** `index` is the pixel's, for shapes that remember (see `remembered`). */
  distance(x: number, y: number, index: number): number;
}

/** What a shape is filled with: a value, or one that depends on the place. NaN leaves the pixel as it is. */
export type Fill = number | ((x: number, y: number, depthMm: number) => number);

/** Coverage 0 to 1 per pixel. */
export type Mask = Float32Array;

/** Largest displacement by `warp`, mm: bounds are widened by it. */
const warpMm = 3.5;
const warpGrid = 16;

export class SliceCanvas {
  readonly size: number;
  readonly pixelMm: number;
  readonly values: Float32Array;
  /** Warped coordinates of each pixel: they turn perfect ellipses into something grown. */
  readonly #x: Float32Array;
  readonly #y: Float32Array;

  /** @param background value everywhere before anything is painted */
  constructor(size: number, pixelMm: number, background: number) {
    this.size = size;
    this.pixelMm = pixelMm;
    this.values = new Float32Array(size * size).fill(background);
    this.#x = new Float32Array(size * size);
    this.#y = new Float32Array(size * size);
    for (let row = 0; row < size; row += 1) {
      for (let column = 0; column < size; column += 1) {
        this.#x[row * size + column] = this.#place(column);
        this.#y[row * size + column] = this.#place(row);
      }
    }
  }

  #place(index: number): number {
    return (index - (this.size - 1) / 2) * this.pixelMm;
  }

  /** Bends everything painted from now on; neighbouring slices bend alike. Noise is read on a coarse grid. */
  warp(noise: ValueNoise, z: number): void {
    const cells = Math.ceil(this.size / warpGrid) + 2;
    const dx = new Float32Array(cells * cells);
    const dy = new Float32Array(cells * cells);
    const scaleMm = 42;
    for (let row = 0; row < cells; row += 1) {
      for (let column = 0; column < cells; column += 1) {
        const x = (column * warpGrid * this.pixelMm) / scaleMm;
        const y = (row * warpGrid * this.pixelMm) / scaleMm;
        dx[row * cells + column] = noise.at(x, y, z / 60) * warpMm;
        dy[row * cells + column] = noise.at(x + 20, y + 31, z / 60) * warpMm;
      }
    }
    for (let row = 0; row < this.size; row += 1) {
      for (let column = 0; column < this.size; column += 1) {
        const index = row * this.size + column;
        this.#x[index] = this.#place(column) + bilinear(dx, cells, column / warpGrid, row / warpGrid);
        this.#y[index] = this.#place(row) + bilinear(dy, cells, column / warpGrid, row / warpGrid);
      }
    }
  }

  /** Fills a shape; `within` limits it, `softMm` is the width of its edge (a pixel unless given). */
  paint(shape: Shape | undefined, fill: Fill, within?: Mask, softMm = this.pixelMm): void {
    this.#each(shape, softMm, (index, coverage, x, y, distance) => {
      const covered = within === undefined ? coverage : coverage * (within[index] ?? 0);
      if (covered <= 0) return;
      const value = typeof fill === 'number' ? fill : fill(x, y, -distance);
      if (Number.isNaN(value)) return;
      const old = this.values[index] ?? 0;
      this.values[index] = old + (value - old) * covered;
    });
  }

  /** The same shape, its distance computed once per pixel of this slice: for outlines that many others refer to. */
  remembered(shape: Shape): Shape {
    const known = new Float32Array(this.values.length).fill(NaN);
    return {
      ...shape,
      distance: (x, y, index) => {
        const before = known[index] ?? NaN;
        if (!Number.isNaN(before)) return before;
        const distance = shape.distance(x, y, index);
        known[index] = distance;
        return distance;
      },
    };
  }

  /** The coverage of a shape, as a mask for others. */
  mask(shape: Shape | undefined, softMm = this.pixelMm): Mask {
    const mask = new Float32Array(this.values.length);
    this.#each(shape, softMm, (index, coverage) => {
      mask[index] = coverage;
    });
    return mask;
  }

  #each(
    shape: Shape | undefined,
    softMm: number,
    visit: (index: number, coverage: number, x: number, y: number, distance: number) => void,
  ): void {
    if (shape === undefined) return;
    const margin = warpMm + softMm;
    const fromColumn = this.#index(shape.left - margin);
    const toColumn = this.#index(shape.right + margin);
    const toRow = this.#index(shape.back + margin);
    for (let row = this.#index(shape.front - margin); row <= toRow; row += 1) {
      for (let column = fromColumn; column <= toColumn; column += 1) {
        const index = row * this.size + column;
        const x = this.#x[index] ?? 0;
        const y = this.#y[index] ?? 0;
        const distance = shape.distance(x, y, index);
        const coverage = 0.5 - distance / softMm;
        if (coverage > 0) visit(index, coverage > 1 ? 1 : coverage, x, y, distance);
      }
    }
  }

  #index(mm: number): number {
    return clamp(Math.round(mm / this.pixelMm + (this.size - 1) / 2), 0, this.size - 1);
  }
}

function bilinear(grid: Float32Array, width: number, x: number, y: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const at = y0 * width + x0;
  const fx = x - x0;
  const fy = y - y0;
  const top = (grid[at] ?? 0) * (1 - fx) + (grid[at + 1] ?? 0) * fx;
  const bottom = (grid[at + width] ?? 0) * (1 - fx) + (grid[at + width + 1] ?? 0) * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Centre and radii of an ellipsoid in mm; `turn` rotates it in the slice, radians. */
export interface Ellipsoid {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly rx: number;
  readonly ry: number;
  readonly rz: number;
  readonly turn?: number;
}

/** The cut of an ellipsoid by the slice at `z`, or undefined where it does not reach. */
export function ellipsoidAt(z: number, body: Ellipsoid): Shape | undefined {
  const dz = (z - body.z) / body.rz;
  if (dz * dz >= 1) return undefined;
  const cos = Math.cos(body.turn ?? 0);
  const sin = Math.sin(body.turn ?? 0);
  const reach = Math.sqrt(1 - dz * dz);
  const halfWidth = reach * length(body.rx * cos, body.ry * sin);
  const halfDepth = reach * length(body.rx * sin, body.ry * cos);
  const gz = dz / body.rz;
  return {
    left: body.x - halfWidth,
    right: body.x + halfWidth,
    front: body.y - halfDepth,
    back: body.y + halfDepth,
    distance: (x, y) => {
      const dx = x - body.x;
      const dy = y - body.y;
      const u = (dx * cos + dy * sin) / body.rx;
      const v = (dy * cos - dx * sin) / body.ry;
      const level = u * u + v * v + dz * dz;
      // First-order distance: level set over the length of its gradient, in three dimensions.
      const slope = 2 * length(u / body.rx, v / body.ry, gz);
      return slope < 1e-9 ? -Math.min(body.rx, body.ry) : (level - 1) / slope;
    },
  };
}

/** An ellipse in the slice plane, the same at every z. */
export function ellipse(x: number, y: number, rx: number, ry: number, turn = 0): Shape {
  return (
    ellipsoidAt(0, { x, y, z: 0, rx, ry, rz: 1e6, turn }) ?? {
      left: 0,
      right: 0,
      front: 0,
      back: 0,
      distance: () => Infinity,
    }
  );
}

/** A point in mm with a radius. */
export interface Ball {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly r: number;
}

/** A tube with round ends between two balls, cut at `z`. */
export function tubeAt(z: number, from: Ball, to: Ball): Shape | undefined {
  if (z < Math.min(from.z - from.r, to.z - to.r) || z > Math.max(from.z + from.r, to.z + to.r)) {
    return undefined;
  }
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const dz = to.z - from.z;
  const lengthSquared = dx * dx + dy * dy + dz * dz || 1e-9;
  return {
    left: Math.min(from.x - from.r, to.x - to.r),
    right: Math.max(from.x + from.r, to.x + to.r),
    front: Math.min(from.y - from.r, to.y - to.r),
    back: Math.max(from.y + from.r, to.y + to.r),
    distance: (x, y) => {
      const px = x - from.x;
      const py = y - from.y;
      const pz = z - from.z;
      const part = clamp((px * dx + py * dy + pz * dz) / lengthSquared, 0, 1);
      const gap = length(px - part * dx, py - part * dy, pz - part * dz);
      return gap - (from.r + (to.r - from.r) * part);
    },
  };
}

/** A rounded box-like outline |x/a|^n + |y/b|^n = 1; distance along the ray from its centre. */
export function superEllipse(y0: number, a: number, b: number, n: number): Shape {
  return {
    left: -a,
    right: a,
    front: y0 - b,
    back: y0 + b,
    distance: (x, y) => {
      const dy = y - y0;
      const rho = Math.pow(Math.pow(Math.abs(x) / a, n) + Math.pow(Math.abs(dy) / b, n), 1 / n);
      return rho < 1e-6 ? -b : length(x, dy) * (1 - 1 / rho);
    },
  };
}

/** Math.hypot guards against overflow at ten times the cost; millimetres need no guard. */
export function length(x: number, y: number, z = 0): number {
  return Math.sqrt(x * x + y * y + z * z);
}
