/** The life of the recovery kit in keys.json, as functions from one body to the next; writing it is the caller's. */
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';
import { Secret } from '../system/secret.ts';
import { makeArchiveKeyRecord } from './archive-key-record.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { maxRetiredKits, type RecoveryKit, type RetiredKit } from './key-file-schema.ts';
import type { KeyFileBody } from './key-file.ts';
import { deriveRecoveryKey, makeRecoveryCertificate } from './recovery-key.ts';
import { entropyBytes, wordsFromEntropy } from './recovery-words.ts';

export interface NewKit {
  readonly kit: RecoveryKit;
  /** Nowhere else. */
  readonly words: readonly string[];
}

/** Fresh words, their certificate, and the archive key sealed to it. `now`: ISO 8601. */
export async function makeKit(
  keys: ArchiveKeys,
  epoch: number,
  recordPlace: RecoveryKit['recordPlace'],
  now: string,
  random: Random,
): Promise<NewKit> {
  const entropy = Secret.from(random.bytes(entropyBytes));
  const key = deriveRecoveryKey(entropy);
  const words = wordsFromEntropy(entropy);
  entropy.wipe();
  const kit: RecoveryKit = {
    certificatePem: await makeRecoveryCertificate(key),
    fingerprint: key.fingerprint,
    createdAt: now,
    archiveKeyRecord: makeArchiveKeyRecord(keys, epoch, key, random),
    recordPlace,
  };
  return { kit, words };
}

/** The kits new objects are sealed to: two while a replacement waits for its drill. */
export function kitsInForce({ recovery }: KeyFileBody): readonly RecoveryKit[] {
  switch (recovery.state) {
    case 'none':
      return [];
    case 'created':
    case 'proven':
      return [recovery.kit];
    case 'replacing':
      return [recovery.kit, recovery.next];
    default:
      return assertNever(recovery);
  }
}

/**
 * The kit of these words. Throws recovery-missing; recovery-words-replaced for a kit that was replaced;
 * recovery-words-other.
 */
export function kitWith(body: KeyFileBody, fingerprint: string): RecoveryKit {
  if (body.recovery.state === 'none') throw new EdgeSyncError('recovery-missing');
  const kit = kitsInForce(body).find((one) => one.fingerprint === fingerprint);
  if (kit !== undefined) return kit;
  const wasReplaced = body.retiredKits.some((one) => one.fingerprint === fingerprint);
  throw new EdgeSyncError(wasReplaced ? 'recovery-words-replaced' : 'recovery-words-other');
}

/**
 * The words with this fingerprint (one of the kits in force) have been proven at `now`. The new kit of a replacement
 * takes the old one's place with that.
 */
export function proven(body: KeyFileBody, fingerprint: string, now: string): KeyFileBody {
  const { recovery } = body;
  switch (recovery.state) {
    case 'none':
      throw new EdgeSyncError('recovery-missing');
    case 'created':
    case 'proven':
      return { ...body, recovery: { state: 'proven', kit: recovery.kit, provenAt: now } };
    case 'replacing': {
      if (recovery.kit.fingerprint === fingerprint)
        return { ...body, recovery: { ...recovery, provenAt: now } };
      const retired = retiredFrom(recovery.kit, now);
      return {
        ...body,
        recovery: { state: 'proven', kit: recovery.next, provenAt: now },
        retiredKits: [...body.retiredKits, retired].slice(-maxRetiredKits),
      };
    }
    default:
      return assertNever(recovery);
  }
}

/** True when proving these words takes a kit out of force. */
export function endsReplacement({ recovery }: KeyFileBody, fingerprint: string): boolean {
  return recovery.state === 'replacing' && recovery.next.fingerprint === fingerprint;
}

function retiredFrom(kit: RecoveryKit, retiredAt: string): RetiredKit {
  const { certificatePem, fingerprint, createdAt, recordPlace } = kit;
  return { certificatePem, fingerprint, createdAt, retiredAt, recordPlace };
}
