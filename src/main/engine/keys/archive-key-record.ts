/**
 * What the cloud keeps so that a new PC can start from the words alone: the archive key, sealed to the recovery
 * certificate only, with an HMAC under a key that comes from the words. The certificate is public, so without the HMAC
 * anybody could plant an archive key of their own.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';
import { EnvelopeReaders, openWhole } from '../seal/envelope-reader.ts';
import { EnvelopeWriters, sealWhole } from '../seal/envelope-writer.ts';
import { Secret } from '../system/secret.ts';
import { ArchiveKeys, archiveKeyBytes, maxEpoch } from './archive-keys.ts';
import { lengthPrefixed } from './encoding.ts';
import { recoveryRecipient, type RecoveryKey } from './recovery-key.ts';

/** Some 700 bytes in fact. */
export const maxRecordBytes = 16 * 1024;

export const archiveKeyRecordSchema = z.strictObject({
  format: z.literal('edge-sync-archive-key'),
  version: z.literal(1),
  archiveId: z.string().regex(/^[0-9a-f]{32}$/),
  /** The epoch when the record was made; objects carry theirs, so it need not be the newest. */
  epoch: z.int().min(1).max(maxEpoch),
  /** Of the recovery key it is sealed to. */
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** Base64 of a sealed object whose content is the 32-byte archive key. */
  sealed: z.base64().max(8192),
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ArchiveKeyRecord = z.infer<typeof archiveKeyRecordSchema>;

export function makeArchiveKeyRecord(
  keys: ArchiveKeys,
  epoch: number,
  recovery: RecoveryKey,
  random: Random,
): ArchiveKeyRecord {
  const writers = new EnvelopeWriters(random, [recoveryRecipient(recovery)], recovery.fingerprint);
  const sealed = sealWhole(writers, keys.archiveKey.reveal());
  const fields = { archiveId: keys.archiveId, epoch, fingerprint: recovery.fingerprint };
  return {
    format: 'edge-sync-archive-key',
    version: 1,
    ...fields,
    sealed: sealed.toString('base64'),
    mac: recordMac(recovery, fields, sealed).toString('hex'),
  };
}

export function encodeRecord(record: ArchiveKeyRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`, 'utf8');
}

/** Throws object-format. */
export function decodeRecord(bytes: Uint8Array): ArchiveKeyRecord {
  const parsed = bytes.length > maxRecordBytes ? undefined : parseJson(bytes);
  const checked = archiveKeyRecordSchema.safeParse(parsed);
  const record = checked.data;
  // Base64 has spare bits at its end: only one spelling is ours.
  if (record === undefined || Buffer.from(record.sealed, 'base64').toString('base64') !== record.sealed) {
    throw new EdgeSyncError('object-format', 'the archive key record');
  }
  return record;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The archive's keys, for who has the words. Throws recovery-words-other when the record belongs to other words,
 * object-tampered when it was not made with them.
 */
export function openArchiveKeyRecord(record: ArchiveKeyRecord, recovery: RecoveryKey): ArchiveKeys {
  if (record.fingerprint !== recovery.fingerprint) throw new EdgeSyncError('recovery-words-other');
  const sealed = Buffer.from(record.sealed, 'base64');
  if (!timingSafeEqual(recordMac(recovery, record, sealed), Buffer.from(record.mac, 'hex'))) {
    throw new EdgeSyncError('object-tampered', 'the archive key record was not made with these words');
  }
  const readers = new EnvelopeReaders({ kek: () => undefined, agreements: [recovery.agreement] });
  const opened = openWhole(readers, sealed);
  const archiveKey = Secret.from(opened);
  opened.fill(0);
  if (archiveKey.sizeBytes !== archiveKeyBytes) throw new EdgeSyncError('object-format', 'the archive key');
  const keys = ArchiveKeys.fromArchiveKey(archiveKey);
  if (keys.archiveId !== record.archiveId) {
    throw new EdgeSyncError('object-tampered', 'the archive key record');
  }
  return keys;
}

function recordMac(
  recovery: RecoveryKey,
  fields: Pick<ArchiveKeyRecord, 'archiveId' | 'epoch' | 'fingerprint'>,
  sealed: Buffer,
): Buffer {
  const epoch = Buffer.alloc(4);
  epoch.writeUInt32BE(fields.epoch);
  return createHmac('sha256', recovery.recordMacKey.reveal())
    .update(lengthPrefixed(fields.archiveId))
    .update(epoch)
    .update(lengthPrefixed(fields.fingerprint))
    .update(sealed)
    .digest();
}
