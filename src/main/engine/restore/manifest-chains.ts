/** Reads all manifest chains below a prefix and says what is wrong with them; what is proven is used all the same. */
import { createHash } from 'node:crypto';
import { EdgeSyncError, reportFor, type ErrorReport } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore } from '../cloud/cloud-store.ts';
import { manifestEntries, maxManifestBytes, type Manifest, type ManifestEntry } from '../upload/manifest.ts';
import { parseSnapshotName } from '../upload/manifest-snapshot.ts';
import { mapBounded } from './bounded.ts';
import { EntryTable } from './entry-table.ts';
import type { RestoreKeys } from './proven-object.ts';
import { readManifest, type ReadList } from './read-manifest.ts';
import { collectParts, readSnapshot, type SnapshotFacts, type SnapshotParts } from './snapshots.ts';

/** Where one installation's chain ends: to be compared with the kit, or with what somebody remembers. */
export interface ChainHead {
  readonly installationId: string;
  readonly sequence: number;
  readonly createdAt: string;
}

export interface ChainFacts extends ChainHead {
  /** Of the newest list as it is stored, hex. */
  readonly sha256: string;
  /** Lists that lie there. */
  readonly lists: number;
  readonly entries: number;
  /** The newest whole one; null when there is none. */
  readonly snapshot: SnapshotFacts | null;
}

export interface ChainProblem {
  /** Name of the manifest. */
  readonly object: string;
  readonly report: ErrorReport;
}

export interface ManifestChains {
  /** By object name; proven by HMAC. The first entry of each, of the copy under its own name if there is one. */
  readonly entries: EntryTable;
  /** Entries of repaired copies and of what was stored anew under the own name, by object name, oldest first. */
  readonly repaired: ReadonlyMap<string, readonly ManifestEntry[]>;
  readonly heads: readonly ChainHead[];
  readonly chains: readonly ChainFacts[];
  readonly problems: readonly ChainProblem[];
}

/** newest-snapshot: as little as gives everything. everything: snapshots and lists, each compared with the other. */
export type ChainReading = 'newest-snapshot' | 'everything';

type Read = <T>(attempt: () => Promise<T>) => Promise<T>;

const namePattern = /^manifests\/([0-9a-f]{32})\/(\d{10})\.cms$/;
const readAhead = 8;
/** A list every ten minutes for nineteen years; a hostile listing could go on for ever. */
export const maxListNames = 1_000_000;
/** Ours are shorter; what is cut off here is none of them. */
const longestName = 200;
/** Whose list it is by its name in the cloud, and which; undefined for anything else. */
export function listOfName(
  name: string,
): { readonly installationId: string; readonly sequence: number } | undefined {
  const [, installationId, digits] = namePattern.exec(name.slice(0, longestName)) ?? [];
  return installationId === undefined ? undefined : { installationId, sequence: Number(digits) };
}

/** Names that are not ours, told one by one. */
const maxForeignTold = 1000;

/** `read` retries what may pass; what it throws ends the whole reading. */
export async function readManifestChains(
  store: CloudStore,
  keys: RestoreKeys,
  read: Read,
  signal?: AbortSignal,
  reading: ChainReading = 'newest-snapshot',
): Promise<ManifestChains> {
  const entries = new EntryTable();
  const repaired = new Map<string, ManifestEntry[]>();
  const onEntry = (entry: ManifestEntry): void => {
    const known = entries.get(entry.objectName);
    const isFirst = known === undefined || (known.repair !== undefined && entry.repair === undefined);
    if (isFirst) entries.set(entry);
    // A missing object that was stored again may have been sealed anew: other bytes under its own name.
    if (entry.repair !== undefined || (!isFirst && known.objectSha256 !== entry.objectSha256)) {
      const copies = repaired.get(entry.objectName) ?? [];
      if (!copies.some((one) => one.repair === entry.repair && one.objectSha256 === entry.objectSha256)) {
        repaired.set(entry.objectName, [...copies, entry]);
      }
    }
  };
  const { chains, problems } = await followChains({ store, keys, read, signal, reading, onEntry });
  const heads = chains.map(({ installationId, sequence, createdAt }) => ({
    installationId,
    sequence,
    createdAt,
  }));
  return { entries, repaired, heads, chains, problems };
}

