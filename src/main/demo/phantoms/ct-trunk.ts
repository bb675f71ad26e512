/**
 * The frame of the CT phantom's torso in mm: outline, rib cage, diaphragm. z grows from the lung tips (0) to the
 * kidneys (320); the patient lies on the back, arms up. Adult proportions, simplified.
 */
import { curve, smoothStep } from './noise.ts';
import { length, superEllipse, type Shape } from './slice-canvas.ts';

/** Hounsfield units of what is painted; contrast medium in a late arterial phase. */
export const hu = {
  air: -1000,
  lung: -855,
  fat: -105,
  water: 8,
  muscle: 58,
  skin: 25,
  cartilage: 105,
  marrow: 190,
  cortex: 780,
  liver: 108,
  spleen: 128,
  aorta: 265,
  vein: 150,
  myocardium: 118,
  kidneyCortex: 200,
  kidneyMedulla: 120,
} as const;

const bodyHalfWidth = curve([0, 152], [40, 166], [100, 174], [180, 168], [250, 160], [320, 156]);
const bodyHalfDepth = curve([0, 88], [40, 101], [100, 111], [180, 116], [250, 114], [320, 110]);

/** The skin surface. */
export function bodyAt(z: number): Shape {
  return superEllipse(6, bodyHalfWidth(z), bodyHalfDepth(z), 2.35);
}

const cavityHalfWidth = curve(
  [-20, 40],
  [0, 58],
  [20, 82],
  [60, 114],
  [120, 132],
  [200, 137],
  [260, 132],
  [320, 126],
);
const cavityHalfDepth = curve(
  [-20, 40],
  [0, 50],
  [20, 62],
  [60, 75],
  [120, 86],
  [200, 90],
  [260, 86],
  [320, 82],
);
export const cavityCentreY = -4;

/** The inner surface of the rib cage and, below, of the belly wall. */
export function cavityAt(z: number): Shape {
  return superEllipse(cavityCentreY, cavityHalfWidth(z), cavityHalfDepth(z), 2.15);
}

/** Ribs 1 to 12: where each starts beside the spine, how far round it goes (angle from the back) and how it falls. */
const ribs = Array.from({ length: 12 }, (_, index) => ({
  startZ: -14 + 23.5 * index,
  endAngle: [2.2, 2.35, 2.4, 2.4, 2.4, 2.35, 2.3, 2.2, 2.1, 2, 1.6, 1.2][index] ?? 2,
  cartilageAngle: index < 7 ? 2.95 : index < 10 ? 2.6 : 0,
  fallMm: [34, 52, 62, 68, 74, 78, 80, 78, 74, 70, 52, 38][index] ?? 60,
}));

/** Half thickness across the wall and half height of a rib, mm. */
const ribHalfThickness = 4.2;
const ribHalfHeight = 6.5;

/** The ring in which ribs lie: bounds of `cavity` widened. */
export function ribShellAt(z: number, cavity: Shape): Shape {
  const outer = 16;
  return {
    left: cavity.left - outer,
    right: cavity.right + outer,
    front: cavity.front - outer,
    back: cavity.back + outer,
    distance: (x, y, index) => {
      const wall = cavity.distance(x, y, index) - 7;
      if (Math.abs(wall) > 9) return Infinity;
      return ribDistance(x, y, z, wall, 'bone');
    },
  };
}

/** The cartilages between rib ends and breastbone, same ring. */
export function cartilageShellAt(z: number, cavity: Shape): Shape {
  const bone = ribShellAt(z, cavity);
  return {
    ...bone,
    distance: (x, y, index) => {
      const wall = cavity.distance(x, y, index) - 7;
      if (y > cavityCentreY || Math.abs(wall) > 9) return Infinity;
      return ribDistance(x, y, z, wall, 'cartilage');
    },
  };
}

function ribDistance(x: number, y: number, z: number, wall: number, part: 'bone' | 'cartilage'): number {
  const angle = Math.atan2(Math.abs(x), y - cavityCentreY);
  let nearest = Infinity;
  for (const rib of ribs) {
    const from = part === 'bone' ? 0.24 : rib.endAngle;
    const to = part === 'bone' ? rib.endAngle : rib.cartilageAngle;
    if (angle < from - 0.15 || angle > to + 0.15) continue;
    const fall = rib.fallMm * smoothStep(0, 2.5, angle);
    // Cartilages climb back towards the breastbone.
    const climb = part === 'cartilage' ? (angle - rib.endAngle) * 26 : 0;
    const height = (z - (rib.startZ + fall - climb)) * 0.94;
    const beyondEnd = Math.max(from - angle, angle - to, 0) * 90;
    const gap = length(wall / ribHalfThickness, height / ribHalfHeight, beyondEnd / ribHalfThickness);
    nearest = Math.min(nearest, (gap - 1) * ribHalfThickness);
  }
  return nearest;
}

/** Height of the diaphragm over a point: lung above (smaller z), belly below. Two domes, a saddle for the heart. */
function diaphragmZ(x: number, y: number): number {
  // Each dome is steep towards the ribs and flat towards the middle.
  const right = 190 + 58 * (square((x + 66) / (x < -66 ? 72 : 106)) + square((y + 4) / 84));
  const left = 202 + 58 * (square((x - 68) / (x > 68 ? 70 : 120)) + square((y + 2) / 84));
  const blend = smoothStep(-22, 22, x);
  const dome = right * (1 - blend) + left * blend;
  // It is fixed to the breastbone much higher than to the spine.
  const lowest = 226 + 44 * smoothStep(-70, 50, y);
  return Math.min(dome, lowest + (dome - lowest) * 0.12);
}

/** No point of the diaphragm is higher than this: above it all is chest. */
const diaphragmTopZ = 186;

/** Everything above the diaphragm at this height, as a shape without bounds of its own. */
export function chestAt(z: number, cavity: Shape): Shape {
  return {
    ...cavity,
    distance: (x, y) => {
      if (z < diaphragmTopZ) return z - diaphragmTopZ - 4;
      // The domes are steep at their sides: divide by the slope for a distance across the surface.
      const step = 2;
      const here = diaphragmZ(x, y);
      const slopeX = (diaphragmZ(x + step, y) - here) / step;
      const slopeY = (diaphragmZ(x, y + step) - here) / step;
      return (z - here) / length(1, slopeX, slopeY);
    },
  };
}

function square(value: number): number {
  return value * value;
}
