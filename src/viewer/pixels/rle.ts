/** RLE decoding (PS3.5 annex G): one segment per byte of a sample, most significant first, plane by plane. */
import { ViewerProblem } from '../open/problem.ts';

/**
 * Samples interleaved by pixel, little-endian. `samples` times `bytesEach` segments of `pixels` bytes.
 * @throws ViewerProblem pixels-damaged.
 */
export function decodeRle(
  stream: Uint8Array,
  pixels: number,
  samples: number,
  bytesEach: number,
): Uint8Array {
  const wanted = samples * bytesEach;
  if (stream.length < 64) throw damaged('header');
  const header = new DataView(stream.buffer, stream.byteOffset, 64);
  if (header.getUint32(0, true) !== wanted) throw damaged('segments');
  const out = new Uint8Array(pixels * wanted);
  for (let segment = 0; segment < wanted; segment += 1) {
    const from = header.getUint32(4 + segment * 4, true);
    const to = segment + 1 < wanted ? header.getUint32(8 + segment * 4, true) : stream.length;
    if (from < 64 || to < from || to > stream.length) throw damaged('offsets');
    const sample = Math.floor(segment / bytesEach);
    const byteOfSample = bytesEach - 1 - (segment % bytesEach);
    unpack(stream.subarray(from, to), out, sample * bytesEach + byteOfSample, wanted, pixels);
  }
  return out;
}

/** PackBits; writes `count` bytes, each `step` after the last. */
function unpack(packed: Uint8Array, out: Uint8Array, start: number, step: number, count: number): void {
  let at = 0;
  let done = 0;
  while (done < count) {
    const control = packed[at];
    if (control === undefined) throw damaged('it ends early');
    at += 1;
    if (control === 128) continue;
    const run = control < 128 ? control + 1 : 257 - control;
    const used = Math.min(run, count - done);
    if (control < 128) {
      if (at + used > packed.length) throw damaged('it ends early');
      for (let i = 0; i < used; i += 1) out[start + (done + i) * step] = packed[at + i] ?? 0;
      at += run;
    } else {
      const value = packed[at];
      if (value === undefined) throw damaged('it ends early');
      for (let i = 0; i < used; i += 1) out[start + (done + i) * step] = value;
      at += 1;
    }
    done += used;
  }
}

function damaged(detail: string): ViewerProblem {
  return new ViewerProblem('pixels-damaged', `RLE ${detail}`);
}
