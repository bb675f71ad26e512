/** The chest of the CT phantom: lungs with their vessels and airways, heart and great vessels. */
import { clamp, curve, type NoiseStream, type ValueNoise } from './noise.ts';
import {
  ellipse,
  ellipsoidAt,
  tubeAt,
  type Ball,
  type Mask,
  type Shape,
  type SliceCanvas,
} from './slice-canvas.ts';
import { cavityAt, chestAt, hu } from './ct-trunk.ts';
import { growVessels, type VesselPiece } from './vessel-tree.ts';

export interface ChestVessels {
  readonly arteries: readonly VesselPiece[];
  readonly airways: readonly VesselPiece[];
}

/** Half width of the space between the lungs. */
const mediastinumHalfWidth = curve([0, 40], [30, 33], [70, 30], [110, 35], [150, 40], [190, 42], [240, 40]);

const mediastinumProfile = curve(
  [-90, 0.3],
  [-62, 0.28],
  [-20, 0.95],
  [18, 0.9],
  [42, 0.62],
  [70, 0.85],
  [95, 0.9],
);

function mediastinumAt(z: number): Shape {
  const widest = mediastinumHalfWidth(z);
  const outline = ellipse(2, 6, widest, 92);
  return {
    ...outline,
    // Narrow behind the breastbone and before the spine, bulging at the lung roots.
    distance: (x, y) => Math.abs(x - 2) - widest * mediastinumProfile(y),
  };
}

/** Grows the vessels of both lungs from the roots. */
export function growChestVessels(stream: NoiseStream): ChestVessels {
  const arteries: VesselPiece[] = [];
  const airways: VesselPiece[] = [];
  for (const side of [-1, 1]) {
    const root = { x: side * 38, y: 4, z: 116 };
    arteries.push(...growVessels(root, lungPoints(stream, side, 2600), 0.58, stream));
    const veinRoot = { x: side * 34, y: 8, z: 140 };
    arteries.push(...growVessels(veinRoot, lungPoints(stream, side, 1700), 0.55, stream));
    airways.push(...growVessels({ x: side * 40, y: 10, z: 120 }, lungPoints(stream, side, 70), 0.8, stream));
  }
  return { arteries, airways };
}

function lungPoints(
  stream: NoiseStream,
  side: number,
  count: number,
): readonly { x: number; y: number; z: number }[] {
  const points: { x: number; y: number; z: number }[] = [];
  for (let attempt = 0; points.length < count && attempt < count * 40; attempt += 1) {
    const z = stream.between(6, 255);
    const x = side * stream.between(20, 135);
    const y = stream.between(-90, 85);
    const cavity = cavityAt(z);
    const inLung = cavity.distance(x, y, 0) < -7 && mediastinumAt(z).distance(x, y, 0) > 4;
    if (inLung && chestAt(z, cavity).distance(x, y, 0) < -6) points.push({ x, y, z });
  }
  return points;
}

/** Coverage of the lungs in this slice. */
export function lungMask(canvas: SliceCanvas, z: number, cavity: Shape, chest: Shape): Mask {
  const mediastinum = mediastinumAt(z);
  const lungs: Shape = {
    ...cavity,
    distance: (x, y, index) => {
      const wall = cavity.distance(x, y, index) + 2.5;
      if (wall > 2) return wall;
      return Math.max(wall, -mediastinum.distance(x, y, index), chest.distance(x, y, index));
    },
  };
  return canvas.mask(lungs, canvas.pixelMm * 1.3);
}

