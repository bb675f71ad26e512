/** Snapshots of a chain, as they lie in the cloud: whole, unfinished or broken. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import { manifestEntries, type ManifestEntry } from '../upload/manifest.ts';
import { parseSnapshotName, snapshotName, type SnapshotPart } from '../upload/manifest-snapshot.ts';
import type { RestoreKeys } from './proven-object.ts';
import { readSnapshotPart } from './read-manifest.ts';

/** Which parts lie there, by the number of the last list they stand for. */
export type SnapshotParts = ReadonlyMap<number, readonly number[]>;

export interface SnapshotFacts {
  /** It stands for the lists 1 to this. */
  readonly sequence: number;
  /** Of the stored bytes of that list. */
  readonly sha256: string;
  readonly createdAt: string;
  readonly parts: number;
  readonly entries: number;
}

export type SnapshotRead =
  | { readonly tag: 'whole'; readonly facts: SnapshotFacts }
  /** Its last part is not there: being written, or deleted. The lists say the same. */
  | { readonly tag: 'unfinished' }
  | { readonly tag: 'broken'; readonly object: string; readonly error: EdgeSyncError };

export interface SnapshotSource {
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly installationId: string;
  /** Retries what may pass. */
  readonly read: <T>(attempt: () => Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal | undefined;
}

/** Sorts names of snapshot parts by chain and number; others are left alone. */
export function collectParts(names: Iterable<string>): Map<string, Map<number, number[]>> {
  const chains = new Map<string, Map<number, number[]>>();
  for (const name of names) {
    const parsed = parseSnapshotName(name);
    if (parsed === undefined) continue;
    const chain = chains.get(parsed.installationId) ?? new Map<number, number[]>();
    const parts = chain.get(parsed.sequence) ?? [];
    parts.push(parsed.part);
    chain.set(parsed.sequence, parts);
    chains.set(parsed.installationId, chain);
  }
  return chains;
}

/**
 * Reads one snapshot part by part, so that no more than one is in memory. `onEntries` gets entries before the snapshot
 * is known to be whole: each is proven by itself, but what is missing is known only at the end.
 */
export async function readSnapshot(
  source: SnapshotSource,
  sequence: number,
  parts: readonly number[],
  onEntries: (entries: Iterable<ManifestEntry>) => void | Promise<void> = () => undefined,
): Promise<SnapshotRead> {
  const { store, keys, installationId, read, signal } = source;
  let previousMac: string | null = null;
  let first: SnapshotPart | undefined;
  let entries = 0;
  for (const [index, part] of [...parts].sort((a, b) => a - b).entries()) {
    const object = snapshotName(installationId, sequence, part);
    const broken = (problem: string): SnapshotRead => ({
      tag: 'broken',
      object,
      error: new EdgeSyncError('manifest-broken', problem),
    });
    if (part !== index + 1) return broken('the part before it is missing');
    const result = await read(() => readSnapshotPart(store, keys, object, signal));
    if (result.tag === 'broken') return { tag: 'broken', object, error: result.error };
    const { content, mac } = result.list;
    first ??= content;
    const isMoved =
      content.installationId !== installationId || content.sequence !== sequence || content.part !== part;
    if (isMoved) return broken('it was moved from another place');
    if (content.previousMac !== previousMac || content.sha256 !== first.sha256) {
      return broken('it does not follow the part before');
    }
    const ofPart = [...manifestEntries(content)];
    entries += ofPart.length;
    if (content.entries !== entries) return broken('it does not have as many entries as it says');
    await onEntries(ofPart);
    previousMac = mac;
    if (content.position === 'last') {
      if (parts.length > part) return broken('there is something behind its last part');
      const { sha256, createdAt } = first;
      return { tag: 'whole', facts: { sequence, sha256, createdAt, parts: part, entries } };
    }
  }
  return { tag: 'unfinished' };
}
