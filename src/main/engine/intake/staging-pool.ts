/** Buffers in which small pieces are gathered before they are hashed and encrypted. */

/** A hash or cipher call costs about as much as copying a few KB; from 64 KB on that no longer shows (DESIGN 5). */
export const stagingBytes = 64 * 1024;

/** As many as associations that may be open by default; more are made and dropped again. */
const keptBuffers = 25;

export class StagingPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(stagingBytes);
  }

  giveBack(buffer: Buffer): void {
    if (this.#free.length < keptBuffers) this.#free.push(buffer);
  }
}
