import type { RestoreEvent, RestoreSelection } from '../../../shared/contract.ts';
import { EdgeSyncError, type ErrorReport } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { Clock, Logger, Random } from '../ports.ts';
import type { Spool } from '../spool/spool-port.ts';
import { forEachBounded } from './bounded.ts';
import { readManifestChains, type ChainHead } from './manifest-chains.ts';
import { isAboutTheCopy, objectOfName, readCopies } from './copies.ts';
import { ObjectRestorer, type ObjectOutcome } from './object-restorer.ts';
import type { ExpectedObject, RestoreKeys } from './proven-object.ts';
import { RestoredFiles } from './restored-files.ts';

export type { ChainHead } from './manifest-chains.ts';
export type { RestoreKeys } from './object-restorer.ts';

export interface RestoreCommon {
  readonly keys: RestoreKeys;
  readonly selection: RestoreSelection;
  /** Target folder, absolute; made when absent. */
  readonly to: string;
  readonly onEvent: (event: RestoreEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface RestoreFromCloud extends RestoreCommon {
  readonly store: CloudStore;
}

/** A row of this PC's own database. */
export interface LocalObject {
  readonly objectName: string;
  /** null when the local copy is gone. */
  readonly spoolId: SpoolId | null;
  readonly details: InstanceDetails;
}

export interface RestoreLocal extends RestoreCommon {
  readonly spool: Pick<Spool, 'read'>;
  /** Those of the selection; the callers' database filters. */
  readonly objects: Iterable<LocalObject>;
}

interface Counts {
  total: number;
  restored: number;
  skipped: number;
  missing: number;
  damaged: number;
  unproven: number;
  bytes: number;
}

export interface RestoreSummary extends Readonly<Counts> {
  /** Manifests that are missing, replaced or unreadable. */
  readonly chainProblems: number;
  readonly heads: readonly ChainHead[];
}

/** Objects under way at once: enough to fill a line, few enough for a small PC. */
const atOnce = 8;
const attempts = 6;
const firstRetryMs = 500;
const progressEveryMs = 250;

type WantedObject = ExpectedObject;

/** Brings one object back, from whichever copy fits. */
type RestoreOne<Wanted extends WantedObject = WantedObject> = (
  restorer: ObjectRestorer,
  wanted: Wanted,
  isSelected: (details: InstanceDetails) => boolean,
) => Promise<ObjectOutcome>;

/**
 * Brings back what lies below the prefix, from the cloud and the keys alone.
 * @throws EdgeSyncError what makes going on useless: cancelled, cloud-auth and the like, a cloud that stays away,
 * disk-full, disk-error. Run again, it goes on where it stopped.
 */
export async function restoreFromCloud(options: RestoreFromCloud): Promise<RestoreSummary> {
  const { store, keys, selection, signal } = options;
  const run = new RestoreRun(options);
  const patiently = <T>(attempt: () => Promise<T>): Promise<T> => run.patiently(attempt);
  const chains = await readManifestChains(store, keys, patiently, signal);
  for (const problem of chains.problems) run.problem(problem.object, problem.report);
  const unproven = await patiently(() => unnamedObjects(store, chains.entries, signal));
  const proven = [...chains.entries.values()].filter((entry) => isWanted(selection, entry.details));
  function* objects(): Generator<WantedObject> {
    for (const { objectName, details, ...sealed } of proven) yield { objectName, details, sealed };
    for (const objectName of unproven) yield { objectName, details: undefined };
  }
  const restoreOne: RestoreOne = async (restorer, wanted, isSelected) => {
    const found = await readCopies(
      store,
      wanted.objectName,
      (copy) => run.patiently(() => restorer.restore({ ...wanted, read: copy.read }, isSelected)),
      signal,
    );
    if (found.tag === 'none') throw found.error;
    return found.value;
  };
  const counted = await run.all(objects(), proven.length + unproven.length, restoreOne);
  return { ...counted, chainProblems: chains.problems.length, heads: chains.heads };
}

/** Brings back what this PC still holds; a copy that is gone counts as missing. @throws as `restoreFromCloud`. */
export async function restoreLocal(options: RestoreLocal): Promise<RestoreSummary> {
  const { spool } = options;
  const run = new RestoreRun(options);
  const objects = [...options.objects];
  const counted = await run.all(objects, objects.length, (restorer, { spoolId, ...wanted }, isSelected) =>
    run.patiently(() =>
      restorer.restore(
        { ...wanted, read: () => (spoolId === null ? gone() : spool.read(spoolId)) },
        isSelected,
      ),
    ),
  );
  return { ...counted, chainProblems: 0, heads: [] };
}

/** Records of archive keys below the prefix, as stored: one, unless several archives share it. Each is bounded. */
export async function findArchiveKeyRecords(
  store: CloudStore,
  signal?: AbortSignal,
): Promise<readonly Buffer[]> {
  const maxRecordBytes = 64 * 1024;
  const maxRecords = 100;
  const records: Buffer[] = [];
  for await (const object of store.list(cloudNames.keys, signal)) {
    if (object.sizeBytes > maxRecordBytes || records.length >= maxRecords) continue;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of store.read(object.name, signal)) {
      bytes += chunk.length;
      if (bytes > maxRecordBytes) break;
      chunks.push(chunk);
    }
    if (bytes <= maxRecordBytes) records.push(Buffer.concat(chunks));
  }
  return records;
}

class RestoreRun {
  readonly #options: RestoreCommon;
  readonly #counts: Counts = {
    total: 0,
    restored: 0,
    skipped: 0,
    missing: 0,
    damaged: 0,
    unproven: 0,
    bytes: 0,
  };
  #lastProgressMs = Number.NEGATIVE_INFINITY;

