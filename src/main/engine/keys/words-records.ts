/** Which of the archive key records in a cloud belongs to the words somebody has. */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { decodeRecord, openArchiveKeyRecord, type ArchiveKeyRecord } from './archive-key-record.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { deriveRecoveryKey, type RecoveryKey } from './recovery-key.ts';
import { entropyFromWords } from './recovery-words.ts';

/** A cloud is not trusted: nobody has this many kits, and each record costs a little time. */
const maxRecordsTried = 1000;

export interface OpenedRecord {
  readonly record: ArchiveKeyRecord;
  readonly keys: ArchiveKeys;
  readonly recovery: RecoveryKey;
}

/** Throws recovery-words-count, -misspelt, -checksum. */
export function recoveryKeyFromWords(words: readonly string[]): RecoveryKey {
  const entropy = entropyFromWords(words);
  const recovery = deriveRecoveryKey(entropy);
  entropy.wipe();
  return recovery;
}

/**
 * The record that the words open, and what it holds. `records`: the bytes of everything below cloudNames.keys, in any
 * order; after a replacement of the kit several lie there, and anybody who may write to the cloud can add some.
 * Throws recovery-words-count, -misspelt, -checksum; archive-key-missing when there is no record;
 * object-tampered when one names these words and was not made with them; recovery-words-other when none names them;
 * object-format when there is nothing but damage.
 */
export function recordFor(words: readonly string[], records: readonly Uint8Array[]): OpenedRecord {
  return recordOpenedBy(recoveryKeyFromWords(words), records);
}

/** As `recordFor`, for who has derived the key already. */
export function recordOpenedBy(recovery: RecoveryKey, records: readonly Uint8Array[]): OpenedRecord {
  let refusal: EdgeSyncError | undefined;
  for (const bytes of records.slice(0, maxRecordsTried)) {
    try {
      const record = decodeRecord(bytes);
      return { record, keys: openArchiveKeyRecord(record, recovery), recovery };
    } catch (error) {
      refusal = moreTelling(refusal, toEdgeSyncError(error));
    }
  }
  throw refusal ?? new EdgeSyncError('archive-key-missing');
}

/**
 * Tells the record that these words open from all others, planted ones too: for looking through a cloud.
 * Throws recovery-words-count, -misspelt, -checksum.
 */
export function recordFits(words: readonly string[]): (this: void, bytes: Uint8Array) => boolean {
  const recovery = recoveryKeyFromWords(words);
  return (bytes) => {
    try {
      openArchiveKeyRecord(decodeRecord(bytes), recovery);
      return true;
    } catch {
      return false;
    }
  };
}

/** One record that is broken must not hide that another names these words. */
function moreTelling(known: EdgeSyncError | undefined, found: EdgeSyncError): EdgeSyncError {
  return known === undefined || rank(found) > rank(known) ? found : known;
}

function rank({ code }: EdgeSyncError): number {
  if (code === 'object-format') return 0;
  return code === 'recovery-words-other' ? 1 : 2;
}
