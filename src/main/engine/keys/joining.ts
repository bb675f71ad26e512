/**
 * Getting keys from words: an installation whose key store entry or keys.json was lost goes on (`adopt`), and a fresh
 * data folder becomes a further installation of an archive (`join`). Both end with a device key of their own.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { ColumnSealer } from '../ports.ts';
import { openArchiveKeyRecord } from './archive-key-record.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { newDeviceKeyEntry, readDeviceKey, storeNewDeviceKey } from './device-key.ts';
import type { RecoveryKit } from './key-file-schema.ts';
import { damaged, readKeyFile, writeKeyFile, type KeyFileBody, type StoredKeyFile } from './key-file.ts';
import type { KeyRingDeps } from './key-ring.ts';
import { makeRecoveryCertificate, type RecoveryKey } from './recovery-key.ts';
import { kitsInForce, kitWith, proven } from './recovery-kit.ts';
import { writeUnderNewDeviceKey } from './rotation.ts';
import { recordOpenedBy, recoveryKeyFromWords, type OpenedRecord } from './words-records.ts';

export interface AdoptDeps extends KeyRingDeps {
  /** Throws when what is sealed on this PC (the queue database) was not sealed under these keys. */
  readonly checkBelongs?: (columns: ColumnSealer) => void;
}

/**
 * New keys.json and key store entry for this data folder, from the words and the archive key record that keys.json holds
 * or, where that file is missing, damaged or older than the words, one of `records` (from the cloud). The caller holds the data folder's lock.
 * Throws keys-in-order when nothing is wrong; keychain-unavailable, passphrase-* when the key store cannot say: then
 * nothing is made; recovery-words-*, recovery-missing, key-file-damaged, archive-key-missing, object-tampered,
 * database-other-key, disk-*.
 */
export async function adoptKeys(
  deps: AdoptDeps,
  words: readonly string[],
  records: readonly Uint8Array[] | undefined,
): Promise<void> {
  const recovery = recoveryKeyFromWords(words);
  const stored = await readKeyFile(deps.dataDir).catch(unlessDamaged);
  if (stored === undefined || stored === 'damaged') {
    await rebuild(deps, recovery, records, stored);
    return;
  }
  await mustBeLost(deps, stored);
  if (isOlderThan(recovery, stored.body)) {
    if (records !== undefined) {
      await rebuild(deps, recovery, records, 'damaged', stored.body.archiveId);
      return;
    }
    if (stored.body.recovery.state !== 'none')
      throw new EdgeSyncError(
        'recovery-words-other',
        'or keys.json is older than they are: try --from-cloud',
      );
  }
  const kit = kitWith(stored.body, recovery.fingerprint);
  const keys = openArchiveKeyRecord(kit.archiveKeyRecord, recovery);
  try {
    stored.verify(keys);
  } catch (error) {
    // Changed on purpose: nothing in it is worth keeping.
    if (records === undefined) throw error;
    await rebuild(deps, recovery, records, 'damaged');
    return;
  }
  deps.checkBelongs?.(keys.columnSealer(deps.random));
  const now = nowOf(deps);
  const wanted = proven(stored.body, recovery.fingerprint, now);
  await writeUnderNewDeviceKey(deps, keys, stored.body, wanted, () => undefined);
  deps.logger.info('keys-adopted', { installationId: wanted.installationId });
}

/**
 * keys.json and a device key for a fresh data folder. Throws keys-exist when there are keys or sealed data already;
 * recovery-words-*, archive-key-missing, object-tampered, object-format; keychain-unavailable, passphrase-*, disk-*.
 */
export async function joinArchive(
  deps: KeyRingDeps,
  words: readonly string[],
  records: readonly Uint8Array[],
): Promise<void> {
  const stored = await readKeyFile(deps.dataDir).catch(unlessDamaged);
  if (stored !== undefined) throw new EdgeSyncError('keys-exist');
  if (deps.sealedData === 'present') throw new EdgeSyncError('keys-exist', 'there is sealed data');
  const found = recordOpenedBy(recoveryKeyFromWords(words), records);
  await writeFresh(deps, found);
}

