import { createHash } from 'node:crypto';
import type { Random } from '../../src/main/engine/ports.ts';

/** Repeatable bytes from a seed: SHA-256 in counter mode. For tests only. */
export class FakeRandom implements Random {
  readonly #seed: string;
  #counter = 0;

  constructor(seed = 'edge-sync') {
    this.#seed = seed;
  }

  bytes(size: number): Buffer {
    const parts: Buffer[] = [];
    for (let have = 0; have < size; have += 32) parts.push(this.#block());
    return Buffer.concat(parts).subarray(0, size);
  }

  fraction(): number {
    return this.#block().readUIntBE(0, 6) / 2 ** 48;
  }

  #block(): Buffer {
    this.#counter += 1;
    return createHash('sha256').update(`${this.#seed}/${this.#counter}`).digest();
  }
}
