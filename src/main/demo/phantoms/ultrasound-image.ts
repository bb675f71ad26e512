/** Turns the heart into a scanner's colour picture: speckle, sector, colour Doppler, scales and an ECG. */
import { clamp, mix, NoiseStream, smoothStep, ValueNoise } from './noise.ts';
import { echoAt, heartAt } from './ultrasound-heart.ts';

export const clipWidth = 640;
export const clipHeight = 480;
/** One beat per second, 40 pictures of it. */
export const clipFrames = 40;
export const frameTimeMs = 25;
/** Where the beam starts on the screen, and how large a centimetre is there. */
export const apex = { x: 320, y: 18 } as const;
export const pixelsPerCm = 27;
export const depthCm = 15.4;

const halfAngle = 0.68;
/** The colour box, in depth and angle. */
const box = { nearCm: 3.1, farCm: 13.4, left: -0.17, right: 0.42 } as const;
/** Geometry is worked out on every second pixel; speckle on each. */
const step = 2;

interface Field {
  readonly strength: Float32Array;
  readonly blood: Float32Array;
  readonly shiftX: Float32Array;
  readonly shiftY: Float32Array;
  readonly velocity: Float32Array;
}

const speckleSize = 512;

/** Draws the frames of one clip; every frame is RGB, colour by pixel. */
export class UltrasoundScanner {
  readonly #speckle: Float32Array;
  readonly #ripple: ValueNoise;
  readonly #seed: number;

  constructor(seed: number) {
    const stream = new NoiseStream(seed);
    this.#speckle = makeSpeckle(stream.fork());
    this.#ripple = new ValueNoise(stream.fork());
    this.#seed = seed;
  }

  /** @param frame 0 to clipFrames - 1 */
  draw(frame: number): Buffer {
    const phase = frame / clipFrames;
    const field = this.#field(phase);
    const picture = Buffer.alloc(clipWidth * clipHeight * 3);
    this.#drawSector(picture, field, frame);
    drawScales(picture);
    drawColourBar(picture);
    drawBoxOutline(picture);
    drawEcg(picture, phase);
    return picture;
  }

  #field(phase: number): Field {
    const width = clipWidth / step + 1;
    const height = clipHeight / step + 1;
    const make = (): Float32Array => new Float32Array(width * height);
    const field = { strength: make(), blood: make(), shiftX: make(), shiftY: make(), velocity: make() };
    const heart = heartAt(phase);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const x = (column * step - apex.x) / pixelsPerCm;
        const y = (row * step - apex.y) / pixelsPerCm;
        if (y < 0 || Math.abs(Math.atan2(x, y)) > halfAngle + 0.03) continue;
        const index = row * width + column;
        const echo = echoAt(heart, x, y, this.#ripple.at(x / 1.7 + 9, y / 1.7, 4));
        field.strength[index] = echo.strength;
        field.blood[index] = echo.blood;
        field.shiftX[index] = echo.dx * pixelsPerCm;
        field.shiftY[index] = echo.dy * pixelsPerCm;
        field.velocity[index] = echo.velocity;
      }
    }
    return field;
  }

  #drawSector(picture: Buffer, field: Field, frame: number): void {
    const stream = new NoiseStream(this.#seed + frame * 7919 + 1);
    const bloodShift = stream.between(0, speckleSize);
    for (let row = 0; row < clipHeight; row += 1) {
      for (let column = 0; column < clipWidth; column += 1) {
        const dx = column - apex.x;
        const dy = row - apex.y;
        const range = Math.sqrt(dx * dx + dy * dy);
        const angle = Math.atan2(dx, dy);
        const depth = range / pixelsPerCm;
        if (dy < 0 || Math.abs(angle) > halfAngle || depth > depthCm || depth < 0.25) continue;
        const blood = sample(field.blood, column, row);
        const sx = column - sample(field.shiftX, column, row) - apex.x;
        const sy = row - sample(field.shiftY, column, row) - apex.y;
        const speckle = mix(
          this.#speckleAt(Math.sqrt(sx * sx + sy * sy), Math.atan2(sx, sy)),
          this.#speckleAt(range + bloodShift, angle),
          blood,
        );
        const grey = brightness(sample(field.strength, column, row), speckle, depth, angle);
        const at = (row * clipWidth + column) * 3;
        picture[at] = grey;
        picture[at + 1] = grey;
        picture[at + 2] = clamp(grey * 1.04, 0, 255);
        if (!inBox(depth, angle) || blood < 0.5) continue;
        const velocity =
          sample(field.velocity, column, row) * (0.86 + 0.14 * speckle) + stream.normal() * 0.025;
        paintVelocity(picture, at, velocity);
      }
    }
  }

  /** Grain that is fine along the beam and widens with depth across it. */
  #speckleAt(range: number, angle: number): number {
    const u = range * 0.62;
    const v = angle * 118;
    const u0 = Math.floor(u);
    const v0 = Math.floor(v);
    const fu = u - u0;
    const fv = v - v0;
    const at = (du: number, dv: number): number =>
      this.#speckle[((v0 + dv) & (speckleSize - 1)) * speckleSize + ((u0 + du) & (speckleSize - 1))] ?? 0;
    return (at(0, 0) * (1 - fu) + at(1, 0) * fu) * (1 - fv) + (at(0, 1) * (1 - fu) + at(1, 1) * fu) * fv;
  }
}

