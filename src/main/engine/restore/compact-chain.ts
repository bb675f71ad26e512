/**
 * Writes a snapshot of this installation's own chain, by reading back what lies in the cloud: the newest whole snapshot,
 * then the lists after it. One part is in memory at a time, however long the chain. The lists stay as they are.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import { manifestEntries, type ManifestEntry } from '../upload/manifest.ts';
import {
  encodeSnapshotPart,
  macOf,
  maxSnapshotEntries,
  snapshotName,
  snapshotPrefix,
  type SnapshotHeader,
} from '../upload/manifest-snapshot.ts';
import { sealBytes, wholeSource } from '../upload/manifest-writer.ts';
import type { RestoreKeys } from './proven-object.ts';
import { readManifest, readSnapshotPart } from './read-manifest.ts';
import { collectParts, readSnapshot, type SnapshotFacts, type SnapshotSource } from './snapshots.ts';

export interface CompactOptions {
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly sealers: SealerFactory;
  readonly installationId: string;
  readonly archiveId: string;
  /** N: the snapshot stands for the lists 1 to N. */
  readonly upTo: number;
  readonly read: <T>(attempt: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal;
  /** Default 5,000; the same for one chain, else an interrupted snapshot cannot be gone on with. */
  readonly entriesPerPart?: number;
}

/**
 * Resolves with what now lies there; an earlier, interrupted attempt is gone on with.
 * @throws EdgeSyncError `manifest-broken`: the chain is not whole up to N, or something else lies under a part's name;
 * those of the store; cancelled.
 */
export async function compactChain(options: CompactOptions): Promise<SnapshotFacts> {
  const { store, installationId, upTo, read, signal } = options;
  const names = await read(async () => {
    const found: string[] = [];
    for await (const { name } of store.list(snapshotPrefix(installationId), signal)) found.push(name);
    return found;
  });
  const parts = collectParts(names).get(installationId) ?? new Map<number, number[]>();
  const base = await wholeUpTo(options, parts);
  if (base?.sequence === upTo) return base;
  const writer = new PartWriter(options);
  writer.begin(await hashOf(options, upTo, base));
  if (base !== undefined) {
    await readSnapshot(sourceOf(options), base.sequence, parts.get(base.sequence) ?? [], (entries) =>
      writer.addAll(entries),
    );
  }
  for await (const entries of listsAfter(options, base)) await writer.addAll(entries);
  return writer.end();
}

function sourceOf({ store, keys, installationId, read, signal }: CompactOptions): SnapshotSource {
  return { store, keys, installationId, read, signal };
}

/** The newest whole snapshot at or before N, read to its end once before anything is built on it. */
async function wholeUpTo(
  options: CompactOptions,
  parts: ReadonlyMap<number, readonly number[]>,
): Promise<SnapshotFacts | undefined> {
  const known = [...parts.keys()].filter((sequence) => sequence <= options.upTo).sort((a, b) => b - a);
  for (const sequence of known) {
    const result = await readSnapshot(sourceOf(options), sequence, parts.get(sequence) ?? []);
    if (result.tag === 'whole') return result.facts;
  }
  return undefined;
}

interface EndOfChain {
  readonly sha256: string;
  readonly createdAt: string;
}

/** The hash of list N stands in every part, so the chain is followed once before the first is written. */
async function hashOf(
  options: CompactOptions,
  upTo: number,
  base: SnapshotFacts | undefined,
): Promise<EndOfChain> {
  let end: EndOfChain | undefined;
  for await (const list of chainAfter(options, base)) end = list;
  if (end === undefined) throw new EdgeSyncError('manifest-broken', `there is no list ${upTo}`);
  return end;
}

async function* listsAfter(
  options: CompactOptions,
  base: SnapshotFacts | undefined,
): AsyncGenerator<readonly ManifestEntry[]> {
  for await (const { entries } of chainAfter(options, base)) yield entries;
}

/** Lists behind the base up to N, each proven to follow the one before. @throws EdgeSyncError `manifest-broken`. */
async function* chainAfter(
  { store, keys, installationId, upTo, read, signal }: CompactOptions,
  base: SnapshotFacts | undefined,
): AsyncGenerator<EndOfChain & { readonly entries: readonly ManifestEntry[] }> {
  let previous: string | null = base?.sha256 ?? null;
  for (let sequence = (base?.sequence ?? 0) + 1; sequence <= upTo; sequence += 1) {
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    const name = cloudNames.manifest(installationId, sequence);
    const result = await read(() => readManifest(store, keys, name, signal));
    if (result.tag === 'broken') throw result.error;
    const { list, sha256 } = result;
    const fits =
      list.installationId === installationId &&
      list.sequence === sequence &&
      list.previousSha256 === previous;
    if (!fits) throw new EdgeSyncError('manifest-broken', `list ${sequence} does not follow the one before`);
    yield { sha256, createdAt: list.createdAt, entries: [...manifestEntries(list)] };
    previous = sha256;
  }
}

/** Cuts the entries into parts and stores each, create-only. */
class PartWriter {
  readonly #options: CompactOptions;
  #end: EndOfChain = { sha256: '', createdAt: '' };
  #waiting: ManifestEntry[] = [];
  #part = 0;
  #entries = 0;
  #previousMac: string | null = null;

  constructor(options: CompactOptions) {
    this.#options = options;
  }

  begin(end: EndOfChain): void {
    this.#end = { sha256: end.sha256, createdAt: end.createdAt };
  }

  async addAll(entries: Iterable<ManifestEntry>): Promise<void> {
    const { entriesPerPart = maxSnapshotEntries } = this.#options;
    for (const entry of entries) {
      // A full part is written only when one more entry shows that it is not the last.
      if (this.#waiting.length >= entriesPerPart) await this.#write('more');
      this.#waiting.push(entry);
    }
  }

  async end(): Promise<SnapshotFacts> {
    await this.#write('last');
    const { upTo } = this.#options;
    return { sequence: upTo, ...this.#end, parts: this.#part, entries: this.#entries };
  }

  async #write(position: SnapshotHeader['position']): Promise<void> {
    const { store, keys, sealers, installationId, archiveId, upTo, read, signal } = this.#options;
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    this.#part += 1;
    this.#entries += this.#waiting.length;
    const header: SnapshotHeader = {
      installationId,
      archiveId,
      sequence: upTo,
      ...this.#end,
      part: this.#part,
      previousMac: this.#previousMac,
      entries: this.#entries,
      position,
    };
    const content = encodeSnapshotPart(header, this.#waiting, (bytes) => keys.manifestMac(bytes));
    this.#waiting = [];
    this.#previousMac = macOf(content);
    const name = snapshotName(installationId, upTo, this.#part);
    const sealed = sealBytes(sealers, content);
    const outcome = await read(() => store.putIfAbsent(name, wholeSource(sealed), { signal }));
    if (outcome.tag === 'created') return;
    // Of an earlier attempt: it says exactly the same, or it is none of ours.
    const found = await read(() => readSnapshotPart(store, keys, name, signal));
    if (found.tag === 'broken' || found.list.mac !== this.#previousMac) {
      throw new EdgeSyncError('manifest-broken', `something else lies under ${name}`);
    }
  }
}
