/** The upper belly of the CT phantom: liver, spleen, stomach, kidneys, pancreas, bowel and their vessels. */
import { clamp, mix, smoothStep, type NoiseStream, type ValueNoise } from './noise.ts';
import {
  ellipse,
  ellipsoidAt,
  length,
  tubeAt,
  type Ball,
  type Mask,
  type Shape,
  type SliceCanvas,
} from './slice-canvas.ts';
import { hu } from './ct-trunk.ts';
import { growVessels, type VesselPiece } from './vessel-tree.ts';

export interface BellyVessels {
  readonly portal: readonly VesselPiece[];
  readonly hepatic: readonly VesselPiece[];
}

const liverRight = { x: -74, y: -2, z: 248, rx: 66, ry: 84, rz: 84, turn: -0.12 };
const liverLeft = { x: 2, y: -50, z: 232, rx: 62, ry: 31, rz: 42, turn: 0.12 };

/** Grows the vessels inside the liver: portal tree from below, hepatic veins from the vena cava. */
export function growBellyVessels(stream: NoiseStream): BellyVessels {
  return {
    portal: growVessels({ x: -30, y: 6, z: 262 }, liverPoints(stream, 130), 0.85, stream),
    hepatic: growVessels({ x: -24, y: 24, z: 206 }, liverPoints(stream, 90), 0.9, stream),
  };
}

function liverPoints(stream: NoiseStream, count: number): readonly { x: number; y: number; z: number }[] {
  const points: { x: number; y: number; z: number }[] = [];
  for (let attempt = 0; points.length < count && attempt < count * 40; attempt += 1) {
    const point = { x: stream.between(-125, 45), y: stream.between(-75, 70), z: stream.between(198, 318) };
    if (liverAt(point.z).distance(point.x, point.y, 0) < -8) points.push(point);
  }
  return points;
}

/** Both lobes, joined smoothly, with a notch where the gall bladder and the fissure lie. */
function liverAt(z: number): Shape {
  const right = ellipsoidAt(z, liverRight);
  const left = ellipsoidAt(z, liverLeft);
  const joint = 14;
  return {
    left: -145,
    right: 70,
    front: -92,
    back: 92,
    distance: (x, y, index) => {
      const toRight = right?.distance(x, y, index) ?? 40;
      const toLeft = left?.distance(x, y, index) ?? 40;
      const blend = clamp(0.5 + (toLeft - toRight) / (2 * joint), 0, 1);
      const union = toLeft * (1 - blend) + toRight * blend - joint * blend * (1 - blend);
      const hilum = 26 - length((x + 6) * 0.8, y - 22, (z - 272) * 0.6);
      return Math.max(union, hilum);
    },
  };
}

/** Paints everything under the diaphragm; `belly` is the coverage of that space. */
export function paintBelly(
  canvas: SliceCanvas,
  z: number,
  belly: Mask,
  vessels: BellyVessels,
  noise: ValueNoise,
): void {
  const tube = (from: Ball, to: Ball, fill: number): void => canvas.paint(tubeAt(z, from, to), fill, belly);
  paintBowel(canvas, z, belly, noise);
  paintSpleen(canvas, z, belly, noise);
  paintStomach(canvas, z, belly, noise);
  paintKidney(canvas, z, belly, -1, 300);
  paintKidney(canvas, z, belly, 1, 292);
  paintPancreas(canvas, z, belly, noise);
  paintLiver(canvas, z, belly, vessels, noise);

  // Vena cava, aorta with its crura, and the branches of the aorta.
  tube({ x: -24, y: 24, z: 190, r: 11 }, { x: -22, y: 32, z: 340, r: 11.5 }, hu.vein);
  tube({ x: -10, y: 44, z: 200, r: 5 }, { x: -7, y: 42, z: 320, r: 4 }, hu.muscle);
  tube({ x: 22, y: 42, z: 200, r: 5 }, { x: 17, y: 42, z: 310, r: 4 }, hu.muscle);
  tube({ x: 14, y: 42, z: 200, r: 11.5 }, { x: 5, y: 36, z: 340, r: 10 }, hu.aorta);
  tube({ x: 8, y: 34, z: 262, r: 4 }, { x: 6, y: 12, z: 266, r: 3.4 }, hu.aorta);
  tube({ x: 6, y: 12, z: 266, r: 3 }, { x: -26, y: 2, z: 262, r: 2.6 }, hu.aorta);
  tube({ x: 6, y: 12, z: 266, r: 3 }, { x: 70, y: 34, z: 262, r: 2.6 }, hu.aorta);
  tube({ x: 7, y: 34, z: 276, r: 4 }, { x: 4, y: 16, z: 330, r: 3.6 }, hu.aorta);
  tube({ x: 8, y: 38, z: 292, r: 3 }, { x: 40, y: 48, z: 294, r: 2.6 }, hu.aorta);
  tube({ x: 4, y: 38, z: 296, r: 3 }, { x: -42, y: 52, z: 300, r: 2.6 }, hu.aorta);
  tube({ x: -20, y: 31, z: 298, r: 4.4 }, { x: -44, y: 48, z: 299, r: 3.6 }, hu.vein);
  tube({ x: -18, y: 30, z: 296, r: 4.4 }, { x: 42, y: 45, z: 291, r: 3.6 }, hu.vein);
  // Adrenals: two thin legs in the fat.
  tube({ x: -34, y: 40, z: 252, r: 2.2 }, { x: -42, y: 56, z: 268, r: 2 }, 70);
  tube({ x: 36, y: 40, z: 250, r: 2.2 }, { x: 46, y: 54, z: 266, r: 2 }, 70);
  tube({ x: 36, y: 40, z: 250, r: 2.2 }, { x: 34, y: 56, z: 266, r: 2 }, 70);
}