/** keys.json knows nothing of these words: one from before they were made was put back, if the archive is the same. */
function isOlderThan({ fingerprint }: RecoveryKey, body: KeyFileBody): boolean {
  return ![...kitsInForce(body), ...body.retiredKits].some((kit) => kit.fingerprint === fingerprint);
}

/** `archiveId`: the only one it may be, where that is known. */
async function rebuild(
  deps: AdoptDeps,
  recovery: RecoveryKey,
  records: readonly Uint8Array[] | undefined,
  file: 'damaged' | undefined,
  archiveId?: string,
): Promise<void> {
  if (records === undefined) throw file === 'damaged' ? damaged() : missing();
  const found = recordOpenedBy(recovery, records);
  if (archiveId !== undefined && found.keys.archiveId !== archiveId)
    throw new EdgeSyncError('recovery-words-other');
  deps.checkBelongs?.(found.keys.columnSealer(deps.random));
  if (file === 'damaged') await keepAside(deps.dataDir);
  await writeFresh(deps, found);
}

async function writeFresh(deps: KeyRingDeps, found: OpenedRecord): Promise<void> {
  const { keys, record, recovery } = found;
  const installationId = deps.random.bytes(16).toString('hex');
  const now = nowOf(deps);
  const kit: RecoveryKit = {
    certificatePem: await makeRecoveryCertificate(recovery),
    fingerprint: recovery.fingerprint,
    createdAt: now,
    archiveKeyRecord: record,
    // The name it was found under is not told; under its own it can never be in the way of another.
    recordPlace: 'fingerprint',
  };
  const entry = newDeviceKeyEntry(installationId, deps.random);
  await mkdir(deps.dataDir, { recursive: true, mode: 0o700 });
  const body: KeyFileBody = {
    format: 'edge-sync-keys',
    version: 2,
    installationId,
    archiveId: keys.archiveId,
    epoch: record.epoch,
    epochSince: null,
    deviceKey: { entry, since: now },
    staleEntries: [],
    wrappedArchiveKey: await storeNewDeviceKey(entry, keys, deps),
    recovery: { state: 'proven', kit, provenAt: now },
    retiredKits: [],
    recipients: [],
  };
  await writeKeyFile(deps.dataDir, body, keys, deps.clock);
  deps.logger.info('archive-joined', { installationId, keyStore: deps.keyStore.kind });
}

/** With an entry that opens keys.json nothing was lost; and whoever cannot say is asked again later. */
async function mustBeLost(deps: KeyRingDeps, stored: StoredKeyFile): Promise<void> {
  const state = await readDeviceKey(deps.keyStore, stored.body);
  if (state.tag !== 'opens') return;
  if (isWhole(stored, state.keys)) throw new EdgeSyncError('keys-in-order');
}

function isWhole(stored: StoredKeyFile, keys: ArchiveKeys): boolean {
  try {
    stored.verify(keys);
    return true;
  } catch {
    return false;
  }
}

/** It may be of use to somebody who looks into what happened; it holds no key in clear. */
async function keepAside(dataDir: string): Promise<void> {
  const path = joinPath(dataDir, 'keys.json');
  try {
    await copyFile(path, `${path}.damaged`);
  } catch (cause) {
    throw new EdgeSyncError('data-dir-not-writable', undefined, { cause });
  }
}

function unlessDamaged(error: unknown): 'damaged' {
  if (toEdgeSyncError(error).code !== 'key-file-damaged') throw error;
  return 'damaged';
}

function missing(): EdgeSyncError {
  return new EdgeSyncError('key-file-damaged', 'keys.json is missing');
}

function nowOf(deps: KeyRingDeps): string {
  return new Date(deps.clock.nowMs()).toISOString();
}
