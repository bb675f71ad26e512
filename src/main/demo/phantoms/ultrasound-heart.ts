/**
 * A beating heart seen from its tip (apical four-chamber view), as a scanner's sector shows it: left ventricle on the
 * right of the screen, atria below. Places in cm: x to the right of the screen, y away from the probe.
 */
import { clamp, curve, mix, smoothStep } from './noise.ts';

/** Everything that moves, at one moment of the beat. */
export interface HeartMoment {
  /** 0 relaxed and full, 1 fully contracted. */
  readonly contraction: number;
  /** 0 closed, 1 wide open: the valves between atria and ventricles. */
  readonly valveOpening: number;
  /** Speed of blood into (positive) and out of (negative) the left ventricle, -1 to 1. */
  readonly inflow: number;
  /** 0 to 1: the leak back through the mitral valve while it is closed. */
  readonly leak: number;
}

const contractionOver = curve(
  [0, 0],
  [0.06, 0.08],
  [0.34, 1],
  [0.42, 0.92],
  [0.58, 0.2],
  [0.75, 0.12],
  [0.9, 0.02],
  [1, 0],
);
const openingOver = curve(
  [0, 0.25],
  [0.04, 0],
  [0.44, 0],
  [0.53, 1],
  [0.66, 0.45],
  [0.78, 0.35],
  [0.87, 0.85],
  [1, 0.25],
);
const inflowOver = curve(
  [0, 0],
  [0.08, 0],
  [0.2, -0.95],
  [0.36, -0.3],
  [0.43, 0],
  [0.53, 0.95],
  [0.66, 0.25],
  [0.78, 0.12],
  [0.87, 0.7],
  [0.97, 0],
);
const leakOver = curve([0.05, 0], [0.12, 0.8], [0.33, 1], [0.42, 0]);

/** @param phase part of the beat that has passed, 0 to 1; 0 is the R wave */
export function heartAt(phase: number): HeartMoment {
  return {
    contraction: contractionOver(phase),
    valveOpening: openingOver(phase),
    inflow: inflowOver(phase),
    leak: leakOver(phase),
  };
}

/** What a place returns to the probe, and how its tissue has moved. */
export interface Echo {
  /** Mean echo strength, 0 (blood) to about 1 (pericardium). */
  readonly strength: number;
  /** 1 in blood, 0 in tissue. */
  readonly blood: number;
  /** How far the tissue here has moved from where it is at rest, cm. */
  readonly dx: number;
  readonly dy: number;
  /** Blood speed towards the probe, -1 to 1. */
  readonly velocity: number;
}

/** Depth of the plane between atria and ventricles; it is drawn towards the tip at each beat. */
function valvePlane(heart: HeartMoment): number {
  return 9.7 - 1.15 * heart.contraction;
}

/** @param x cm @param y cm; `ripple` is slow noise (-1 to 1) that keeps outlines from being perfect */
export function echoAt(heart: HeartMoment, x: number, y: number, ripple: number): Echo {
  const squeeze = heart.contraction;
  const plane = valvePlane(heart);
  const px = x + ripple * 0.16;
  const py = y + ripple * 0.12;

  const leftRadius = mix(1.84, 1.26, squeeze);
  const tip = mix(2.75, 3.15, squeeze);
  const left = ventricle(px, py, 1.72, leftRadius, tip, plane, 0.05);
  const rightRadius = mix(1.36, 1.02, squeeze);
  const right = ventricle(px, py, mix(-2.1, -1.75, squeeze), rightRadius, tip + 1.15, plane, -0.1);
  const fill = 1 + 0.13 * squeeze;
  const leftAtrium = ellipseDistance(px, py, 1.92, plane + 1.82 * fill, 1.76 * fill, 2.05 * fill);
  const rightAtrium = ellipseDistance(px, py, -2.2, plane + 1.74 * fill, 1.72 * fill, 1.95 * fill);

  const wall = mix(0.85, 1.3, squeeze);
  const cavity = Math.min(left, right, leftAtrium, rightAtrium);
  const ventricles = blend(left - wall, right - mix(0.42, 0.6, squeeze), 1.5);
  const muscle = blend(ventricles, blend(leftAtrium - 0.26, rightAtrium - 0.24, 0.4), 0.5);
  const leaflets = Math.min(
    leafletDistance(px, py, 1.68, 1.42, plane, heart.valveOpening),
    leafletDistance(px, py, -2.05, 1.2, plane - 0.2, heart.valveOpening * 0.9),
  );

  const blood = smoothStep(0.03, -0.12, cavity) * smoothStep(0.03, 0.12, leaflets);
  const inMuscle = smoothStep(0.12, -0.12, muscle);
  // Around the heart: fat and lung, brightest close to the probe.
  const around = (0.085 + 0.2 * Math.exp(-y / 2.4)) * (1 + 0.75 * ripple);
  let strength = mix(around, 0.36 + 0.12 * ripple, inMuscle);
  // Borders that lie across the beam shine: the heart's sac, the inner lining, the valves' ring.
  strength += 0.55 * Math.exp(-square((muscle - 0.04) / 0.11)) * (x > 0.4 ? 1 : 0.5) * (0.75 + 0.6 * ripple);
  strength += 0.16 * Math.exp(-square((cavity - 0.1) / 0.1));
  strength = mix(strength, 0.018, blood);
  strength += 0.72 * Math.exp(-square(leaflets / 0.075));
  const ring = Math.min(
    Math.hypot(px - 3.15, py - plane),
    Math.hypot(px - 0.02, py - plane + 0.05),
    Math.hypot(px + 3.3, py - plane + 0.2),
  );
  strength += 0.55 * Math.exp(-square(ring / 0.2));

  const pull = smoothStep(4.2, 0.6, Math.abs(left));
  return {
    strength,
    blood,
    dx: (px - 1.4) * -0.2 * squeeze * pull,
    dy: -1.05 * squeeze * smoothStep(3, 10.5, y),
    velocity: blood * velocityAt(heart, px, py, plane),
  };
}