export interface FollowOptions {
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly read: Read;
  readonly signal?: AbortSignal | undefined;
  readonly reading: ChainReading;
  /** The same entry may come twice: from a snapshot that broke off, and from the lists. */
  readonly onEntry: (entry: ManifestEntry) => void;
  /** After each list. */
  readonly onList?: () => void;
}

/** As `readManifestChains`, but keeps no entries: memory does not grow with them. */
export async function followChains(
  options: FollowOptions,
): Promise<{ readonly chains: readonly ChainFacts[]; readonly problems: readonly ChainProblem[] }> {
  const problems: ChainProblem[] = [];
  const chains: ChainFacts[] = [];
  const { lists, snapshots } = await namesByInstallation(options, problems);
  for (const [installationId, names] of lists) {
    const parts: SnapshotParts = snapshots.get(installationId) ?? new Map<number, number[]>();
    const facts = await followOne(options, installationId, names, parts, problems);
    if (facts !== undefined) chains.push(facts);
  }
  for (const [installationId, parts] of snapshots) {
    if (lists.has(installationId)) continue;
    // All lists gone, and a snapshot left: what it says is proven all the same.
    const facts = await followOne(options, installationId, [], parts, problems);
    if (facts !== undefined) chains.push(facts);
  }
  return { chains, problems };
}

async function followOne(
  options: FollowOptions,
  installationId: string,
  names: readonly ListName[],
  parts: SnapshotParts,
  problems: ChainProblem[],
): Promise<ChainFacts | undefined> {
  const { store, keys, read, signal, reading, onEntry, onList } = options;
  const chain = new Chain(installationId, problems);
  const snapshot = await newestSnapshot(options, installationId, parts, problems);
  const sums = reading === 'everything' ? new Sums(snapshot === undefined ? [] : [snapshot]) : undefined;
  // The list that the snapshot ends with is read too: its hash ties the snapshot to the chain.
  const from = reading === 'everything' || snapshot === undefined ? 1 : snapshot.facts.sequence;
  let entries = from > 1 ? (snapshot?.facts.entries ?? 0) : 0;
  if (from > 1 && snapshot !== undefined) chain.standIn(snapshot.facts, names);
  const wanted = names.filter(({ sequence }) => sequence >= from);
  const manifests = mapBounded(wanted, readAhead, async (one) => ({
    ...one,
    result: await read(() => readBounded(store, keys, one, signal)),
  }));
  for await (const { name, sequence, result } of manifests) {
    chain.add(name, sequence, result);
    onList?.();
    const isInSnapshot = from > 1 && sequence === from;
    if (result.tag === 'read' && !isInSnapshot) {
      for (const entry of manifestEntries(result.list)) {
        entries += 1;
        onEntry(entry);
        sums?.add(entry);
      }
    }
    sums?.at(sequence, chain.isWhole, (facts) => {
      const problem = `the snapshot of the lists 1 to ${facts.sequence} says something else than the lists`;
      problems.push({ object: name, report: reportFor('manifest-broken', problem) });
    });
  }
  if (snapshot !== undefined) chain.mustReach(snapshot.facts);
  const { head } = chain;
  if (head === undefined) return undefined;
  return { ...head, lists: names.length, entries, snapshot: snapshot?.facts ?? null };
}

interface KnownSnapshot {
  readonly facts: SnapshotFacts;
  readonly sum: EntrySum;
}

/** The newest one that is whole. What its parts say is taken as it is read: each is proven by itself. */
async function newestSnapshot(
  options: FollowOptions,
  installationId: string,
  parts: SnapshotParts,
  problems: ChainProblem[],
): Promise<KnownSnapshot | undefined> {
  const { store, keys, read, signal, onEntry } = options;
  for (const sequence of [...parts.keys()].sort((a, b) => b - a)) {
    const sum = new EntrySum();
    const source = { store, keys, installationId, read, signal };
    const result = await readSnapshot(source, sequence, parts.get(sequence) ?? [], (entries) => {
      for (const entry of entries) {
        sum.add(entry);
        onEntry(entry);
      }
    });
    switch (result.tag) {
      case 'whole':
        return { facts: result.facts, sum };
      case 'unfinished':
        continue;
      case 'broken':
        problems.push({ object: result.object, report: result.error.report });
    }
  }
  return undefined;
}

