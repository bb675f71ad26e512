/** Reads one list, or one part of a snapshot, from a cloud that may hold anything under its name. */
import { createHash } from 'node:crypto';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import { decodeManifest, maxManifestBytes, type Manifest } from '../upload/manifest.ts';
import { decodeSnapshotPart, macOf, type SnapshotPart } from '../upload/manifest-snapshot.ts';
import type { RestoreKeys } from './proven-object.ts';

export type ReadList<T> =
  | { readonly tag: 'read'; readonly list: T; readonly sha256: string }
  /** `sha256` of what lies there; undefined when that is too large to be read at all. */
  | { readonly tag: 'broken'; readonly error: EdgeSyncError; readonly sha256: string | undefined };

/** @throws what the store throws (object-missing for an absent name). */
export function readManifest(
  store: CloudStore,
  keys: RestoreKeys,
  name: string,
  signal?: AbortSignal,
): Promise<ReadList<Manifest>> {
  return readProven(store, keys, name, (content) => decodeManifest(content, macWith(keys)), signal);
}

export interface ReadSnapshotPart {
  readonly content: SnapshotPart;
  /** HMAC of this part: stands in the next one. */
  readonly mac: string;
}

/** @throws as `readManifest`. */
export function readSnapshotPart(
  store: CloudStore,
  keys: RestoreKeys,
  name: string,
  signal?: AbortSignal,
): Promise<ReadList<ReadSnapshotPart>> {
  const decode = (content: Buffer): ReadSnapshotPart => ({
    content: decodeSnapshotPart(content, macWith(keys)),
    mac: macOf(content),
  });
  return readProven(store, keys, name, decode, signal);
}

function macWith(keys: RestoreKeys): (bytes: Uint8Array) => Buffer {
  return (bytes) => keys.manifestMac(bytes);
}

/** Sealed bytes of the longest content, with head, tag and segment headers. */
const maxSealedBytes = maxManifestBytes + 1024 * 1024;

async function readProven<T>(
  store: CloudStore,
  keys: RestoreKeys,
  name: string,
  decode: (content: Buffer) => T,
  signal: AbortSignal | undefined,
): Promise<ReadList<T>> {
  const hash = createHash('sha256');
  const opener = keys.openers.create();
  const content: Buffer[] = [];
  let sealedBytes = 0;
  let broken: EdgeSyncError | undefined;
  for await (const chunk of store.read(name, signal)) {
    sealedBytes += chunk.length;
    // Not even its hash is worth reading on for.
    if (sealedBytes > maxSealedBytes) return { tag: 'broken', error: tooLarge(), sha256: undefined };
    hash.update(chunk);
    if (broken !== undefined) continue;
    try {
      content.push(...opener.push(chunk));
    } catch (error) {
      broken = toEdgeSyncError(error);
      content.length = 0;
    }
  }
  const sha256 = hash.digest('hex');
  try {
    if (broken !== undefined) throw broken;
    opener.end();
    return { tag: 'read', list: decode(Buffer.concat(content)), sha256 };
  } catch (error) {
    return { tag: 'broken', error: toEdgeSyncError(error), sha256 };
  }
}

function tooLarge(): EdgeSyncError {
  return new EdgeSyncError('manifest-broken', 'it is too large');
}
