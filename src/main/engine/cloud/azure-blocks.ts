import { createHash } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { ObjectSource } from './cloud-store.ts';
import { meansBlocksGone, meansExists, meansMissing } from './azure-errors.ts';
import { PartStager, type PartSink } from './part-stager.ts';

/** One request carries at most this much: also the largest object that goes as a single Put Blob. */
export const blockBytes = 4 * 1024 * 1024;
/** Azure's limit: a block blob has at most 50,000 blocks. */
const maxBlocks = 50_000;

/** Runs one request with a deadline for `sizeBytes` of payload; maps what it throws. */
export type RunRequest = <T>(
  sizeBytes: number,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

interface Block {
  readonly id: string;
  readonly sizeBytes: number;
}

export type CommitOutcome = { readonly tag: 'created'; readonly etag: string } | { readonly tag: 'exists' };

/**
 * Id of the block at `index` with these bytes: its place (4 bytes) and the first 20 bytes of its SHA-256, as base64.
 * Made of the content, it is the same in every attempt, and a block left by an attempt with other bytes (a second PC,
 * an object sealed anew) has another id: it can never get into this object.
 */
export function blockId(index: number, bytes: Uint8Array): string {
  const id = Buffer.alloc(24);
  id.writeUInt32BE(index, 0);
  createHash('sha256').update(bytes).digest().copy(id, 4, 0, 20);
  return id.toString('base64');
}

/**
 * Uploads an object in blocks, create-only: stages what is not there yet, commits, and reads the committed list back.
 * The service checks an MD5 for each block; the ids in the committed list say which bytes lie where.
 */
export async function putInBlocks(
  client: BlockBlobClient,
  source: ObjectSource,
  pool: BufferPool,
  run: RunRequest,
  options: {
    readonly contentType: string;
    readonly signal: AbortSignal | undefined;
    readonly onProgress: ((confirmedBytes: number) => void) | undefined;
  },
): Promise<CommitOutcome> {
  if (source.sizeBytes > maxBlocks * blockBytes) {
    throw new EdgeSyncError('cloud-refused', 'the object is larger than a block blob can be');
  }
  const staged = await stagedBlocks(client, run, options.signal);
  const sink: PartSink<Block> = {
    held: (index, bytes) => {
      const id = blockId(index, bytes);
      return staged.get(id) === bytes.length ? { id, sizeBytes: bytes.length } : undefined;
    },
    send: async (index, bytes, stop) => {
      const id = blockId(index, bytes);
      const md5 = createHash('md5').update(bytes).digest();
      await run(bytes.length, stop, (signal) =>
        client.stageBlock(id, bytes, bytes.length, { abortSignal: signal, transactionalContentMD5: md5 }),
      );
      return { id, sizeBytes: bytes.length };
    },
  };
  const blocks = await new PartStager(sink, pool, options).stageAll(source);
  const committed = await run(0, options.signal, (signal) =>
    client
      .commitBlockList(
        blocks.map((block) => block.id),
        {
          abortSignal: signal,
          conditions: { ifNoneMatch: '*' },
          blobHTTPHeaders: { blobContentType: options.contentType },
        },
      )
      .catch((error: unknown) => {
        if (meansExists(error) || meansBlocksGone(error)) return undefined;
        throw error;
      }),
  );
  if (committed === undefined) return { tag: 'exists' };
  const etag = await provenEtag(client, blocks, source.sizeBytes, run, options.signal);
  if (etag !== bareEtag(committed.etag))
    throw new EdgeSyncError('cloud-checksum', 'the etag changed at once');
  return { tag: 'created', etag };
}

/** Etags come quoted in headers and bare in listings; we keep them bare. */
export function bareEtag(etag: string | undefined): string {
  return etag === undefined ? '' : etag.replace(/^(W\/)?"(.*)"$/, '$2');
}

async function stagedBlocks(
  client: BlockBlobClient,
  run: RunRequest,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const answer = await run(0, signal, (abortSignal) =>
    client.getBlockList('uncommitted', { abortSignal }).catch((error: unknown) => {
      if (meansMissing(error)) return undefined;
      throw error;
    }),
  );
  return new Map((answer?.uncommittedBlocks ?? []).map((block) => [block.name, block.size]));
}

/** Compares the committed list with what was meant; the etag it belongs to. */
async function provenEtag(
  client: BlockBlobClient,
  blocks: readonly Block[],
  sizeBytes: number,
  run: RunRequest,
  signal: AbortSignal | undefined,
): Promise<string> {
  const answer = await run(0, signal, (abortSignal) => client.getBlockList('committed', { abortSignal }));
  const committed = answer.committedBlocks ?? [];
  const same =
    committed.length === blocks.length &&
    committed.every(
      (block, index) => block.name === blocks[index]?.id && block.size === blocks[index].sizeBytes,
    );
  const length = answer.blobContentLength;
  if (!same || (length !== undefined && length !== sizeBytes)) {
    throw new EdgeSyncError('cloud-checksum', 'the committed list of blocks is not the one that was sent');
  }
  return bareEtag(answer.etag);
}