/** Envelope of a random complex field, mean 1: what interference makes of many small reflectors. */
function makeSpeckle(stream: NoiseStream): Float32Array {
  const envelope = new Float32Array(speckleSize * speckleSize);
  for (let index = 0; index < envelope.length; index += 1) {
    const real = stream.normal();
    const imaginary = stream.normal();
    envelope[index] = Math.sqrt(real * real + imaginary * imaginary) / 1.2533;
  }
  return envelope;
}

/** Log compression, gain over depth, weaker beams at the sector's edges and behind the probe's near field. */
function brightness(strength: number, speckle: number, depth: number, angle: number): number {
  const edge = 1 - 0.55 * smoothStep(0.45, halfAngle, Math.abs(angle));
  const depthGain = 1 - 0.032 * depth + 0.16 * Math.exp(-square((depth - 9) / 4));
  const near = 0.9 * Math.exp(-square(depth / 0.55));
  const amplitude = (strength * edge * depthGain + near * 0.5) * (0.2 + 0.8 * speckle) + 0.0035;
  const decibel = 20 * Math.log10(amplitude);
  return clamp(((decibel + 40) / 44) ** 1.35 * 240, 0, 250);
}

function inBox(depth: number, angle: number): boolean {
  return depth > box.nearCm && depth < box.farCm && angle > box.left && angle < box.right;
}

/** Towards the probe red to yellow, away blue to cyan; beyond the limit colours wrap round (aliasing). */
function paintVelocity(picture: Buffer, at: number, velocity: number): void {
  const speed = Math.abs(velocity);
  if (speed < 0.11) return;
  const [red, green, blue] = dopplerColour(
    velocity > 0.93 ? velocity - 1.86 : velocity < -0.93 ? velocity + 1.86 : velocity,
  );
  picture[at] = red;
  picture[at + 1] = green;
  picture[at + 2] = blue;
}

function dopplerColour(velocity: number): readonly [number, number, number] {
  const speed = clamp(Math.abs(velocity), 0, 1);
  const main = 95 + 160 * smoothStep(0, 0.75, speed);
  const second = 235 * smoothStep(0.4, 1, speed);
  return velocity > 0 ? [main, second, 18 * speed] : [10 * speed, second, main];
}

function sample(grid: Float32Array, column: number, row: number): number {
  const width = clipWidth / step + 1;
  const x0 = column >> 1;
  const y0 = row >> 1;
  const fx = (column & 1) / step;
  const fy = (row & 1) / step;
  const at = y0 * width + x0;
  const top = (grid[at] ?? 0) * (1 - fx) + (grid[at + 1] ?? 0) * fx;
  const bottom = (grid[at + width] ?? 0) * (1 - fx) + (grid[at + width + 1] ?? 0) * fx;
  return top * (1 - fy) + bottom * fy;
}

