/** A repeatable sequence from a seed (mulberry32), fractions in [0, 1). */
export function fractions(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The sequence of one place of a long test: the same whichever places were run before it. */
export function fractionsAt(seed: number, place: number): () => number {
  return fractions((seed + Math.imul(place + 1, 0x9e3779b1)) | 0);
}