/** Fills the lungs: air, the darker and denser parts, vessels, airways with their walls. */
export function paintLungs(
  canvas: SliceCanvas,
  z: number,
  cavity: Shape,
  lungs: Mask,
  vessels: ChestVessels,
  noise: ValueNoise,
): void {
  canvas.paint(
    cavity,
    // Lying on the back, the lung there holds more blood; fine clouds are its small vessels and walls.
    (x, y) =>
      hu.lung +
      clamp(y, -80, 80) * 0.42 +
      noise.at(x / 5, y / 5, z / 5) * 22 +
      noise.at(x / 22, y / 22, z / 22) * 16,
    lungs,
  );
  for (const { from, to } of vessels.arteries) canvas.paint(tubeAt(z, from, to), vesselFill, lungs, 1.1);
  for (const { from, to } of vessels.airways) {
    if (from.r < 1.1) continue;
    canvas.paint(tubeAt(z, grown(from, 1), grown(to, 0.9)), -80, lungs);
    canvas.paint(tubeAt(z, from, to), -985, lungs);
  }
}

/** Vessels are brightest in the middle: thin ones never fill a voxel. */
function vesselFill(_x: number, _y: number, depthMm: number): number {
  return clamp(-180 + depthMm * 300, -180, 200);
}

function grown(ball: Ball, byMm: number): Ball {
  return { ...ball, r: ball.r + byMm };
}

/** Fat, great vessels, airways and gullet between the lungs. `chest` is the coverage above the diaphragm. */
export function paintMediastinum(canvas: SliceCanvas, z: number, chest: Mask): void {
  const tube = (from: Ball, to: Ball, fill: number): void => canvas.paint(tubeAt(z, from, to), fill, chest);
  const ball = (x: number, y: number, height: number, r: number): Ball => ({ x, y, z: height, r });

  // Thymus remnant and lymph nodes: soft grey flecks in the fat.
  for (const [x, y, height, r] of nodes) {
    canvas.paint(ellipsoidAt(z, { x, y, z: height, rx: r, ry: r * 0.7, rz: r * 1.3 }), 45, chest);
  }
  // Gullet with a little air.
  canvas.paint(ellipsoidAt(z, { x: 6, y: 42, z: 120, rx: 8, ry: 6.5, rz: 400 }), 50, chest);
  if (Math.sin(z / 9) > 0.2) canvas.paint(ellipse(6.5, 41, 2.2, 1.5), -700, chest);

  // Brachiocephalic veins, superior vena cava, azygos.
  tube(ball(-40, -16, 4, 8), ball(-28, -12, 60, 8.5), hu.vein + 60);
  tube(ball(46, -16, 10, 7.5), ball(-22, -24, 62, 7.5), hu.vein + 60);
  tube(ball(-28, -12, 60, 9.5), ball(-27, -8, 142, 10), hu.vein + 60);
  tube(ball(-8, 44, 95, 3.6), ball(-8, 46, 260, 3.6), hu.vein);
  // Arteries to head and arms.
  tube(ball(-14, -10, -10, 6), ball(-7, -22, 74, 6.5), hu.aorta);
  tube(ball(-16, 0, -10, 4.2), ball(-14, -8, 30, 4.2), hu.aorta);
  tube(ball(18, 0, -10, 4.4), ball(6, -14, 74, 4.4), hu.aorta);
  tube(ball(38, 8, 2, 5), ball(17, 8, 74, 5), hu.aorta);
  // Aorta: root, ascending part, arch, descending part.
  tube(ball(4, -16, 158, 14), ball(-9, -20, 122, 15.5), hu.aorta);
  tube(ball(-9, -20, 122, 15.5), ball(-8, -22, 92, 15), hu.aorta);
  tube(ball(-8, -22, 92, 14.5), ball(8, 4, 80, 13.5), hu.aorta);
  tube(ball(8, 4, 80, 13.5), ball(20, 34, 88, 13), hu.aorta);
  tube(ball(20, 34, 88, 13), ball(22, 45, 125, 12.5), hu.aorta);
  tube(ball(22, 45, 125, 12.5), ball(16, 46, 230, 11.5), hu.aorta);
  // Pulmonary trunk and its branches.
  tube(ball(20, -42, 150, 13), ball(15, -38, 122, 14), hu.aorta - 20);
  tube(ball(15, -38, 122, 14), ball(22, -18, 112, 12.5), hu.aorta - 20);
  tube(ball(22, -18, 112, 12), ball(42, 8, 108, 10.5), hu.aorta - 20);
  tube(ball(18, -24, 114, 12), ball(-20, 0, 117, 11), hu.aorta - 20);
  tube(ball(-20, 0, 117, 11), ball(-44, 6, 120, 9.5), hu.aorta - 20);
  // Windpipe and main bronchi: wall first, then air.
  for (const [widen, fill] of [
    [1.8, 40],
    [0, -1000],
  ] as const) {
    tube(ball(-1, 14, -20, 9 + widen), ball(0, 20, 96, 8.6 + widen), fill);
    tube(ball(0, 20, 96, 8 + widen), ball(-40, 14, 124, 6 + widen), fill);
    tube(ball(0, 20, 96, 7.6 + widen), ball(40, 16, 130, 5.4 + widen), fill);
  }
}

