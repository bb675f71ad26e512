/** The backups below one prefix: which there are, what the newest that proves itself says, and storing the next one. */
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore, type ObjectSource } from '../cloud/cloud-store.ts';
import { openWhole } from '../seal/envelope-reader.ts';
import { sealWhole } from '../seal/envelope-writer.ts';
import type { OpenerFactory, SealerFactory } from '../seal/seal-port.ts';
import {
  broken,
  decodeBackup,
  encodeBackup,
  maxBackupBytes,
  maxBackupNumber,
  type Backup,
  type BackupContent,
  type BackupMac,
} from './backup-format.ts';

/** Opens and proves backups: an installation's own keys, or those from the words. */
export interface BackupKeys {
  readonly openers: OpenerFactory;
  backupMac(bytes: Uint8Array): Buffer;
}

/** A sealed object is at most this much larger than its content: head (49 KiB), segment headers, end. */
const sealedOverheadBytes = 128 * 1024;
/** Far above what any clinic writes: a listing beyond it is somebody filling the place. */
const maxInstallations = 1000;
const maxNames = 100_000;
/** How far to go back for one that proves itself. */
const triesPerInstallation = 50;
/** Another engine of the same id (a copied data folder) may write at the same moment. */
const numbersTried = 5;

const namePattern = /^backups\/([0-9a-f]{32})\/(\d{10})\.cms$/;

interface Place {
  readonly number: number;
  readonly sizeBytes: number;
}

/** One installation's newest backup that proves itself. */
export interface FoundBackup {
  readonly installationId: string;
  readonly backup: Backup;
  /** Numbers below it that are not there, and names above it that do not prove themselves. */
  readonly missing: number;
  readonly refused: number;
}

export interface BackupProblem {
  readonly object: string;
  readonly report: ErrorReport;
}

export interface FoundBackups {
  /** Newest first. */
  readonly found: readonly FoundBackup[];
  readonly problems: readonly BackupProblem[];
}

/**
 * The newest backup of every installation below the prefix that proves itself. `read` retries what may pass; what it
 * throws ends the whole reading.
 */
export async function findBackups(
  store: CloudStore,
  keys: BackupKeys,
  read: <T>(attempt: () => Promise<T>) => Promise<T>,
  signal?: AbortSignal,
): Promise<FoundBackups> {
  const problems: BackupProblem[] = [];
  const shelves = await read(() => listBackups(store, signal));
  const found: FoundBackup[] = [];
  for (const [installationId, places] of shelves) {
    let refused = 0;
    for (const place of places.slice(0, triesPerInstallation)) {
      try {
        const backup = await read(() => readBackup(store, keys, installationId, place, signal));
        const below = places.filter(({ number }) => number <= place.number).length;
        found.push({ installationId, backup, missing: place.number - below, refused });
        break;
      } catch (error) {
        const ours = toEdgeSyncError(error);
        if (!isDamage(ours)) throw ours;
        refused += 1;
        problems.push({ object: cloudNames.backup(installationId, place.number), report: asBroken(ours) });
      }
    }
  }
  found.sort((a, b) => b.backup.writtenAt.localeCompare(a.backup.writtenAt));
  return { found, problems };
}

/** By installation, numbers from the newest down. Names that are not ours are left alone. */
export async function listBackups(
  store: CloudStore,
  signal?: AbortSignal,
  installationId?: string,
): Promise<ReadonlyMap<string, readonly Place[]>> {
  const shelves = new Map<string, Place[]>();
  const prefix =
    installationId === undefined ? cloudNames.backups : `${cloudNames.backups}${installationId}/`;
  let names = 0;
  for await (const object of store.list(prefix, signal)) {
    const [, id, digits] = namePattern.exec(object.name) ?? [];
    if (id === undefined || Number(digits) < 1) continue;
    names += 1;
    const places = shelves.get(id) ?? [];
    if (names > maxNames || (places.length === 0 && shelves.size >= maxInstallations)) {
      throw new EdgeSyncError('backup-broken', 'there are far too many objects below backups/');
    }
    places.push({ number: Number(digits), sizeBytes: object.sizeBytes });
    shelves.set(id, places);
  }
  for (const places of shelves.values()) places.sort((a, b) => b.number - a.number);
  return shelves;
}

/**
 * Opens and proves one. Throws EdgeSyncError backup-broken, object-format, object-tampered, object-truncated,
 * object-no-recipient (another archive's), object-missing, and those of the store.
 */
export async function readBackup(
  store: CloudStore,
  keys: BackupKeys,
  installationId: string,
  place: Place,
  signal?: AbortSignal,
): Promise<Backup> {
  const limit = maxBackupBytes + sealedOverheadBytes;
  if (place.sizeBytes > limit) throw broken('it is too large');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of store.read(cloudNames.backup(installationId, place.number), signal)) {
    size += chunk.length;
    if (size > limit) throw broken('it is too large');
    chunks.push(chunk);
  }
  const content = openWhole(keys.openers, Buffer.concat(chunks));
  try {
    const backup = decodeBackup(content, (bytes) => keys.backupMac(bytes));
    if (backup.installationId !== installationId || backup.number !== place.number)
      throw broken('it was moved from another place');
    return backup;
  } finally {
    content.fill(0);
  }
}

export interface NextBackup {
  readonly store: CloudStore;
  readonly sealers: SealerFactory;
  readonly mac: BackupMac;
  readonly archiveId: string;
  readonly installationId: string;
  readonly writtenAt: string;
  readonly content: BackupContent;
  /** The newest number that lies there; 0 for none. */
  readonly newest: number;
  readonly signal: AbortSignal;
}

/** Stores it under the next free number; nothing is overwritten. Resolves with that number. */
export async function storeBackup(next: NextBackup): Promise<number> {
  const { store, sealers, mac, archiveId, installationId, writtenAt, content, signal } = next;
  for (let number = next.newest + 1; number <= next.newest + numbersTried; number += 1) {
    if (number > maxBackupNumber) break;
    const plain = encodeBackup({ archiveId, installationId, number, writtenAt }, content, mac);
    if (plain.length > maxBackupBytes) throw broken('settings and certificates are too large for a backup');
    const sealed = sealWhole(sealers, plain);
    plain.fill(0);
    const name = cloudNames.backup(installationId, number);
    const outcome = await store.putIfAbsent(name, sourceOf(sealed), { signal });
    if (outcome.tag === 'created') return number;
  }
  throw broken('the next numbers are taken: another installation goes by the same id');
}

function sourceOf(bytes: Buffer): ObjectSource {
  return {
    sizeBytes: bytes.length,
    async *read(start) {
      await Promise.resolve();
      if (start < bytes.length) yield bytes.subarray(start);
    },
  };
}

/** What says something about this one object, and nothing about the connection. */
function isDamage({ code }: EdgeSyncError): boolean {
  return code === 'backup-broken' || code.startsWith('object-');
}

function asBroken(error: EdgeSyncError): ErrorReport {
  if (error.code === 'backup-broken') return error.report;
  const why = error.code === 'object-no-recipient' ? 'another archive made it' : error.report.message;
  return broken(why).report;
}
