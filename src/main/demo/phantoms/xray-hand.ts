/**
 * The X-ray of a left hand, seen from the back of the hand: how much soft tissue and bone each ray passes. Bones are
 * tubes with a dense wall and spongy ends, so that edges come out bright as on a real film. Places in mm from the
 * middle of the picture, y towards the wrist.
 */
import { clamp, mix, smoothStep, ValueNoise, type NoiseStream } from './noise.ts';

/** A long bone from base to head: radii in mm at base, middle and head, thickness of the wall in the middle. */
interface LongBone {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly radii: readonly [number, number, number];
  readonly wallMm: number;
}

const bone = (
  from: readonly [number, number],
  to: readonly [number, number],
  radii: readonly [number, number, number],
  wallMm: number,
): LongBone => ({ from, to, radii, wallMm });

/** Finger by finger from the thumb: metacarpal, then phalanges. */
const fingers: readonly (readonly LongBone[])[] = [
  [
    bone([34, 54], [58, 21], [7.6, 4.6, 7], 1.7),
    bone([61.5, 15], [75, -10], [6.6, 3.9, 5.4], 1.5),
    bone([77.5, -15.5], [86, -36], [5.6, 2.9, 3.4], 1.1),
  ],
  [
    bone([19, 44], [27.5, -17], [7.4, 4.3, 7], 1.9),
    bone([29, -26], [36, -63], [6.6, 3.9, 5.2], 1.7),
    bone([37, -69], [41, -90], [5.4, 3.2, 4.4], 1.4),
    bone([41.8, -95], [44.5, -110], [4.6, 2.3, 3.2], 1),
  ],
  [
    bone([4.5, 42], [6, -23], [7, 4.4, 7.2], 2),
    bone([6.5, -32], [8, -74], [6.8, 4.1, 5.4], 1.8),
    bone([8.2, -80], [9, -106], [5.6, 3.4, 4.6], 1.5),
    bone([9.2, -111], [9.8, -127], [4.7, 2.4, 3.3], 1),
  ],
  [
    bone([-8, 44], [-13.5, -15], [6.2, 3.7, 6.4], 1.7),
    bone([-15, -23], [-22, -61], [6.2, 3.7, 5], 1.6),
    bone([-23, -67], [-28, -91], [5.2, 3.1, 4.3], 1.4),
    bone([-29, -96], [-32, -111], [4.5, 2.3, 3.1], 1),
  ],
  [
    bone([-18.5, 49], [-32, -2], [6, 3.4, 5.8], 1.6),
    bone([-34.5, -10], [-46, -40], [5.5, 3.2, 4.4], 1.4),
    bone([-48, -45.5], [-54.5, -61], [4.6, 2.7, 3.7], 1.2),
    bone([-56.5, -66], [-61, -78], [3.9, 2, 2.7], 0.9),
  ],
];

const forearm: readonly LongBone[] = [
  bone([13, 92], [17, 175], [15.5, 8.6, 9], 2.6),
  bone([-19, 96], [-18, 175], [7.6, 6, 6.6], 2.4),
];

/** Wrist bones: centre, radii, turn. */
const carpals: readonly (readonly [number, number, number, number, number])[] = [
  [29.5, 61, 8.2, 7, 0.5],
  [18.5, 56, 5.8, 7, 0.1],
  [5, 60, 7.4, 11.8, 0.05],
  [-9, 60.5, 8.6, 9.6, -0.3],
  [19, 73, 6.8, 11.2, 0.55],
  [3, 78.5, 8.4, 7.6, -0.1],
  [-12.5, 74.5, 7.6, 6.6, 0.4],
  [-15.5, 71, 4.8, 5.2, 0],
];

/** Small round bones in the tendons at the thumb and the little finger. */
const sesamoids: readonly (readonly [number, number, number])[] = [
  [55, 17, 2.5],
  [60.5, 22, 2.4],
  [-30.5, -5, 1.6],
];

/** What a ray meets, in mm of soft tissue and in mm of dense bone. */
export interface Attenuation {
  readonly soft: Float32Array;
  readonly bone: Float32Array;
}

/** @param size pixels per side @param pixelMm side of a pixel */
export function projectHand(size: number, pixelMm: number, stream: NoiseStream): Attenuation {
  const sponge = new ValueNoise(stream.fork());
  const boneMm = new Float32Array(size * size);
  const film: Film = { size, pixelMm, boneMm, sponge };
  for (const long of [...forearm, ...fingers.flat()]) addLongBone(film, long);
  for (const carpal of carpals) addCarpal(film, carpal);
  for (const [x, y, r] of sesamoids) addCarpal(film, [x, y, r, r * 1.15, 0.3]);
  return { soft: softTissue(size, pixelMm, new ValueNoise(stream.fork())), bone: boneMm };
}

