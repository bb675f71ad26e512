import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRleFrame } from './rle-encoder.ts';

/** A decoder straight from PS3.5 G.3.2, for one segment. */
function decode(segment: Buffer, length: number): Uint8Array {
  const out: number[] = [];
  for (let at = 0; out.length < length;) {
    const header = segment.readInt8(at);
    at += 1;
    if (header >= 0) {
      out.push(...segment.subarray(at, at + header + 1));
      at += header + 1;
    } else if (header !== -128) {
      const value = segment[at] ?? 0;
      for (let count = 0; count < 1 - header; count += 1) out.push(value);
      at += 1;
    }
  }
  return Uint8Array.from(out);
}

describe('the RLE encoder', () => {
  it('gives back every plane when decoded by the rules of the standard', () => {
    const pixel = fc.oneof(fc.constantFrom(0, 255), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(pixel, { minLength: 1, maxLength: 400 }),
        (columns, rows, pattern) => {
          const plane = Uint8Array.from(
            { length: columns * rows },
            (_, index) => pattern[index % pattern.length] ?? 0,
          );
          const frame = encodeRleFrame([plane, plane.toReversed()], columns);
          const [first, second] = [frame.readUInt32LE(4), frame.readUInt32LE(8)];

          expect(frame.readUInt32LE(0)).toBe(2);
          expect(first).toBe(64);
          expect(second % 2).toBe(0);
          expect(decode(frame.subarray(first, second), plane.length)).toEqual(plane);
          expect(decode(frame.subarray(second), plane.length)).toEqual(plane.toReversed());
        },
      ),
    );
  });

  it('stores a black row of 512 pixels in eight bytes', () => {
    expect(encodeRleFrame([new Uint8Array(512)], 512)).toHaveLength(64 + 8);
  });
});
