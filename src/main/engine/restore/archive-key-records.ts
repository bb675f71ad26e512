/** Looks for the archive key record of somebody's words below `keys/`, where anybody who may write can plant others. */
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import { cloudNames, type CloudStore, type StoredObject } from '../cloud/cloud-store.ts';
import { mapBounded } from './bounded.ts';

/** keys/archive-key-record.ts takes no longer ones. */
const maxRecordBytes = 16 * 1024;
/** Every kit of every archive has one; so many names are somebody hiding one among them. */
const maxNames = 100_000;
/** Of those that do not fit: enough to tell why. */
const maxKept = 100;
const readAhead = 8;

/** May be about one object alone (one that was moved to an archive tier, say); anything else is about the way there. */
const aboutOne: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'object-missing',
  'object-format',
  'cloud-refused',
  'cloud-server-error',
  'cloud-checksum',
]);

/** Whether a record is the one: the words open it (keys/words-records.ts). Called by itself. */
export type RecordFits = (this: void, bytes: Buffer) => boolean;

/**
 * The record that fits, alone and as soon as it is met; else the first that do not, as stored. What one of them does to
 * its reader (it is too large, gone, cannot be read) keeps nobody from the others: it is thrown at the end, if none fits.
 * Throws archive-key-missing where there are far too many; those of the store.
 */
export async function findArchiveKeyRecords(
  store: CloudStore,
  fits: RecordFits,
  signal?: AbortSignal,
): Promise<readonly Buffer[]> {
  const names: string[] = [];
  for await (const object of store.list(cloudNames.keys, signal)) {
    if (!isOfSize(object)) continue;
    if (names.length >= maxNames)
      throw new EdgeSyncError('archive-key-missing', `more than ${maxNames} objects lie below keys/`);
    names.push(object.name);
  }
  const others: Buffer[] = [];
  let failure: EdgeSyncError | undefined;
  const records = mapBounded(names, readAhead, (name) => readOne(store, name, signal));
  for await (const record of records) {
    signal?.throwIfAborted();
    if (record instanceof EdgeSyncError) failure ??= record;
    else if (fits(record)) return [record];
    else if (others.length < maxKept) others.push(record);
  }
  if (failure !== undefined) throw failure;
  return others;
}

function isOfSize({ sizeBytes }: StoredObject): boolean {
  return sizeBytes > 0 && sizeBytes <= maxRecordBytes;
}

async function readOne(
  store: CloudStore,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Buffer | EdgeSyncError> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of store.read(name, signal)) {
      bytes += chunk.length;
      if (bytes > maxRecordBytes) return new EdgeSyncError('object-format', 'the archive key record');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof EdgeSyncError && aboutOne.has(error.code)) return error;
    throw error;
  }
}