interface Film {
  readonly size: number;
  readonly pixelMm: number;
  readonly boneMm: Float32Array;
  readonly sponge: ValueNoise;
}

/** Where the middle of the picture lies. */
const middleY = -6;

function eachPixel(
  film: Film,
  bounds: readonly [number, number, number, number],
  visit: (index: number, x: number, y: number) => void,
): void {
  const toIndex = (mm: number): number =>
    clamp(Math.round(mm / film.pixelMm + (film.size - 1) / 2), 0, film.size - 1);
  const [left, top, right, bottom] = bounds;
  for (let row = toIndex(top - middleY); row <= toIndex(bottom - middleY); row += 1) {
    const y = (row - (film.size - 1) / 2) * film.pixelMm + middleY;
    for (let column = toIndex(left); column <= toIndex(right); column += 1) {
      visit(row * film.size + column, (column - (film.size - 1) / 2) * film.pixelMm, y);
    }
  }
}

function addLongBone(film: Film, { from, to, radii, wallMm }: LongBone): void {
  const dx = to[0] - from[0];
  const dy = to[1] - from[1];
  const lengthMm = Math.hypot(dx, dy);
  const reach = Math.max(...radii) + 2;
  const bounds = [
    Math.min(from[0], to[0]) - reach,
    Math.min(from[1], to[1]) - reach,
    Math.max(from[0], to[0]) + reach,
    Math.max(from[1], to[1]) + reach,
  ] as const;
  const [base, middle, head] = radii;
  eachPixel(film, bounds, (index, x, y) => {
    const along = ((x - from[0]) * dx + (y - from[1]) * dy) / lengthMm;
    const across = ((y - from[1]) * dx - (x - from[0]) * dy) / lengthMm;
    const part = along / lengthMm;
    // Flared ends; the base is flatter than the round head.
    const flare =
      middle +
      (base - middle) * Math.exp(-square(Math.max(along, 0) / (base * 1.25))) +
      (head - middle) * Math.exp(-square(Math.max(lengthMm - along, 0) / (head * 1.15)));
    const beyondBase = Math.max(-along, 0) / (base * 0.42);
    const beyondHead = Math.max(along - lengthMm, 0) / (head * 0.62);
    const cap = 1 - square(Math.max(beyondBase, beyondHead));
    if (cap <= 0) return;
    // Slightly waisted off axis, as shafts are.
    const radius = flare * Math.sqrt(cap) * (1 + 0.03 * Math.sin(part * 9 + across));
    if (Math.abs(across) >= radius) return;
    const shaft = smoothStep(0.04, 0.3, part) * smoothStep(0.98, 0.72, part);
    const wall = mix(0.55, wallMm, shaft);
    const outer = chord(radius, across);
    const inner = chord(radius - wall, across) * Math.sqrt(cap);
    const grain =
      film.sponge.at(along / 1.15, across / 0.62, lengthMm) * 0.5 +
      film.sponge.at(along / 0.5, across / 0.45, 7) * 0.4 +
      film.sponge.at(x / 2.4, y / 2.4, 3) * 0.25;
    const spongy = mix(0.33, 0.1, shaft) * (1 + 0.65 * grain);
    // The joint surface is a dense plate.
    const plate = 1.3 * Math.exp(-square((cap - 0.16) / 0.16)) * Math.min(outer / 4, 1);
    add(film, index, (outer - inner) * (0.93 + 0.12 * grain * shaft) + inner * spongy + plate);
  });
}

function addCarpal(
  film: Film,
  [cx, cy, rx, ry, turn]: readonly [number, number, number, number, number],
): void {
  const reach = Math.max(rx, ry) + 2;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  eachPixel(film, [cx - reach, cy - reach, cx + reach, cy + reach], (index, x, y) => {
    const u = ((x - cx) * cos + (y - cy) * sin) / rx;
    const v = ((y - cy) * cos - (x - cx) * sin) / ry;
    const bump = 1 + film.sponge.at(x / 7, y / 7, cx + cy) * 0.09;
    // A rounded block rather than an egg.
    const level = Math.pow(Math.pow(Math.abs(u), 2.7) + Math.pow(Math.abs(v), 2.7), 1 / 2.7) * bump;
    if (level >= 1) return;
    const mean = Math.min(rx, ry);
    const outer = mean * 2 * Math.pow(1 - level * level, 0.42);
    const inside = clamp(level / (1 - 0.75 / mean), 0, 1);
    const inner = (mean - 0.75) * 2 * Math.pow(1 - inside * inside, 0.42);
    const grain =
      film.sponge.at(x / 0.8, y / 0.8, cx) * 0.45 +
      film.sponge.at(x / 0.45, y / 0.45, cy) * 0.35 +
      film.sponge.at(x / 2.2, y / 2.2, 5) * 0.2;
    add(film, index, (outer - inner) * 0.85 + inner * 0.36 * (1 + 0.65 * grain));
  });
}

