/** Paints one axial slice of the CT phantom in Hounsfield units: torso wall and bones here, organs in their own files. */
import { growBellyVessels, paintBelly, type BellyVessels } from './ct-belly.ts';
import {
  growChestVessels,
  lungMask,
  paintHeart,
  paintLungs,
  paintMediastinum,
  type ChestVessels,
} from './ct-chest.ts';
import { bodyAt, cartilageShellAt, cavityAt, chestAt, hu, ribShellAt } from './ct-trunk.ts';
import { clamp, curve, smoothStep, ValueNoise, type NoiseStream } from './noise.ts';
import { ellipse, SliceCanvas, tubeAt, type Fill, type Mask, type Shape } from './slice-canvas.ts';

/** What is the same in all slices of one phantom. */
export interface CtAnatomy {
  readonly chest: ChestVessels;
  readonly belly: BellyVessels;
  readonly texture: ValueNoise;
  readonly bend: ValueNoise;
}

/** Lays out one patient. */
export function makeCtAnatomy(stream: NoiseStream): CtAnatomy {
  return {
    texture: new ValueNoise(stream.fork()),
    bend: new ValueNoise(stream.fork()),
    chest: growChestVessels(stream.fork()),
    belly: growBellyVessels(stream.fork()),
  };
}

const spineY = curve([0, 58], [90, 68], [200, 66], [320, 58]);
const vertebraPitchMm = 25.5;
const tableTopY = 124;

/**
 * One slice.
 * @param z mm below the lung tips, 0 to 320
 * @param size pixels per side
 * @param pixelMm side of a pixel
 * @returns Hounsfield units, row by row, without noise
 */
export function paintCtSlice(anatomy: CtAnatomy, z: number, size: number, pixelMm: number): Float32Array {
  const canvas = new SliceCanvas(size, pixelMm, hu.air);
  paintTable(canvas);
  canvas.warp(anatomy.bend, z);
  const { texture } = anatomy;
  const body = canvas.remembered(bodyAt(z));
  const cavity = canvas.remembered(cavityAt(z));
  const aboveDiaphragm = canvas.remembered(chestAt(z, cavity));

  canvas.paint(body, skinAndFat(z, texture));
  const underSkin = canvas.mask({ ...body, distance: (x, y, index) => body.distance(x, y, index) + 6 }, 4);
  paintMuscles(canvas, z, cavity, underSkin, texture);
  // The cavity: fat to begin with, organs follow.
  const inside: Shape = { ...cavity, distance: (x, y, index) => cavity.distance(x, y, index) + 1.5 };
  canvas.paint(inside, hu.fat + 4);

  const lungs = lungMask(canvas, z, cavity, aboveDiaphragm);
  paintLungs(canvas, z, cavity, lungs, anatomy.chest, texture);
  const chest = canvas.mask(both(inside, aboveDiaphragm));
  const below: Shape = { ...cavity, distance: (x, y, index) => 1.8 - aboveDiaphragm.distance(x, y, index) };
  const belly = canvas.mask(both(inside, below));
  const sheet: Shape = {
    ...cavity,
    distance: (x, y, index) => Math.abs(aboveDiaphragm.distance(x, y, index)) - 1.8,
  };
  canvas.paint(both(inside, sheet), hu.muscle);
  paintHeart(canvas, z, chest, texture);
  paintMediastinum(canvas, z, chest);
  paintBelly(canvas, z, belly, anatomy.belly, texture);
  paintBones(canvas, z, cavity, texture);
  return canvas.values;
}

/** The couch: a shallow carbon trough with a foam core, and the mattress. */
function paintTable(canvas: SliceCanvas): void {
  const trough = (below: number): Shape => {
    const top = (x: number): number => tableTopY + below - (x * x) / 900;
    return {
      left: -190,
      right: 190,
      front: 80,
      back: 180,
      distance: (x, y) => Math.max(Math.abs(y - top(x)) - 1.2, Math.abs(x) - 185),
    };
  };
  const foam = trough(16);
  canvas.paint(
    { ...foam, distance: (x, y, index) => Math.max(foam.distance(x, y, index) - 14, Math.abs(x) - 184) },
    -930,
  );
  canvas.paint(trough(2), 20);
  canvas.paint(trough(31), 20);
}

