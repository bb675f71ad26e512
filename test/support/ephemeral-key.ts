import { p256KeyFromScalar } from '../../src/main/engine/seal/p256.ts';
import type { EphemeralKey } from '../../src/main/engine/seal/recipients.ts';

/** A fixed "ephemeral" key, for vectors that must come out the same each time. Never for real objects. */
export function ephemeralKeyFromScalar(scalar: Buffer): EphemeralKey {
  const { privateKey, coordinates } = p256KeyFromScalar(scalar);
  return { privateKey, coordinates };
}
