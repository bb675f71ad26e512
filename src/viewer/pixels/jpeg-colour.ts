/** Tells a JPEG decoder whether three components are RGB, where the stream itself does not say. */
import type { Photometric } from './image-facts.ts';

/** APP14 "Adobe": version 100, no flags, then the transform: 0 is none, 1 is YCbCr. */
const adobe = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0];

/**
 * A stream with an Adobe marker says it itself, and so does JFIF (YCbCr). Without either the dataset decides: decoders
 * would guess YCbCr also where the dataset says RGB.
 */
export function withColourMarker(stream: Uint8Array, photometric: Photometric): Uint8Array {
  if (saysItself(stream)) return stream;
  const marker = Uint8Array.from([...adobe, photometric === 'RGB' ? 0 : 1]);
  const out = new Uint8Array(stream.length + marker.length);
  out.set(stream.subarray(0, 2));
  out.set(marker, 2);
  out.set(stream.subarray(2), 2 + marker.length);
  return out;
}

function saysItself(stream: Uint8Array): boolean {
  let at = 2;
  while (at + 9 < stream.length && stream[at] === 0xff && stream[at + 1] !== 0xda) {
    const name = String.fromCharCode(...stream.subarray(at + 4, at + 8));
    if (stream[at + 1] === 0xee && name === 'Adob') return true;
    if (stream[at + 1] === 0xe0 && name === 'JFIF') return true;
    at += 2 + (stream[at + 2] ?? 0) * 256 + (stream[at + 3] ?? 0);
  }
  return false;
}
