import { EnvelopeReaders } from '../seal/envelope-reader.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import { deriveRecoveryKey } from './recovery-key.ts';
import { entropyFromWords } from './recovery-words.ts';

/**
 * Opens whatever was sealed to the recovery certificate of these words; needs neither installation nor cloud.
 * Throws recovery-words-count, -misspelt, -checksum.
 */
export function openersFromWords(words: readonly string[]): OpenerFactory {
  const entropy = entropyFromWords(words);
  const key = deriveRecoveryKey(entropy);
  entropy.wipe();
  return new EnvelopeReaders({ kek: () => undefined, agreements: [key.agreement] });
}
