/** What a restore needs and no more: it opens and checks, it seals nothing and writes nothing. */
import type { OpenerFactory } from '../seal/seal-port.ts';
import { EnvelopeReaders } from '../seal/envelope-reader.ts';
import type { InstanceIdentity } from './archive-keys.ts';
import { recordFor } from './words-records.ts';

export interface RestoreKeys {
  readonly archiveId: string;
  /** By every epoch's KEK, and by the recovery key where the words are there. */
  readonly openers: OpenerFactory;
  objectName(identity: InstanceIdentity): string;
  manifestMac(bytes: Uint8Array): Buffer;
  backupMac(bytes: Uint8Array): Buffer;
}

/**
 * From the words and the bytes at cloudNames.archiveKey. Throws recovery-words-count, -misspelt, -checksum, -other;
 * object-format or object-tampered for a record that is not what it should be.
 */
export function restoreKeysFromWords(words: readonly string[], archiveKeyRecord: Uint8Array): RestoreKeys {
  return restoreKeysFromRecords(words, [archiveKeyRecord]);
}

/** As `restoreKeysFromWords`, from all the records below cloudNames.keys: see `recordFor`, which names what it throws. */
export function restoreKeysFromRecords(
  words: readonly string[],
  records: readonly Uint8Array[],
): RestoreKeys {
  const { keys, recovery } = recordFor(words, records);
  return {
    archiveId: keys.archiveId,
    openers: new EnvelopeReaders({ kek: (id) => keys.kekById(id), agreements: [recovery.agreement] }),
    objectName: (identity) => keys.objectName(identity),
    manifestMac: (bytes) => keys.manifestMac(bytes),
    backupMac: (bytes) => keys.backupMac(bytes),
  };
}