/** What two shapes have in common; the bounds are the first one's. */
function both(one: Shape, other: Shape): Shape {
  return {
    ...one,
    distance: (x, y, index) => {
      const distance = one.distance(x, y, index);
      return distance > 2 ? distance : Math.max(distance, other.distance(x, y, index));
    },
  };
}

/** Skin, then fat with its webs of connective tissue. */
function skinAndFat(z: number, texture: ValueNoise): Fill {
  return (x, y, depth) => {
    if (depth < 2.2) return hu.skin;
    if (depth > 45) return hu.fat;
    const web = Math.abs(texture.at(x / 9, y / 9, z / 14));
    return hu.fat + texture.at(x / 4, y / 4, z / 6) * 7 + 42 * (1 - smoothStep(0.02, 0.06, web));
  };
}

function paintMuscles(
  canvas: SliceCanvas,
  z: number,
  cavity: Shape,
  underSkin: Mask,
  texture: ValueNoise,
): void {
  const fibre: Fill = (x, y) => hu.muscle + texture.at(x / 3.2, y / 3.2, z / 12) * 14;
  // Fat between fibres is what makes muscle look like muscle.
  const streaky: Fill = (x, y) => {
    const streak = texture.at(x / 3.5 + texture.at(x / 20, y / 20, 3) * 5, y / 7, z / 25);
    return hu.muscle + texture.at(x / 3, y / 3, z / 12) * 12 - smoothStep(0.3, 0.9, streak) * 60;
  };
  const wall = curve([0, 10], [60, 13], [200, 13], [320, 15])(z);
  canvas.paint(
    { ...grown(cavity, wall), distance: (x, y, index) => cavity.distance(x, y, index) - wall },
    fibre,
    underSkin,
  );
  const back = spineY(z) + 34;
  for (const side of [-1, 1]) {
    canvas.paint(ellipse(side * 27, back, 25, 16.5, side * 0.12), streaky, underSkin);
    // Broad back muscle, serratus.
    const latissimus = curve([0, 17], [80, 15], [200, 9], [320, 7])(z);
    canvas.paint(ellipse(side * (cavity.right + 14), 28, latissimus, 52, side * -0.2), streaky, underSkin);
    if (z < 150) {
      // Chest muscles, thinning downwards.
      const thick = curve([0, 19], [60, 15], [150, 3])(z);
      canvas.paint(
        ellipse(side * 68, cavity.front + 2 + Math.abs(z - 40) * 0.05, 62, thick, side * 0.33),
        streaky,
        underSkin,
      );
      // Muscles around the shoulder blade.
      const blade = curve([0, 20], [60, 22], [150, 6])(z);
      canvas.paint(ellipse(side * 92, 62, 44, blade, side * -0.72), streaky, underSkin);
    }
    if (z < 60) canvas.paint(ellipse(side * 118, 10, 26, 46, side * -0.1), streaky, underSkin);
    if (z > 232) {
      // Straight muscles of the belly wall.
      canvas.paint(ellipse(side * 36, cavity.front - 7, 32, 6.5, side * 0.1), fibre, underSkin);
    }
  }
}

function grown(shape: Shape, byMm: number): Shape {
  return {
    ...shape,
    left: shape.left - byMm,
    right: shape.right + byMm,
    front: shape.front - byMm,
    back: shape.back + byMm,
  };
}

/** Bone: a dense shell of `shellMm`, spongy marrow within. */
function bone(texture: ValueNoise, z: number, shellMm: number, marrow: number = hu.marrow): Fill {
  return (x, y, depth) => {
    const sponge = texture.at(x / 1.5, y / 1.5, z / 3) * 48 + texture.at(x / 5, y / 5, z / 6) * 24;
    const shell = 1 - smoothStep(shellMm * 0.6, shellMm * 1.6, depth);
    return (marrow + sponge) * (1 - shell) + hu.cortex * shell;
  };
}

function paintBones(canvas: SliceCanvas, z: number, cavity: Shape, texture: ValueNoise): void {
  canvas.paint(cartilageShellAt(z, cavity), hu.cartilage);
  canvas.paint(ribShellAt(z, cavity), bone(texture, z, 1.2, 230));
  if (z > 26 && z < 205) {
    const width = curve([26, 26], [55, 20], [80, 15], [150, 19], [190, 12], [205, 5])(z);
    canvas.paint(ellipse(0, cavity.front - 7.5, width, z > 190 ? 4 : 6.2), bone(texture, z, 1.1, 150));
  }
  for (const side of [-1, 1]) paintShoulder(canvas, z, side, texture);
  paintVertebra(canvas, z, texture);
}

