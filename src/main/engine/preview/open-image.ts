/** One image's file in memory, proven: from the copy of this PC, or from the first good one of a cloud. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { maxPreviewFileBytes } from '../../../shared/preview-wire.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { StudyImageRow } from '../queue/study-detail.ts';
import { readCopies } from '../restore/copies.ts';
import { openProven, type ExpectedObject, type RestoreKeys } from '../restore/proven-object.ts';
import type { Spool } from '../spool/spool-port.ts';

export interface OpenImageDeps {
  readonly keys: RestoreKeys;
  readonly spool: Pick<Spool, 'read'>;
  /** The archive's destinations, those that count as safe first; a connection of its own each time. */
  readonly stores: readonly (() => Promise<CloudStore>)[];
}

/** Head and tags of a sealed object beside the file in it. */
const sealedSlackBytes = 1024 * 1024;

/**
 * The pieces of the Part 10 file.
 * Throws preview-not-here (no copy on this PC), preview-too-large, object-*, cloud-*, no-destination, cancelled.
 */
export async function openImage(
  image: StudyImageRow,
  from: 'here' | 'cloud',
  deps: OpenImageDeps,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  if (image.sizeBytes > maxPreviewFileBytes + sealedSlackBytes) throw new EdgeSyncError('preview-too-large');
  const expected: ExpectedObject = {
    objectName: image.objectName,
    details: image.details,
    maxSealedBytes: maxPreviewFileBytes + 2 * sealedSlackBytes,
  };
  const { spoolId } = image;
  if (from === 'here') {
    if (spoolId === null) throw new EdgeSyncError('preview-not-here');
    return collect(deps.spool.read(spoolId), expected, deps, signal);
  }
  return fromCloud(expected, deps, signal);
}

async function fromCloud(
  expected: ExpectedObject,
  deps: OpenImageDeps,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  let failure = new EdgeSyncError('no-destination');
  for (const connect of deps.stores) {
    let store: CloudStore | undefined;
    try {
      store = await connect();
      const found = await readCopies(
        store,
        expected.objectName,
        ({ read }) => collect(read(), expected, deps, signal),
        signal,
      );
      if (found.tag === 'read') return found.value;
      failure = found.error;
    } catch (error) {
      if (!(error instanceof EdgeSyncError) || !error.code.startsWith('cloud-')) throw error;
      failure = error;
    } finally {
      await store?.close();
    }
  }
  throw failure;
}

async function collect(
  chunks: AsyncIterable<Buffer>,
  expected: ExpectedObject,
  { keys }: OpenImageDeps,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  await openProven(chunks, expected, keys, (plaintext) => {
    if (signal.aborted) throw new EdgeSyncError('cancelled');
    for (const piece of plaintext) {
      sizeBytes += piece.length;
      if (sizeBytes > maxPreviewFileBytes) throw new EdgeSyncError('preview-too-large');
      pieces.push(piece);
    }
    return Promise.resolve();
  });
  return pieces;
}
