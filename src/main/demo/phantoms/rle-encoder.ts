/** RLE Lossless (PS3.5 annex G): PackBits per byte plane and row, planes as segments behind a 64-byte header. */

const headerBytes = 64;
const longestRun = 128;

/**
 * Encodes one frame.
 * @param planes one array per segment in the order of PS3.5 G.2 (for 8-bit RGB: red, green, blue)
 * @param columns row length: a run never crosses a row (G.3.1)
 */
export function encodeRleFrame(planes: readonly Uint8Array[], columns: number): Buffer {
  const segments = planes.map((plane) => encodeSegment(plane, columns));
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(segments.length, 0);
  let offset = headerBytes;
  segments.forEach((segment, index) => {
    header.writeUInt32LE(offset, 4 + index * 4);
    offset += segment.length;
  });
  return Buffer.concat([header, ...segments]);
}

function encodeSegment(plane: Uint8Array, columns: number): Buffer {
  // Worst case: one header byte for every 128 literal bytes of each row, and one byte of padding.
  const rows = Math.ceil(plane.length / columns);
  const out = Buffer.allocUnsafe(plane.length + rows * Math.ceil(columns / longestRun) + 1);
  let at = 0;
  for (let start = 0; start < plane.length; start += columns) {
    at = encodeRow(plane.subarray(start, start + columns), out, at);
  }
  if (at % 2 === 1) out[at++] = 0;
  return out.subarray(0, at);
}

function encodeRow(row: Uint8Array, out: Buffer, start: number): number {
  let at = start;
  let from = 0;
  while (from < row.length) {
    const run = runLength(row, from);
    if (run >= 2) {
      out[at++] = 257 - run;
      out[at++] = row[from] ?? 0;
      from += run;
      continue;
    }
    let to = from + 1;
    // A pair inside literals costs as much as leaving it there: only a run of 3 ends them.
    while (to < row.length && to - from < longestRun && runLength(row, to) < 3) to += 1;
    out[at++] = to - from - 1;
    out.set(row.subarray(from, to), at);
    at += to - from;
    from = to;
  }
  return at;
}

function runLength(row: Uint8Array, from: number): number {
  let to = from + 1;
  while (to < row.length && to - from < longestRun && row[to] === row[from]) to += 1;
  return to - from;
}