interface ListName {
  readonly name: string;
  readonly sequence: number;
  readonly sizeBytes: number;
}

async function namesByInstallation(
  { store, read, signal }: FollowOptions,
  problems: ChainProblem[],
): Promise<{
  readonly lists: ReadonlyMap<string, readonly ListName[]>;
  readonly snapshots: ReadonlyMap<string, SnapshotParts>;
}> {
  const objects = await read(async () => {
    const found: { readonly name: string; readonly sizeBytes: number }[] = [];
    for await (const { name, sizeBytes } of store.list(cloudNames.manifests, signal)) {
      if (found.length >= maxListNames) {
        tellOfName(problems, cloudNames.manifests, 'too many names are here; the rest is left out');
        break;
      }
      found.push({ name: name.slice(0, longestName), sizeBytes });
    }
    return found;
  });
  let foreign = 0;
  const lists = new Map<string, ListName[]>();
  for (const { name, sizeBytes } of objects) {
    const list = listOfName(name);
    if (list === undefined) {
      if (parseSnapshotName(name) === undefined) {
        foreign += 1;
        if (foreign <= maxForeignTold) tellOfName(problems, printable(name), 'it does not belong here');
      }
      continue;
    }
    const { installationId, sequence } = list;
    const chain = lists.get(installationId) ?? [];
    chain.push({ name, sequence, sizeBytes });
    lists.set(installationId, chain);
  }
  for (const chain of lists.values()) chain.sort((a, b) => a.sequence - b.sequence);
  return { lists, snapshots: collectParts(objects.map(({ name }) => name)) };
}

function tellOfName(problems: ChainProblem[], object: string, problem: string): void {
  problems.push({ object, report: reportFor('manifest-broken', problem) });
}

/** What is far too large is not even begun. */
async function readBounded(
  store: CloudStore,
  keys: RestoreKeys,
  { name, sizeBytes }: ListName,
  signal: AbortSignal | undefined,
): Promise<ReadList<Manifest>> {
  if (sizeBytes > maxManifestBytes) {
    const error = new EdgeSyncError('manifest-broken', 'it is too large');
    return { tag: 'broken', error, sha256: undefined };
  }
  return readManifest(store, keys, name, signal);
}

/** Follows one chain in order: numbers without a gap, each with the hash of the one before. */
class Chain {
  readonly #installationId: string;
  readonly #problems: ChainProblem[];
  #lastSequence = 0;
  #lastSha256: string | null | undefined = null;
  #snapshot: SnapshotFacts | undefined;
  #head: (ChainHead & { readonly sha256: string }) | undefined;
  #isWhole = true;

  constructor(installationId: string, problems: ChainProblem[]) {
    this.#installationId = installationId;
    this.#problems = problems;
  }

  get head(): (ChainHead & { readonly sha256: string }) | undefined {
    return this.#head;
  }

  /** Nothing has been missing or broken so far. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** A snapshot says what the lists up to its number said; that they still lie there is looked at by name. */
  standIn(snapshot: SnapshotFacts, names: readonly ListName[]): void {
    const { sequence, sha256, createdAt } = snapshot;
    this.#snapshot = snapshot;
    this.#head = { installationId: this.#installationId, sequence, createdAt, sha256 };
    for (const one of names) {
      if (one.sequence >= sequence) break;
      this.#gap(one.name, one.sequence);
      this.#lastSequence = one.sequence;
    }
    // The list of that number comes next, if it is there; without it, the snapshot has its hash.
    this.#lastSha256 = undefined;
    if (!names.some((one) => one.sequence === sequence)) this.mustReach(snapshot);
  }

