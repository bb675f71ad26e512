import { reportFor } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { Spool } from '../spool/spool-port.ts';
import { readCopies } from './copies.ts';
import { readManifestChains, type ChainHead } from './manifest-chains.ts';
import { gone } from './object-restorer.ts';
import { RestoreRun, type RestoreCommon, type RestoreCounts, type WantedObject } from './restore-run.ts';
import { isSelected } from './selection.ts';
import { unnamedObjects, type UnnamedObjects } from './unnamed-objects.ts';

export type { ChainHead } from './manifest-chains.ts';
export type { RestoreKeys } from './proven-object.ts';
export type { RestoreCommon } from './restore-run.ts';

export interface RestoreFromCloud extends RestoreCommon {
  readonly store: CloudStore;
}

/** A row of this PC's own database. */
export interface LocalObject {
  readonly objectName: string;
  /** null when the local copy is gone. */
  readonly spoolId: SpoolId | null;
  /** Of the sealed object. */
  readonly sizeBytes: number;
  /** undefined when its row was damaged: then the object itself says what it is, and counts as unproven. */
  readonly details: InstanceDetails | undefined;
}

export interface RestoreLocal extends RestoreCommon {
  readonly spool: Pick<Spool, 'read'>;
  /** Those that may be selected; gone through twice. */
  readonly objects: Iterable<LocalObject>;
}

export interface RestoreSummary extends Readonly<RestoreCounts> {
  /** Manifests that are missing, replaced or unreadable. */
  readonly chainProblems: number;
  readonly heads: readonly ChainHead[];
}

/**
 * Brings back what lies below the prefix, from the cloud and the keys alone.
 * @throws EdgeSyncError what makes going on useless: cancelled, cloud-auth and the like, a cloud or a node that stays
 * away, disk-full, disk-error. Run again, it goes on where it stopped.
 */
export async function restoreFromCloud(options: RestoreFromCloud): Promise<RestoreSummary> {
  const { store, keys, selection, signal } = options;
  const run = new RestoreRun(options);
  const patiently = <T>(attempt: () => Promise<T>): Promise<T> => run.patiently(attempt);
  const chains = await readManifestChains(store, keys, patiently, signal);
  for (const { object, report } of chains.problems) run.problem({ ...report, object });
  const listed = await patiently(() => unnamedObjects(store, chains.entries, signal));
  const unnamed: UnnamedObjects =
    options.unproven === 'left-out' ? { sizes: new Map(), ending: 'whole' } : listed;
  if (unnamed.ending === 'too-many') {
    const report = reportFor('manifest-broken', 'too many objects are in no manifest; the rest is left out');
    run.problem({ ...report, object: cloudNames.objects });
  }
  function* wanted(): Generator<WantedObject> {
    for (const { objectName, details, ...sealed } of chains.entries.values()) {
      if (!isSelected(selection, details)) continue;
      yield { objectName, details, sealed, sizeBytes: sealed.sizeBytes };
    }
    for (const [objectName, sizeBytes] of unnamed.sizes)
      yield { objectName, details: undefined, sizeBytes, maxSealedBytes: sizeBytes };
  }
  const counted = await run.all(wanted(), totalOf(wanted()), async (restorer, object, tools) => {
    const found = await readCopies(
      store,
      object.objectName,
      ({ read }) =>
        run.patiently(() =>
          restorer.restore({ ...object, read: () => tools.counted(read()) }, tools.isSelected),
        ),
      signal,
      // An object that is missing altogether costs one request, not ten.
      listed.ending === 'whole' && chains.entries.has(object.objectName)
        ? (repair) => chains.entries.hasSeenCopy(object.objectName, repair)
        : undefined,
    );
    if (found.tag === 'none') throw found.error;
    return found.value;
  });
  run.end(chains.heads);
  return { ...counted, chainProblems: chains.problems.length, heads: chains.heads };
}

/** Brings back what this PC still holds; a copy that is gone counts as missing. @throws as `restoreFromCloud`. */
export async function restoreLocal(options: RestoreLocal): Promise<RestoreSummary> {
  const { spool, objects, selection } = options;
  const run = new RestoreRun(options);
  function* wanted(): Generator<LocalObject> {
    // Without details it shows only when it is opened whether it was asked for.
    for (const object of objects)
      if (object.details === undefined || isSelected(selection, object.details)) yield object;
  }
  const counted = await run.all(wanted(), totalOf(wanted()), (restorer, object, tools) => {
    const { objectName, details, spoolId } = object;
    const read = (): AsyncIterable<Buffer> => (spoolId === null ? gone() : spool.read(spoolId));
    return run.patiently(() =>
      restorer.restore({ objectName, details, read: () => tools.counted(read()) }, tools.isSelected),
    );
  });
  run.end([]);
  return { ...counted, chainProblems: 0, heads: [] };
}

function totalOf(objects: Iterable<{ readonly sizeBytes: number }>): {
  readonly total: number;
  readonly totalBytes: number;
} {
  let total = 0;
  let totalBytes = 0;
  for (const { sizeBytes } of objects) {
    total += 1;
    totalBytes += sizeBytes;
  }
  return { total, totalBytes };
}