function paintLiver(
  canvas: SliceCanvas,
  z: number,
  belly: Mask,
  vessels: BellyVessels,
  noise: ValueNoise,
): void {
  const shape = liverAt(z);
  const liver = canvas.mask(shape);
  canvas.paint(shape, (x, y) => hu.liver + noise.at(x / 7, y / 7, z / 7) * 6, belly);
  const inside = liver.map((coverage, index) => coverage * (belly[index] ?? 0));
  for (const { from, to } of vessels.portal) canvas.paint(tubeAt(z, from, to), hu.vein + 22, inside);
  for (const { from, to } of vessels.hepatic) canvas.paint(tubeAt(z, from, to), hu.vein - 4, inside);
  // A simple cyst: something to find.
  canvas.paint(ellipsoidAt(z, { x: -88, y: -32, z: 238, rx: 11, ry: 10, rz: 11 }), hu.water, inside);
  canvas.paint(
    tubeAt(z, { x: -30, y: 6, z: 262, r: 7 }, { x: -4, y: 18, z: 292, r: 6.5 }),
    hu.vein + 22,
    belly,
  );
  canvas.paint(ellipsoidAt(z, { x: -40, y: -32, z: 288, rx: 15.5, ry: 20, rz: 27, turn: 0.3 }), 55, belly);
  canvas.paint(ellipsoidAt(z, { x: -40, y: -32, z: 288, rx: 13.5, ry: 18, rz: 25, turn: 0.3 }), 12, belly);
}

function paintSpleen(canvas: SliceCanvas, z: number, belly: Mask, noise: ValueNoise): void {
  const outer = ellipsoidAt(z, { x: 96, y: 32, z: 246, rx: 30, ry: 48, rz: 50, turn: 0.25 });
  if (outer === undefined) return;
  const hollow = ellipsoidAt(z, { x: 70, y: 8, z: 246, rx: 30, ry: 42, rz: 60, turn: 0.3 });
  const shape: Shape = {
    ...outer,
    distance: (x, y, index) => Math.max(outer.distance(x, y, index), -(hollow?.distance(x, y, index) ?? 40)),
  };
  canvas.paint(shape, (x, y) => hu.spleen + noise.at(x / 8, y / 8, z / 8) * 8, belly);
  canvas.paint(ellipsoidAt(z, { x: 74, y: 36, z: 268, rx: 7, ry: 6, rz: 7 }), hu.spleen, belly);
}

function paintStomach(canvas: SliceCanvas, z: number, belly: Mask, noise: ValueNoise): void {
  const body = { x: 62, y: -28, z: 244, rx: 43, ry: 40, rz: 46, turn: -0.35 };
  const outlet = (r: number): Shape | undefined =>
    tubeAt(z, { x: 56, y: -34, z: 276, r: 24 + r }, { x: -2, y: -34, z: 292, r: 12 + r });
  const inner = { ...body, rx: body.rx - 4, ry: body.ry - 4, rz: body.rz - 4 };
  const content = (x: number, y: number): number =>
    mix(-990, 22 + noise.at(x / 6, y / 6, z / 6) * 24, smoothStep(-47, -45.6, y));
  canvas.paint(ellipsoidAt(z, body), 82, belly);
  canvas.paint(outlet(0), 82, belly);
  canvas.paint(ellipsoidAt(z, inner), content, belly);
  canvas.paint(outlet(-4), content, belly);
}

