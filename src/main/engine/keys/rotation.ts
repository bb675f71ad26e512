/**
 * A new device key in the place of the old one. At every moment keys.json names an entry that the key store has: the
 * new entry is noted as of no use yet, stored and read back, then named by keys.json, and only then does the old one go.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, KeyStore, Logger, Random } from '../ports.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { newDeviceKeyEntry, removeStaleEntries, storeNewDeviceKey } from './device-key.ts';
import { maxStaleEntries } from './key-file-schema.ts';
import { writeKeyFile, type KeyFileBody } from './key-file.ts';

export interface RotationDeps {
  readonly dataDir: string;
  readonly keyStore: KeyStore;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes `wanted` (which may change other things too) under a new device key. `present` is what keys.json says now.
 * `onWritten` is told of every body that is on the disk, also when a later step throws.
 * Throws keychain-unavailable, passphrase-*, disk-full, data-dir-not-writable, disk-error; then the old key is in force.
 */
export async function writeUnderNewDeviceKey(
  deps: RotationDeps,
  keys: ArchiveKeys,
  present: KeyFileBody,
  wanted: KeyFileBody,
  onWritten: (body: KeyFileBody) => void,
): Promise<void> {
  const { dataDir, clock } = deps;
  const write = async (body: KeyFileBody): Promise<void> => {
    await writeKeyFile(dataDir, body, keys, clock);
    onWritten(body);
  };
  // A write that failed may have lasted all the same: only what the file does not name may go, and now it names this.
  if (present.staleEntries.length > 0) await write(present);
  const tidied = await tidyEntries(deps, present);
  if (tidied.length > maxStaleEntries - 2)
    throw new EdgeSyncError('keychain-unavailable', 'it does not remove old entries');
  const entry = newDeviceKeyEntry(present.installationId, deps.random);
  await write({ ...present, staleEntries: [...tidied, entry] });
  const wrappedArchiveKey = await storeNewDeviceKey(entry, keys, deps);
  const since = new Date(clock.nowMs()).toISOString();
  const rotated: KeyFileBody = {
    ...wanted,
    deviceKey: { entry, since },
    wrappedArchiveKey,
    staleEntries: [...tidied, present.deviceKey.entry],
  };
  await write(rotated);
  await forgetStaleEntries(deps, keys, rotated, onWritten);
}

/** What is left after a removal is tried again at the next start; nothing depends on it, so it fails quietly. */
export async function forgetStaleEntries(
  deps: RotationDeps,
  keys: ArchiveKeys,
  body: KeyFileBody,
  onWritten: (body: KeyFileBody) => void,
): Promise<void> {
  const left = await tidyEntries(deps, body);
  if (left.length === body.staleEntries.length) return;
  const tidied = { ...body, staleEntries: left };
  try {
    await writeKeyFile(deps.dataDir, tidied, keys, deps.clock);
    onWritten(tidied);
  } catch (error) {
    deps.logger.error('old-device-key-still-listed', {}, error);
  }
}

function tidyEntries(deps: RotationDeps, body: KeyFileBody): Promise<string[]> {
  return removeStaleEntries(body, deps.keyStore, deps.logger);
}
