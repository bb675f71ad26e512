/** One destination's manifests as rows of the local database. */
import type { RebuildEvent } from '../../../shared/contract-backup.ts';
import { cloudNames, maxRepairs, type CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails } from '../model.ts';
import type { Clock } from '../ports.ts';
import type { Rebuilt, RebuiltCounts, RebuiltEntry } from '../queue/rebuilt.ts';
import { readManifestChains, type ManifestChains } from '../restore/manifest-chains.ts';

/** Rows of one transaction: some 20 ms, so that receiving goes on in between. */
const rowsAtOnce = 250;
const progressEveryMs = 250;

/** The keys that manifests are read with: this installation's own, or those that come from the words. */
export type ChainKeys = Parameters<typeof readManifestChains>[1];
export type Patiently = <T>(attempt: () => Promise<T>) => Promise<T>;

export interface RebuildDeps {
  readonly destination: string;
  readonly store: CloudStore;
  readonly keys: ChainKeys;
  readonly rebuilt: Pick<Rebuilt, 'add'>;
  /** This installation's own chain is told as such. */
  readonly installationId: string;
  readonly patiently: Patiently;
  readonly onEvent: (event: RebuildEvent) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Adds a row for everything that the proven manifests of one destination name and that is not here yet. Throws
 * EdgeSyncError: cancelled, those of the store, disk-*, database-*. What was added stays; run again, it goes on.
 */
export async function rebuildFrom(deps: RebuildDeps): Promise<RebuiltCounts & { readonly images: number }> {
  const { destination, onEvent, installationId, clock, signal } = deps;
  const tell = progressOf(deps);
  const chains = await readChains(deps);
  for (const head of chains.heads) {
    onEvent({ tag: 'head', head: { ...head, destination, own: head.installationId === installationId } });
  }
  for (const { object, report } of chains.problems) {
    onEvent({ tag: 'problem', problem: { ...report, destination, object } });
  }
  const sizes = await listedSizes(deps, chains.entries, tell);
  const total = chains.entries.size;
  const sum = { added: 0, known: 0, found: 0, missing: 0 };
  const nowMs = clock.nowMs();
  let batch: RebuiltEntry[] = [];
  let done = 0;
  const write = async (): Promise<void> => {
    signal.throwIfAborted();
    const counts = deps.rebuilt.add(destination, batch);
    for (const name of ['added', 'known', 'found', 'missing'] as const) sum[name] += counts[name];
    done += batch.length;
    batch = [];
    tell('rows', done, total);
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const entry of chains.entries.values()) {
    const { objectName, details } = entry;
    // The newest repair first: it was made because what lies before it is bad.
    const copies = [...(chains.repaired.get(objectName) ?? []).toReversed(), entry];
    const there = copies.find((one) => sizes.get(objectName)?.get(one.repair ?? 0) === one.sizeBytes);
    const { sizeBytes, objectSha256, repair } = there ?? entry;
    const presence = there === undefined ? 'missing' : 'present';
    const atMs = madeAtMs(details, nowMs);
    batch.push({ objectName, sizeBytes, objectSha256, repair, details, presence, atMs });
    if (batch.length >= rowsAtOnce) await write();
  }
  if (batch.length > 0) await write();
  onEvent({ tag: 'progress', destination, step: 'rows', done, total });
  onEvent({ tag: 'destination', destination, images: total, ...sum });
  return { ...sum, images: total };
}

/** The chains below the prefix, telling how many manifests were read so far. */
export function readChains(
  deps: Pick<RebuildDeps, 'destination' | 'store' | 'keys' | 'patiently' | 'onEvent' | 'clock' | 'signal'>,
): Promise<ManifestChains> {
  const tell = progressOf(deps);
  let read = 0;
  const counting: Patiently = async (attempt) => {
    const result = await deps.patiently(attempt);
    read += 1;
    tell('manifests', read, null);
    return result;
  };
  return readManifestChains(deps.store, deps.keys, counting, deps.signal);
}

/**
 * By object name, the size of each copy by its number: 0 under its own name, else a repaired one. Only of those that the
 * lists name: whatever else somebody puts there takes no memory.
 */
async function listedSizes(
  { store, patiently, signal }: RebuildDeps,
  named: { has(objectName: string): boolean },
  tell: Tell,
): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  return patiently(async () => {
    const sizes = new Map<string, Map<number, number>>();
    let seen = 0;
    for await (const { name, sizeBytes } of store.list(cloudNames.objects, signal)) {
      const [, objectName, repair = '0'] = objectPattern.exec(name) ?? [];
      seen += 1;
      tell('objects', seen, null);
      if (objectName === undefined || Number(repair) > maxRepairs || !named.has(objectName)) continue;
      const copies = sizes.get(objectName);
      if (copies === undefined) sizes.set(objectName, new Map([[Number(repair), sizeBytes]]));
      else copies.set(Number(repair), sizeBytes);
    }
    return sizes;
  });
}

const objectPattern = /^objects\/[0-9a-f]{2}\/([0-9a-f]{64})(?:\.r(\d))?\.cms$/;

/**
 * When the study was made, for its place in the list: the manifests say when an image was stored, not when it was
 * received here. Dates of the future and unreadable ones count as now.
 */
export function madeAtMs(details: Pick<InstanceDetails, 'studyDate' | 'studyTime'>, nowMs: number): number {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})/.exec(details.studyDate ?? '') ?? [];
  if (year === undefined) return nowMs;
  const [, hour = '0', minute = '0'] = /^(\d{2}):?(\d{2})/.exec(details.studyTime ?? '') ?? [];
  const madeMs = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  return Number.isFinite(madeMs) && madeMs > 0 && madeMs < nowMs ? madeMs : nowMs;
}

type Tell = (step: 'manifests' | 'objects' | 'rows', done: number, total: number | null) => void;

function progressOf({
  destination,
  onEvent,
  clock,
}: Pick<RebuildDeps, 'destination' | 'onEvent' | 'clock'>): Tell {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (step, done, total) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs < progressEveryMs) return;
    lastMs = nowMs;
    onEvent({ tag: 'progress', destination, step, done, total });
  };
}