  /** The chain was at least as long when the snapshot was made: whoever shortened it left the snapshot. */
  mustReach({ sequence, sha256, createdAt }: SnapshotFacts): void {
    if (this.#lastSequence >= sequence) return;
    this.#gap(cloudNames.manifest(this.#installationId, sequence), sequence + 1);
    this.#lastSequence = sequence;
    this.#lastSha256 = sha256;
    this.#head = { installationId: this.#installationId, sequence, createdAt, sha256 };
  }

  add(name: string, sequence: number, result: ReadList<Manifest>): void {
    const missing = this.#gap(name, sequence);
    if (result.tag === 'broken') {
      this.#isWhole = false;
      this.#problems.push({
        object: name,
        report: reportFor('manifest-broken', result.error.report.message),
      });
    } else {
      this.#follow(name, sequence, missing, result);
    }
    this.#lastSequence = sequence;
    this.#lastSha256 = result.sha256;
  }

  #follow(
    name: string,
    sequence: number,
    missing: number,
    { list, sha256 }: Extract<ReadList<Manifest>, { tag: 'read' }>,
  ): void {
    if (list.installationId !== this.#installationId || list.sequence !== sequence) {
      const claim =
        list.installationId === this.#installationId ? ` (it says it is number ${list.sequence})` : '';
      this.#tell(name, `it was moved from another place${claim}`);
      return;
    }
    this.#head = { installationId: this.#installationId, sequence, createdAt: list.createdAt, sha256 };
    const isKnown = missing === 0 && this.#lastSha256 !== undefined;
    if (isKnown && list.previousSha256 !== this.#lastSha256) {
      this.#tell(name, 'it does not follow the one before: one of them was replaced');
    }
    if (this.#snapshot?.sequence === sequence && this.#snapshot.sha256 !== sha256) {
      this.#tell(name, 'it is not the one that the snapshot of the chain was made with');
    }
  }

  /** @returns how many numbers are missing before this one. */
  #gap(name: string, sequence: number): number {
    const missing = sequence - this.#lastSequence - 1;
    if (missing > 0) {
      const from = this.#lastSequence + 1;
      this.#tell(
        name,
        missing === 1 ? `number ${from} is missing` : `numbers ${from} to ${sequence - 1} are missing`,
      );
    }
    return missing;
  }

  #tell(object: string, problem: string): void {
    this.#isWhole = false;
    this.#problems.push({ object, report: reportFor('manifest-broken', problem) });
  }
}

/** Tells two sets of entries apart without keeping either: how many, and the sum of their hashes modulo 2^256. */
class EntrySum {
  #count = 0;
  #sum = 0n;

  add({ objectName, sizeBytes, objectSha256, repair, details }: ManifestEntry): void {
    const sorted = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1));
    const line = JSON.stringify([objectName, sizeBytes, objectSha256, repair ?? 0, sorted]);
    const hash = BigInt(`0x${createHash('sha256').update(line).digest('hex')}`);
    this.#sum = (this.#sum + hash) & ((1n << 256n) - 1n);
    this.#count += 1;
  }

  get value(): string {
    return `${this.#count} ${this.#sum.toString(16)}`;
  }
}

/** The lists' running sum, compared where a snapshot ends. */
class Sums {
  readonly #snapshots: readonly KnownSnapshot[];
  readonly #lists = new EntrySum();

  constructor(snapshots: readonly KnownSnapshot[]) {
    this.#snapshots = snapshots;
  }

  add(entry: ManifestEntry): void {
    this.#lists.add(entry);
  }

  /** Only a chain without a fault up to there has to say the same. */
  at(sequence: number, isWhole: boolean, onDifference: (snapshot: SnapshotFacts) => void): void {
    const known = this.#snapshots.find(({ facts }) => facts.sequence === sequence);
    if (known !== undefined && isWhole && known.sum.value !== this.#lists.value) onDifference(known.facts);
  }
}

/** A name from the cloud, fit for a message. */
function printable(name: string): string {
  return name.slice(0, 128).replace(/[^A-Za-z0-9_./-]/g, '?');
}
