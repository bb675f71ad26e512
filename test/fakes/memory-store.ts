/** A cloud in memory whose keeper may do anything to what it holds: for what a hostile one could do to a reader. */
import { createHash } from 'node:crypto';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import type {
  CloudStore,
  ObjectSource,
  PutOutcome,
  StoredObject,
} from '../../src/main/engine/cloud/cloud-store.ts';

export class MemoryStore implements CloudStore {
  readonly kind = 'azure';
  /** By name; tests change it as they like. */
  readonly objects = new Map<string, Buffer>();
  /** Names read since it was emptied. */
  readonly reads: string[] = [];

  async putIfAbsent(name: string, source: ObjectSource): Promise<PutOutcome> {
    if (this.objects.has(name)) return { tag: 'exists' };
    const chunks: Buffer[] = [];
    for await (const chunk of source.read(0)) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    this.objects.set(name, bytes);
    return { tag: 'created', etag: etagOf(bytes), sizeBytes: bytes.length };
  }

  stat(name: string): Promise<StoredObject | undefined> {
    const bytes = this.objects.get(name);
    return Promise.resolve(
      bytes === undefined ? undefined : { name, sizeBytes: bytes.length, etag: etagOf(bytes) },
    );
  }

  async *read(name: string): AsyncGenerator<Buffer> {
    this.reads.push(name);
    const bytes = this.objects.get(name);
    await Promise.resolve();
    if (bytes === undefined) throw new EdgeSyncError('object-missing');
    for (let at = 0; at < bytes.length; at += 65_536) yield Buffer.from(bytes.subarray(at, at + 65_536));
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    await Promise.resolve();
    for (const [name, bytes] of [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (name.startsWith(prefix)) yield { name, sizeBytes: bytes.length, etag: etagOf(bytes) };
    }
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
}