/** Bones that overlap in the picture add up, though not quite: they share the hand's thickness. */
function add(film: Film, index: number, mm: number): void {
  const old = film.boneMm[index] ?? 0;
  film.boneMm[index] = old === 0 ? mm : Math.max(old, mm) + 0.55 * Math.min(old, mm);
}

function chord(radius: number, across: number): number {
  return radius <= Math.abs(across) ? 0 : 2 * Math.sqrt(radius * radius - across * across);
}

/** Skin outline from sleeves around the bones, merged smoothly; worked out on every fourth pixel. */
function softTissue(size: number, pixelMm: number, noise: ValueNoise): Float32Array {
  const coarse = 4;
  const cells = size / coarse + 2;
  const grid = new Float32Array(cells * cells);
  for (let row = 0; row < cells; row += 1) {
    for (let column = 0; column < cells; column += 1) {
      const x = (column * coarse - (size - 1) / 2) * pixelMm;
      const y = (row * coarse - (size - 1) / 2) * pixelMm + middleY;
      grid[row * cells + column] = thickness(x, y, noise);
    }
  }
  const soft = new Float32Array(size * size);
  for (let row = 0; row < size; row += 1) {
    const y0 = Math.floor(row / coarse);
    const fy = row / coarse - y0;
    for (let column = 0; column < size; column += 1) {
      const x0 = Math.floor(column / coarse);
      const fx = column / coarse - x0;
      const at = y0 * cells + x0;
      soft[row * size + column] = mix(
        mix(grid[at] ?? 0, grid[at + 1] ?? 0, fx),
        mix(grid[at + cells] ?? 0, grid[at + cells + 1] ?? 0, fx),
        fy,
      );
    }
  }
  return soft;
}

interface Sleeve {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly startMm: number;
  readonly endMm: number;
}

/** Half the width of the flesh around each bone of a finger, at its base and its head, mm. */
function sleeveWidths(joint: number): readonly [number, number] {
  switch (joint) {
    case 0:
      return [17, 13];
    case 1:
      return [11.5, 9.6];
    case 2:
      return [9.8, 8.8];
    default:
      return [8.8, 7.4];
  }
}

const sleeves: readonly Sleeve[] = [
  ...fingers.flatMap((finger, number) =>
    finger.map(({ from, to }, joint) => {
      const slim = number === 4 ? 0.86 : number === 0 ? 1.12 : 1;
      const [startMm, endMm] = sleeveWidths(joint);
      return { from, to: joint === 0 ? from : to, startMm: startMm * slim, endMm: endMm * slim };
    }),
  ),
  // The palm, the ball of the thumb and the wrist.
  { from: [26, 44], to: [25, -8], startMm: 15, endMm: 14 },
  { from: [4, 44], to: [6, -12], startMm: 20, endMm: 14 },
  { from: [-10, 46], to: [-13, -6], startMm: 17, endMm: 14 },
  { from: [-20, 52], to: [-29, 4], startMm: 13, endMm: 12 },
  { from: [34, 50], to: [58, 20], startMm: 13.5, endMm: 11.5 },
  { from: [30, 38], to: [46, 22], startMm: 13, endMm: 10 },
  { from: [0, 60], to: [0, 175], startMm: 30, endMm: 36 },
];

function thickness(x: number, y: number, noise: ValueNoise): number {
  // Polynomial smooth minimum, sleeve by sleeve.
  const blendMm = 5;
  let distance = 60;
  for (const { from, to, startMm, endMm } of sleeves) {
    const dx = to[0] - from[0];
    const dy = to[1] - from[1];
    const lengthSquared = dx * dx + dy * dy || 1e-9;
    const part = clamp(((x - from[0]) * dx + (y - from[1]) * dy) / lengthSquared, 0, 1);
    const gapX = x - from[0] - part * dx;
    const gapY = y - from[1] - part * dy;
    const here = Math.sqrt(gapX * gapX + gapY * gapY) - mix(startMm, endMm, part);
    const share = clamp(0.5 + (distance - here) / (2 * blendMm), 0, 1);
    distance = mix(distance, here, share) - blendMm * share * (1 - share);
  }
  const depth = -(distance + noise.at(x / 11, y / 11, 2) * 0.5);
  if (depth <= 0) return 0;
  // Fingers are round, the palm is a slab with a fuller ball of the thumb.
  const roundMm = mix(9, 15, smoothStep(-30, 30, y));
  const within = Math.min(depth, roundMm);
  const folds = 1 + 0.05 * noise.at(x / 9, y / 5, 8) + 0.03 * noise.at(x / 2.5, y / 2.5, 11);
  return 2 * Math.sqrt(2 * roundMm * within - within * within) * folds;
}

function square(value: number): number {
  return value * value;
}
