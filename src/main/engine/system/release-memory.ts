/**
 * Gives the memory of large buffers back at once. Left to the garbage collector, 0.5 MB images cost a whole collection
 * for every dozen of them (measured with --trace-gc: a quarter of the main thread's time).
 */

/** Less than this is cheaper to leave to the collector. */
const leastBytes = 4096;

/**
 * Frees the memory behind `view` if it ends where its ArrayBuffer ends: of several views that share one, handed on in
 * order, the last one frees it. Nobody may read the bytes afterwards (the view is empty then). Slices of Node's pool,
 * which others share, are left alone: they are at most half of it.
 */
export function releaseMemory(view: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = view;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < leastBytes) return;
  if (byteOffset + byteLength !== buffer.byteLength) return;
  if (buffer.byteLength === Buffer.poolSize && byteLength <= Buffer.poolSize / 2) return;
  buffer.transfer(0);
}