function paintShoulder(canvas: SliceCanvas, z: number, side: number, texture: ValueNoise): void {
  const fill = bone(texture, z, 1.4, 240);
  // Collar bone: from the breastbone outwards and up.
  canvas.paint(
    tubeAt(z, { x: side * 22, y: -56, z: 27, r: 7.5 }, { x: side * 92, y: -44, z: 2, r: 5.5 }),
    fill,
  );
  // Shoulder blade: a thin plate along the back of the chest, thick at its outer edge, with its spine.
  if (z < 138) {
    const shrink = curve([0, 1], [90, 0.86], [138, 0.25])(z);
    const outer = { x: side * 128 * (0.92 + 0.08 * shrink), y: 36, z, r: 5.5 * shrink };
    const inner = { x: side * (128 - 62 * shrink), y: 36 + 46 * shrink, z, r: 2.2 };
    canvas.paint(tubeAt(z, outer, inner), fill);
    if (z < 46) {
      const root = { x: side * 98, y: 60, z, r: 3 };
      canvas.paint(tubeAt(z, root, { x: side * 126, y: 76 - z * 0.2, z, r: 3.4 }), fill);
    }
    if (z < 20) canvas.paint(ellipse(side * 133, 22, 13, 15), fill);
  }
}

function paintVertebra(canvas: SliceCanvas, z: number, texture: ValueNoise): void {
  const level = (z + 9) / vertebraPitchMm;
  const phase = level - Math.floor(level);
  const size = curve([0, 0.82], [160, 1], [320, 1.24])(z);
  const y = spineY(z);
  const disc = phase > 0.8;
  // The body is waisted: wide at its end plates, which are dense.
  const waist = 1 - 0.09 * Math.sin(clamp(phase / 0.8, 0, 1) * Math.PI);
  const endPlate = phase < 0.07 || (phase > 0.74 && phase <= 0.8);
  const body = ellipse(0, y, 18.5 * size * waist, 14.5 * size * waist);
  const canalY = y + 21.5 * size;
  const dense = bone(texture, z, 1.3, 260);

  if (phase > 0.08 && phase < 0.52) {
    // Pedicles and transverse processes.
    for (const side of [-1, 1]) {
      const root = { x: side * 11 * size, y: y + 9 * size, z, r: 4.6 * size };
      const joint = { x: side * 14.5 * size, y: canalY + 2, z, r: 5.2 * size };
      canvas.paint(tubeAt(z, root, joint), dense);
      const tip = { x: side * 35 * size, y: canalY + 7, z, r: 3.6 };
      canvas.paint(tubeAt(z, joint, tip), dense);
    }
  }
  // Arch and spinous process, longer in the lower half of each segment.
  const lamina = canalY + 9.5 * size;
  for (const side of [-1, 1]) {
    const outer = { x: side * 14.5 * size, y: canalY + 2.5, z, r: phase > 0.5 ? 4.4 * size : 3 * size };
    canvas.paint(tubeAt(z, outer, { x: side * 2, y: lamina + 1, z, r: 3.2 }), dense);
  }
  const spinous = curve([0, 9], [0.5, 22], [0.85, 25], [1, 10])(phase) * size;
  canvas.paint(
    tubeAt(z, { x: 0, y: lamina, z, r: 3.6 }, { x: 0, y: lamina + spinous * 0.8, z, r: 3.2 }),
    dense,
  );
  canvas.paint(ellipse(0, canalY - 1, 11 * size, 9 * size), hu.fat + 60);
  canvas.paint(ellipse(0, canalY - 1, 9.6 * size, 7.8 * size), 18);
  canvas.paint(ellipse(0, canalY - 1, 5.6, 4.6), 42);
  canvas.paint(
    body,
    disc ? 92 : endPlate ? (x, yy) => 430 + texture.at(x / 3, yy / 3, z) * 80 : bone(texture, z, 1.2),
  );
  // The vein that leaves the middle of each body backwards.
  if (phase > 0.36 && phase < 0.46) canvas.paint(ellipse(0, y + 9 * size, 3, 5 * size), hu.marrow - 110);
}
