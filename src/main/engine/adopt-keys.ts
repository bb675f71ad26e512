/**
 * Gets an installation going again whose keychain entry or keys.json was lost, without an engine: the engine cannot open
 * then. Wires keys/ with the data folder's lock and the queue database for it.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { EngineOptions } from './engine.ts';
import { KeyRing } from './keys/key-ring.ts';
import type { ColumnSealer } from './ports.ts';
import { DataDirLock } from './queue/data-dir-lock.ts';
import { sealedDataIn } from './sealed-data.ts';

export interface Adopted {
  readonly installationId: string;
  readonly archiveId: string;
  readonly fingerprint: string | null;
}

/**
 * `records`: the archive key records of the cloud, for when keys.json is missing or damaged too. Throws
 * engine-already-running, and what keys/joining.ts names.
 */
export async function adoptInstallation(
  options: EngineOptions,
  words: readonly string[],
  records?: readonly Uint8Array[],
): Promise<Adopted> {
  const { dataDir, keyStore, random, clock, logger } = options;
  const lock = DataDirLock.acquire(dataDir);
  try {
    const ring = await KeyRing.adopt(
      {
        dataDir,
        keyStore,
        random,
        clock,
        logger: logger.child('keys'),
        sealedData: await sealedDataIn(dataDir),
        checkBelongs: (columns) => mustBelong(join(dataDir, 'queue.db'), columns),
      },
      words,
      records,
    );
    const { installationId, archiveId, recoveryFingerprint: fingerprint } = ring;
    return { installationId, archiveId, fingerprint };
  } finally {
    lock.release();
  }
}

/**
 * The queue keeps a mark of the key it was made with. A database that cannot be read says nothing here: opening the
 * engine tells what is wrong with it. Throws database-other-key.
 */
function mustBelong(file: string, columns: ColumnSealer): void {
  const known = keyCheckIn(file);
  if (known !== undefined && known !== columns.lookup('key-check', 'queue').toString('hex'))
    throw new EdgeSyncError('database-other-key', 'the words belong to another archive than its images');
}

function keyCheckIn(file: string): string | undefined {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { readonly: true, fileMustExist: true });
    const get = database.prepare<[], string>("SELECT value FROM meta WHERE key = 'key-check'").pluck();
    return get.get();
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}