function dot(
  picture: Buffer,
  x: number,
  y: number,
  colour: readonly [number, number, number],
  strength = 1,
): void {
  const column = Math.round(x);
  const row = Math.round(y);
  if (column < 0 || row < 0 || column >= clipWidth || row >= clipHeight) return;
  const at = (row * clipWidth + column) * 3;
  colour.forEach((value, channel) => {
    picture[at + channel] = mix(picture[at + channel] ?? 0, value, strength);
  });
}

/** Depth marks, one per cm, every fifth longer; the probe's mark at the top; a grey scale at the left. */
function drawScales(picture: Buffer): void {
  for (let cm = 0; cm <= depthCm; cm += 1) {
    const y = apex.y + cm * pixelsPerCm;
    const length = cm % 5 === 0 ? 9 : 4;
    for (let x = 0; x < length; x += 1) dot(picture, clipWidth - 24 - x, y, [190, 190, 190]);
  }
  for (let y = -4; y <= 4; y += 1) {
    for (let x = -4; x <= 4; x += 1) {
      if (x * x + y * y <= 18) dot(picture, apex.x + 34 + x, apex.y - 4 + y, [80, 200, 220]);
    }
  }
  for (let y = 0; y < 110; y += 1) {
    const grey = 255 - (y * 255) / 110;
    for (let x = 0; x < 10; x += 1) dot(picture, 22 + x, 30 + y, [grey, grey, grey]);
  }
}

function drawColourBar(picture: Buffer): void {
  for (let y = 0; y < 110; y += 1) {
    const velocity = 1 - (y / 109) * 2;
    const colour = Math.abs(velocity) < 0.08 ? ([0, 0, 0] as const) : dopplerColour(velocity);
    for (let x = 0; x < 12; x += 1) dot(picture, clipWidth - 68 + x, 30 + y, colour);
  }
}

function drawBoxOutline(picture: Buffer): void {
  const colour = [205, 205, 205] as const;
  const place = (depth: number, angle: number): void =>
    dot(
      picture,
      apex.x + Math.sin(angle) * depth * pixelsPerCm,
      apex.y + Math.cos(angle) * depth * pixelsPerCm,
      colour,
      0.75,
    );
  for (let part = 0; part <= 1; part += 1 / 400) {
    place(mix(box.nearCm, box.farCm, part), box.left);
    place(mix(box.nearCm, box.farCm, part), box.right);
    place(box.nearCm, mix(box.left, box.right, part));
    place(box.farCm, mix(box.left, box.right, part));
  }
}

/** The trace of two beats, with the moment shown as a bright mark. */
function drawEcg(picture: Buffer, phase: number): void {
  const base = clipHeight - 18;
  const left = 40;
  const width = clipWidth - 80;
  let before = base - ecg(0) * 26;
  for (let x = 0; x < width; x += 1) {
    const y = base - ecg(((x / width) * 2) % 1) * 26;
    const from = Math.min(before, y);
    const to = Math.max(before, y);
    for (let row = Math.floor(from); row <= Math.ceil(to); row += 1)
      dot(picture, left + x, row, [70, 220, 110], 0.85);
    before = y;
  }
  const now = left + (width * (phase + 1)) / 2;
  for (let y = -30; y <= 8; y += 1) {
    dot(picture, now, base + y, [240, 240, 120]);
    dot(picture, now + 1, base + y, [240, 240, 120]);
  }
}

/** One beat of an ECG, R wave near 0. */
function ecg(phase: number): number {
  const wave = (centre: number, width: number, height: number): number => {
    const distance = Math.min(Math.abs(phase - centre), 1 - Math.abs(phase - centre));
    return height * Math.exp(-square(distance / width));
  };
  return (
    wave(0.02, 0.012, 1) -
    wave(0, 0.01, 0.16) -
    wave(0.045, 0.012, 0.24) +
    wave(0.32, 0.05, 0.26) +
    wave(0.86, 0.025, 0.14)
  );
}

function square(value: number): number {
  return value * value;
}
