/** The device key: one entry of the key store, under a name that is never used twice. */
import { timingSafeEqual } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { KeyStore, Logger, Random } from '../ports.ts';
import { unwrapKey, wrapKey } from '../seal/recipients.ts';
import { Secret } from '../system/secret.ts';
import { ArchiveKeys } from './archive-keys.ts';
import { damaged, type KeyFileBody } from './key-file.ts';

const deviceKeyBytes = 32;
const suffixBytes = 8;

/**
 * A name nobody has had: an answer of the key store that comes after its time-out can then never replace a key that is
 * in use.
 */
export function newDeviceKeyEntry(installationId: string, random: Random): string {
  return `device-key-${installationId}-${random.bytes(suffixBytes).toString('hex')}`;
}

/**
 * Makes a device key, stores it under `entry`, reads it back, and wraps the archive key with it.
 * @returns the wrapped archive key as 80 hex digits. Throws keychain-unavailable, passphrase-*, disk-*.
 */
export async function storeNewDeviceKey(
  entry: string,
  keys: ArchiveKeys,
  deps: { readonly keyStore: KeyStore; readonly random: Random },
): Promise<string> {
  const deviceKey = Secret.from(deps.random.bytes(deviceKeyBytes));
  try {
    const before = await deps.keyStore.read(entry);
    if (before.tag === 'unavailable') throw before.error;
    if (before.tag === 'present')
      throw new EdgeSyncError('keychain-unavailable', 'a fresh entry exists already');
    await deps.keyStore.write(entry, deviceKey);
    const kept = await deps.keyStore.read(entry);
    if (kept.tag === 'unavailable') throw kept.error;
    if (kept.tag === 'absent' || !sameBytes(kept.secret, deviceKey))
      throw new EdgeSyncError('keychain-unavailable', 'it did not keep what was written');
    return Buffer.from(wrapKey(deviceKey.reveal(), keys.archiveKey.reveal())).toString('hex');
  } finally {
    deviceKey.wipe();
  }
}

export type DeviceKeyState =
  | { readonly tag: 'opens'; readonly keys: ArchiveKeys }
  /** The key store confirmed that there is no such entry. */
  | { readonly tag: 'absent' }
  /** There is an entry, and it is not the key that keys.json was made with. */
  | { readonly tag: 'other'; readonly error: EdgeSyncError };

/** Reads the entry that keys.json names and unwraps the archive key. Throws keychain-unavailable, passphrase-*. */
export async function readDeviceKey(keyStore: KeyStore, body: KeyFileBody): Promise<DeviceKeyState> {
  const read = await keyStore.read(body.deviceKey.entry);
  switch (read.tag) {
    case 'present':
      return unwrapArchiveKey(read.secret, body);
    case 'absent':
      return read;
    case 'unavailable':
      throw read.error;
    default:
      return assertNever(read);
  }
}

function unwrapArchiveKey(deviceKey: Secret, body: KeyFileBody): DeviceKeyState {
  if (deviceKey.sizeBytes !== deviceKeyBytes) {
    const detail = 'the entry does not hold a key of this program';
    return { tag: 'other', error: new EdgeSyncError('keychain-entry-missing', detail) };
  }
  const unwrapped = unwrapKey(deviceKey.reveal(), Buffer.from(body.wrappedArchiveKey, 'hex'));
  if (unwrapped === undefined) return { tag: 'other', error: damaged() };
  const archiveKey = Secret.from(unwrapped);
  unwrapped.fill(0);
  return { tag: 'opens', keys: ArchiveKeys.fromArchiveKey(archiveKey) };
}

/**
 * Removes entries that are of no use any more. What the key store refuses now stays on the list for later.
 * @returns those that are still there, or may be.
 */
export async function removeStaleEntries(
  body: KeyFileBody,
  keyStore: KeyStore,
  logger: Logger,
): Promise<string[]> {
  const left: string[] = [];
  for (const entry of body.staleEntries) {
    if (entry === body.deviceKey.entry) continue;
    try {
      await removeEntry(keyStore, entry);
    } catch {
      left.push(entry);
    }
  }
  if (left.length > 0) logger.warn('old-device-key-kept', { entries: left.length });
  return left;
}

async function removeEntry(keyStore: KeyStore, entry: string): Promise<void> {
  const read = await keyStore.read(entry);
  if (read.tag === 'unavailable') throw read.error;
  if (read.tag === 'present') await keyStore.remove(entry);
}

function sameBytes(a: Secret, b: Secret): boolean {
  return a.sizeBytes === b.sizeBytes && timingSafeEqual(a.reveal(), b.reveal());
}