  constructor(options: RestoreCommon) {
    this.#options = options;
  }

  problem(object: string, report: ErrorReport): void {
    this.#options.onEvent({ tag: 'problem', problem: { ...report, object } });
  }

  async all<Wanted extends WantedObject>(
    objects: Iterable<Wanted>,
    total: number,
    restoreOne: RestoreOne<Wanted>,
  ): Promise<Counts> {
    this.#counts.total = total;
    this.#progress('now');
    const files = await RestoredFiles.open(this.#options.to, this.#options.random);
    try {
      const restorer = new ObjectRestorer(this.#options.keys, files);
      await forEachBounded(objects, atOnce, (object) => this.#one(restorer, object, restoreOne));
    } finally {
      await files.close();
    }
    this.#progress('now');
    return this.#counts;
  }

  /** Tries again what may pass, with growing pauses. */
  async patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const { signal, clock } = this.#options;
    for (let tried = 1; ; tried += 1) {
      if (signal.aborted) throw new EdgeSyncError('cancelled');
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof EdgeSyncError) || error.persistence !== 'transient') throw error;
        if (error.code.startsWith('disk-') || error.code === 'internal' || tried >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, firstRetryMs * 2 ** (tried - 1));
        await clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  }

  async #one<Wanted extends WantedObject>(
    restorer: ObjectRestorer,
    object: Wanted,
    restoreOne: RestoreOne<Wanted>,
  ): Promise<void> {
    const { selection, logger } = this.#options;
    try {
      const outcome = await restoreOne(restorer, object, (details) => isWanted(selection, details));
      switch (outcome.tag) {
        case 'restored':
        case 'skipped':
          this.#counts[outcome.tag] += 1;
          this.#counts.bytes += outcome.sizeBytes;
          if (object.details === undefined) this.#counts.unproven += 1;
          break;
        case 'not-selected':
          this.#counts.total -= 1;
      }
    } catch (error) {
      if (!isAboutTheCopy(error)) throw error;
      if (error.code === 'object-missing') this.#counts.missing += 1;
      else this.#counts.damaged += 1;
      logger.warn('restore.object', { object: object.objectName, code: error.code });
      this.problem(object.objectName, error.report);
    }
    this.#progress('if-due');
  }

  #progress(when: 'now' | 'if-due'): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (when === 'if-due' && nowMs - this.#lastProgressMs < progressEveryMs) return;
    this.#lastProgressMs = nowMs;
    this.#options.onEvent({ tag: 'progress', ...this.#counts });
  }
}

function isWanted(selection: RestoreSelection, identity: Pick<InstanceDetails, 'studyInstanceUid'>): boolean {
  switch (selection.tag) {
    case 'all':
      return true;
    case 'study':
      return identity.studyInstanceUid === selection.studyInstanceUid;
  }
}

/** Objects that no manifest names, each once however many copies it has. Names that are not ours are left alone. */
async function unnamedObjects(
  store: CloudStore,
  named: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { name } of store.list(cloudNames.objects, signal)) {
    const objectName = objectOfName(name)?.objectName;
    if (objectName !== undefined && !named.has(objectName)) names.add(objectName);
  }
  return [...names];
}

async function* gone(): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield* [];
  throw new EdgeSyncError('object-missing', 'no copy is left on this PC');
}