function paintKidney(canvas: SliceCanvas, z: number, belly: Mask, side: -1 | 1, height: number): void {
  const centre = { x: side * 60, y: 54, z: height };
  const cut = (dx: number, dy: number, rx: number, ry: number, rz: number): Shape | undefined =>
    ellipsoidAt(z, { x: centre.x + dx * side, y: centre.y + dy, z: height, rx, ry, rz, turn: side * 0.55 });
  canvas.paint(cut(0, 0, 27, 31, 54), hu.kidneyCortex, belly);
  // Pyramids: darker wedges around the sinus.
  for (let index = 0; index < 7; index += 1) {
    const turn = -1.9 + index * 0.63;
    const shape = ellipsoidAt(z, {
      x: centre.x + side * Math.cos(turn) * 14,
      y: centre.y + Math.sin(turn) * 17,
      z: height + ((index * 37) % 50) - 25,
      rx: 7.5,
      ry: 5,
      rz: 22,
      turn: Math.atan2(Math.sin(turn), side * Math.cos(turn)),
    });
    canvas.paint(shape, hu.kidneyMedulla, belly);
  }
  canvas.paint(cut(-9, 2, 13, 12, 34), hu.fat + 20, belly);
  canvas.paint(cut(-20, 4, 13, 8, 22), hu.fat, belly);
  canvas.paint(cut(-12, 2, 5, 6, 14), hu.water, belly);
}

function paintPancreas(canvas: SliceCanvas, z: number, belly: Mask, noise: ValueNoise): void {
  const lobules = (x: number, y: number): number => 98 + noise.at(x / 2.6, y / 2.6, z / 3) * 38;
  canvas.paint(tubeAt(z, { x: -22, y: 2, z: 300, r: 13 }, { x: 2, y: 4, z: 282, r: 9.5 }), lobules, belly);
  canvas.paint(tubeAt(z, { x: 2, y: 4, z: 282, r: 9.5 }, { x: 40, y: 14, z: 272, r: 9 }), lobules, belly);
  canvas.paint(tubeAt(z, { x: 40, y: 14, z: 272, r: 9 }, { x: 74, y: 30, z: 264, r: 7.5 }), lobules, belly);
  canvas.paint(
    tubeAt(z, { x: 4, y: 16, z: 280, r: 4.6 }, { x: 72, y: 38, z: 266, r: 3.6 }),
    hu.vein + 18,
    belly,
  );
}

/** Colon with air and stool in front and at the flexures, small bowel between. */
function paintBowel(canvas: SliceCanvas, z: number, belly: Mask, noise: ValueNoise): void {
  const stool = (x: number, y: number): number => {
    const texture = noise.at(x / 3, y / 3, z / 3) + noise.at(x / 1.6, y / 1.6, z / 2) * 0.6;
    return 25 + texture * 70 - smoothStep(0.15, 0.6, texture) * 620;
  };
  const loop = (
    x: number,
    y: number,
    height: number,
    rx: number,
    ry: number,
    rz: number,
    airTo: number,
  ): void => {
    canvas.paint(ellipsoidAt(z, { x, y, z: height, rx, ry, rz }), 78, belly);
    const inner = ellipsoidAt(z, { x, y, z: height, rx: rx - 2.2, ry: ry - 2.2, rz: rz - 2.2 });
    canvas.paint(inner, (px, py) => (py < airTo ? -985 : stool(px, py)), belly);
  };
  loop(100, -40, 296, 21, 24, 34, -46);
  loop(84, -62, 322, 26, 17, 22, -64);
  loop(44, -70, 328, 30, 15, 20, -70);
  loop(-6, -71, 330, 32, 15, 22, -72);
  loop(-58, -66, 332, 30, 17, 24, -66);
  loop(-96, -30, 336, 24, 26, 28, -34);
  const fluid = (x: number, y: number): number => 38 + noise.at(x / 2.2, y / 2.2, z / 4) * 40;
  for (const [x, y, height, r] of smallBowel) {
    canvas.paint(ellipsoidAt(z, { x, y, z: height, rx: r * 1.25, ry: r, rz: r * 1.6 }), 95, belly);
    canvas.paint(
      ellipsoidAt(z, { x, y, z: height, rx: r * 1.25 - 3, ry: r - 3, rz: r * 1.6 - 3 }),
      fluid,
      belly,
    );
  }
  // Mesenteric vessels: dots in the fat.
  for (let index = 0; index < 14; index += 1) {
    const x = -40 + ((index * 53) % 96);
    const y = -38 + ((index * 31) % 52);
    if (z > 286) canvas.paint(ellipse(x, y, 1.6, 1.6), hu.vein, belly, 1.4);
  }
}

const smallBowel = [
  [26, -22, 318, 12],
  [52, -8, 316, 12],
  [76, -14, 326, 12],
  [38, 8, 324, 11],
  [62, 20, 330, 11],
  [4, -34, 326, 12],
  [-14, -14, 330, 11],
  [86, 10, 322, 10],
] as const;
