/**
 * What the lists say of each object, packed: an archive has hundreds of thousands of entries, and as objects of
 * JavaScript each takes 1.5 KB. Attributes that neighbours share (study, series, class, syntax) are kept once.
 */
import { createHash } from 'node:crypto';
import type { InstanceDetails } from '../model.ts';
import type { ManifestEntry } from '../upload/manifest.ts';

/** Two SHA-256: of the sealed bytes, of the dataset. */
const hashBytes = 64;
const firstCapacity = 1024;
/** Shared attributes are looked for among so many: entries of one series stand near each other. */
const mostRemembered = 10_000;

/** A map by object name (hex) whose values are made when they are asked for. */
export class EntryTable implements ReadonlyMap<string, ManifestEntry> {
  /** By the 32 bytes of the name, one character each. */
  readonly #rows = new Map<string, number>();
  readonly #own: string[] = [];
  readonly #shared: string[] = [];
  readonly #known = new Map<string, number>();
  #last = { text: '', index: 0 };
  #hashes = Buffer.alloc(firstCapacity * hashBytes);
  #sizes = new Float64Array(firstCapacity);
  #sharedOf = new Uint32Array(firstCapacity);
  #repairs = new Uint8Array(firstCapacity);
  #copies = new Uint16Array(firstCapacity);

  get size(): number {
    return this.#rows.size;
  }

  get(objectName: string): ManifestEntry | undefined {
    const row = this.#rows.get(packed(objectName));
    return row === undefined ? undefined : this.#entry(objectName, row);
  }

  has(objectName: string): boolean {
    return this.#rows.has(packed(objectName));
  }

  set({ objectName, sizeBytes, objectSha256, repair, details }: ManifestEntry): void {
    const key = packed(objectName);
    const row = this.#rows.get(key) ?? this.#rows.size;
    this.#reserve(row);
    this.#rows.set(key, row);
    const { sopInstanceUid, instanceNumber, datasetSha256, ...shared } = details;
    this.#hashes.write(objectSha256, row * hashBytes, 'hex');
    this.#hashes.write(datasetSha256, row * hashBytes + hashBytes / 2, 'hex');
    this.#sizes[row] = sizeBytes;
    this.#repairs[row] = repair ?? 0;
    this.#own[row] = flat(JSON.stringify([sopInstanceUid, instanceNumber]));
    this.#sharedOf[row] = this.#sharedIndex(JSON.stringify(shared));
  }

  /** Notes that a listing has shown a copy of it. `repair`: 0 for the one under its own name. */
  sawCopy(objectName: string, repair: number): void {
    const row = this.#rows.get(packed(objectName));
    if (row !== undefined) this.#copies[row] = (this.#copies[row] ?? 0) | (1 << repair);
  }

  /** Has `sawCopy` been told of this one? */
  hasSeenCopy(objectName: string, repair: number): boolean {
    const row = this.#rows.get(packed(objectName));
    return row !== undefined && ((this.#copies[row] ?? 0) & (1 << repair)) !== 0;
  }

  *keys(): MapIterator<string> {
    for (const key of this.#rows.keys()) yield unpacked(key);
  }

  *values(): MapIterator<ManifestEntry> {
    for (const [, entry] of this.entries()) yield entry;
  }

  *entries(): MapIterator<[string, ManifestEntry]> {
    for (const [key, row] of this.#rows) {
      const objectName = unpacked(key);
      yield [objectName, this.#entry(objectName, row)];
    }
  }

  [Symbol.iterator](): MapIterator<[string, ManifestEntry]> {
    return this.entries();
  }

  forEach(visit: (entry: ManifestEntry, objectName: string, map: EntryTable) => void): void {
    for (const [objectName, entry] of this) visit(entry, objectName, this);
  }

  #entry(objectName: string, row: number): ManifestEntry {
    const at = row * hashBytes;
    const [sopInstanceUid, instanceNumber] = JSON.parse(this.#own[row] ?? '[]') as [string, string | null];
    const shared = JSON.parse(this.#shared[this.#sharedOf[row] ?? 0] ?? '{}') as Omit<
      InstanceDetails,
      'sopInstanceUid' | 'datasetSha256'
    >;
    const repair = this.#repairs[row] ?? 0;
    return {
      objectName,
      sizeBytes: this.#sizes[row] ?? 0,
      objectSha256: this.#hashes.toString('hex', at, at + hashBytes / 2),
      details: {
        ...shared,
        sopInstanceUid,
        ...(instanceNumber === null ? {} : { instanceNumber }),
        datasetSha256: this.#hashes.toString('hex', at + hashBytes / 2, at + hashBytes),
      },
      ...(repair === 0 ? {} : { repair }),
    };
  }

  #sharedIndex(text: string): number {
    if (text === this.#last.text) return this.#last.index;
    const key = createHash('sha256').update(text).digest().toString('latin1');
    const index = this.#known.get(key) ?? this.#shared.push(flat(text)) - 1;
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(key, index);
    this.#last = { text, index };
    return index;
  }

  /** By half as much again: twice would cost more than it saves. */
  #reserve(row: number): void {
    if (row < this.#sizes.length) return;
    const capacity = Math.ceil(this.#sizes.length * 1.5);
    this.#hashes = grown(this.#hashes, Buffer.alloc(capacity * hashBytes));
    this.#sizes = grown(this.#sizes, new Float64Array(capacity));
    this.#sharedOf = grown(this.#sharedOf, new Uint32Array(capacity));
    this.#repairs = grown(this.#repairs, new Uint8Array(capacity));
    this.#copies = grown(this.#copies, new Uint16Array(capacity));
  }
}

function grown<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function packed(objectName: string): string {
  return Buffer.from(objectName, 'hex').toString('latin1');
}

function unpacked(key: string): string {
  return Buffer.from(key, 'latin1').toString('hex');
}

/** A string of its own, not a view of, or a chain of, larger ones. */
function flat(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
