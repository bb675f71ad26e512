import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../ports.ts';

/** randomInt's widest range: 2^48 - 1. */
const steps = 2 ** 48 - 1;

export class SystemRandom implements Random {
  bytes(size: number): Buffer {
    return randomBytes(size);
  }

  fraction(): number {
    return randomInt(steps) / steps;
  }
}