/** The smaller of two distances, rounded where they cross within `reach`: a union without a crease. */
function blend(one: number, other: number, reach: number): number {
  const part = clamp(0.5 + (other - one) / (2 * reach), 0, 1);
  return mix(other, one, part) - reach * part * (1 - part) * 0.5;
}

/** A bullet: round at the tip, open cylinder towards the valve plane. */
function ventricle(
  x: number,
  y: number,
  axisX: number,
  radius: number,
  tip: number,
  plane: number,
  lean: number,
): number {
  const along = clamp((y - tip) / (plane - tip), 0, 1);
  const axis = axisX + lean * (y - plane);
  // Widest two thirds down, as a real chamber is.
  const width =
    along > 0.62
      ? radius * (1 - 0.22 * square((along - 0.62) / 0.38))
      : radius * Math.sqrt(clamp(1 - square((along - 0.62) / 0.62), 0, 1));
  const side = Math.abs(x - axis) - width;
  const end = Math.max(tip - y, y - plane);
  return end > 0 ? Math.hypot(Math.max(side, 0), end) : Math.max(side * 0.92, end);
}

function ellipseDistance(x: number, y: number, cx: number, cy: number, rx: number, ry: number): number {
  const u = (x - cx) / rx;
  const v = (y - cy) / ry;
  const level = Math.sqrt(u * u + v * v);
  return (level - 1) * Math.min(rx, ry);
}

/** Two leaflets hinged at the ring; closed they meet below the plane's middle, open they point to the tip. */
function leafletDistance(
  x: number,
  y: number,
  centre: number,
  half: number,
  plane: number,
  opening: number,
): number {
  let nearest = Infinity;
  for (const side of [-1, 1]) {
    const hingeX = centre + side * half;
    const tipX = centre + side * half * mix(0.03, 0.62, opening);
    const tipY = plane - mix(0.38, 1.55, opening);
    const bellyX = (hingeX + tipX) / 2 - side * 0.1 * opening;
    const bellyY = (plane + tipY) / 2 + mix(0.02, 0.18, opening);
    nearest = Math.min(
      nearest,
      segmentDistance(x, y, hingeX, plane, bellyX, bellyY),
      segmentDistance(x, y, bellyX, bellyY, tipX, tipY),
    );
  }
  return nearest;
}

function segmentDistance(x: number, y: number, x0: number, y0: number, x1: number, y1: number): number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const part = clamp(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1);
  return Math.hypot(x - x0 - part * dx, y - y0 - part * dy);
}

/** Blood: a jet into the ventricle, the way out along the septum, a thin leak back into the atrium. */
function velocityAt(heart: HeartMoment, x: number, y: number, plane: number): number {
  const jetWidth = 0.55 + 0.16 * Math.max(plane - y, 0);
  const jet = Math.exp(-square((x - 1.5 - 0.1 * (plane - y)) / jetWidth)) * smoothStep(2.4, 4.6, y);
  const feed = smoothStep(plane + 3.6, plane - 0.3, y);
  const out = Math.exp(-square((x - 0.55 - 0.05 * (plane - y)) / 0.62)) * smoothStep(3.2, 8.2, y);
  const beforePlane = smoothStep(plane + 0.4, plane - 0.5, y);
  const leakWidth = 0.16 + 0.2 * Math.max(y - plane, 0);
  const leak =
    Math.exp(-square((x - 1.75 - 0.22 * (y - plane)) / leakWidth)) *
    smoothStep(plane - 0.5, plane + 0.1, y) *
    smoothStep(plane + 3.4, plane + 1.6, y);
  return heart.inflow > 0
    ? heart.inflow * jet * feed
    : heart.inflow * out * beforePlane - heart.leak * leak * 1.05;
}

function square(value: number): number {
  return value * value;
}
