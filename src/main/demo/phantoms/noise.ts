/** Repeatable noise: the same seed draws the same picture on every machine. Not for keys. */

/** xorshift32 (Marsaglia 2003): fast, small and good enough for grain. */
export class NoiseStream {
  #state: number;

  /** @param seed any 32-bit number; 0 is replaced, since xorshift stays there. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e3779b9;
    for (let turn = 0; turn < 8; turn += 1) this.#next();
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.#next() / 2 ** 32;
  }

  /** Uniform between two bounds. */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Normal, mean 0, deviation 1; from a table, since pictures need millions. */
  normal(): number {
    return normalTable[this.#next() >>> 16] ?? 0;
  }

  /** A stream of its own, for one part of a picture. */
  fork(): NoiseStream {
    return new NoiseStream(this.#next());
  }
}

/** Quantiles of the normal distribution in shuffled-by-use order (the index is random). */
const normalTable = makeNormalTable();

function makeNormalTable(): Float32Array {
  const table = new Float32Array(2 ** 16);
  // Sum of four uniforms from a fixed generator, standardised: close to normal and cut at 3.5 deviations.
  let state = 0x2545f491;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const deviation = Math.sqrt(4 / 12);
  for (let index = 0; index < table.length; index += 1) {
    table[index] = (uniform() + uniform() + uniform() + uniform() - 2) / deviation;
  }
  return table;
}

const latticeSize = 64;

/** Smooth noise over space: random values on a lattice, eased between its points. Repeats every 64 lattice steps. */
export class ValueNoise {
  readonly #lattice = new Float32Array(latticeSize ** 3);

  constructor(stream: NoiseStream) {
    for (let index = 0; index < this.#lattice.length; index += 1) {
      this.#lattice[index] = stream.between(-1, 1);
    }
  }

  /** -1 to 1; coordinates in lattice steps. */
  at(x: number, y: number, z: number): number {
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    const z0 = Math.floor(z);
    const fx = ease(x - x0);
    const fy = ease(y - y0);
    const fz = ease(z - z0);
    const near = mix(
      mix(this.#value(x0, y0, z0), this.#value(x0 + 1, y0, z0), fx),
      mix(this.#value(x0, y0 + 1, z0), this.#value(x0 + 1, y0 + 1, z0), fx),
      fy,
    );
    const far = mix(
      mix(this.#value(x0, y0, z0 + 1), this.#value(x0 + 1, y0, z0 + 1), fx),
      mix(this.#value(x0, y0 + 1, z0 + 1), this.#value(x0 + 1, y0 + 1, z0 + 1), fx),
      fy,
    );
    return mix(near, far, fz);
  }

  #value(x: number, y: number, z: number): number {
    const mask = latticeSize - 1;
    return this.#lattice[((z & mask) * latticeSize + (y & mask)) * latticeSize + (x & mask)] ?? 0;
  }
}

/** From `low` to `high` as `part` goes from 0 to 1. */
export function mix(low: number, high: number, part: number): number {
  return low + (high - low) * part;
}

/** Holds a value between two bounds. */
export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** 0 up to `from`, 1 from `to` on, smooth between. */
export function smoothStep(from: number, to: number, value: number): number {
  return ease(clamp((value - from) / (to - from), 0, 1));
}

function ease(part: number): number {
  return part * part * (3 - 2 * part);
}

/** A smooth curve through (position, value) pairs in rising order of position; flat beyond its ends. */
export function curve(...points: readonly (readonly [number, number])[]): (position: number) => number {
  return (position) => {
    let before = points[0];
    for (const point of points) {
      if (point[0] > position) {
        return before === undefined || before === point
          ? point[1]
          : mix(before[1], point[1], smoothStep(before[0], point[0], position));
      }
      before = point;
    }
    return before?.[1] ?? 0;
  };
}