const nodes = [
  [14, -44, 70, 6],
  [-4, -52, 80, 7],
  [-16, 12, 84, 4],
  [14, 12, 98, 4],
  [2, 28, 128, 5],
  [-30, -32, 96, 4],
  [10, -60, 110, 5],
] as const;

/** Heart with four chambers, its fat and the valves' plane; apex to the left and front. */
export function paintHeart(canvas: SliceCanvas, z: number, chest: Mask, noise: ValueNoise): void {
  const cut = (
    x: number,
    y: number,
    height: number,
    rx: number,
    ry: number,
    rz: number,
    turn: number,
  ): Shape | undefined => ellipsoidAt(z, { x, y, z: height, rx, ry, rz, turn });
  const tissue =
    (value: number, grain: number) =>
    (x: number, y: number): number =>
      value + noise.at(x / 9, y / 9, z / 9) * grain;

  // Pericardial fat, then the sac's thin line, then fat again under it.
  canvas.paint(cut(19, -20, 176, 69, 57, 66, 0.62), hu.fat + 8, chest);
  canvas.paint(cut(19, -20, 175, 66, 53.5, 63, 0.62), 35, chest);
  canvas.paint(cut(19, -20, 175, 64.5, 52, 61.5, 0.62), hu.fat + 12, chest);
  // Atria behind, ventricles in front.
  canvas.paint(cut(-32, -20, 170, 25, 30, 40, 0.3), tissue(70, 10), chest);
  canvas.paint(cut(-32, -20, 170, 22.5, 27.5, 38, 0.3), tissue(hu.vein + 45, 30), chest);
  canvas.paint(cut(4, 16, 158, 36, 20, 31, 0.08), tissue(80, 10), chest);
  canvas.paint(cut(4, 16, 158, 33.5, 17.5, 29, 0.08), hu.aorta - 15, chest);
  canvas.paint(cut(6, -45, 180, 47, 24, 46, 0.42), tissue(100, 14), chest);
  canvas.paint(cut(6, -45, 180, 43.5, 20.5, 43, 0.42), tissue(hu.vein + 70, 26), chest);
  canvas.paint(cut(40, -16, 180, 45, 31, 46, 0.68), tissue(hu.myocardium, 14), chest);
  canvas.paint(cut(36, -15.5, 177, 33, 19, 34, 0.68), hu.aorta - 5, chest);
  // Papillary muscles.
  canvas.paint(cut(46, -2, 184, 6, 4.5, 16, 0.68), hu.myocardium, chest);
  canvas.paint(cut(53, -17, 184, 6, 4.5, 16, 0.68), hu.myocardium, chest);
  // Coronary arteries in their grooves, the left one with a fleck of calcium.
  canvas.paint(tubeAt(z, { x: 12, y: -30, z: 150, r: 2.1 }, { x: 46, y: -56, z: 200, r: 1.7 }), 260, chest);
  canvas.paint(tubeAt(z, { x: -16, y: -42, z: 156, r: 2.1 }, { x: -36, y: -50, z: 200, r: 1.8 }), 260, chest);
  canvas.paint(tubeAt(z, { x: 24, y: -38, z: 163, r: 1.5 }, { x: 27, y: -41, z: 168, r: 1.5 }), 820, chest);
}
