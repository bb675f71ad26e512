import { createHash } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { ObjectSource } from './cloud-store.ts';
import { meansBlocksGone, meansExists, meansMissing } from './azure-errors.ts';

/** One request carries at most this much: also the largest object that goes as a single Put Blob. */
export const blockBytes = 4 * 1024 * 1024;
/** Azure's limit: a block blob has at most 50,000 blocks. */
const maxBlocks = 50_000;
/** Blocks of one object under way at once. */
const blocksAtOnce = 4;

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
 * Memory: at most `blocksAtOnce` + 1 blocks of `pool`.
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
  const stager = new Stager(client, staged, pool, run, options);
  const blocks = await stager.stageAll(source);
  try {
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
  } finally {
    stager.close();
  }
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

class Stager {
  readonly #client: BlockBlobClient;
  readonly #staged: ReadonlyMap<string, number>;
  readonly #pool: BufferPool;
  readonly #run: RunRequest;
  readonly #onProgress: ((confirmedBytes: number) => void) | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  /** Ends the blocks under way when one of them, or the source, has failed. */
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #onCallerAbort = (): void => this.#stop.abort();
  #failure: { readonly error: unknown } | undefined;
  #confirmedBytes = 0;

  constructor(
    client: BlockBlobClient,
    staged: ReadonlyMap<string, number>,
    pool: BufferPool,
    run: RunRequest,
    options: {
      readonly signal: AbortSignal | undefined;
      readonly onProgress: ((confirmedBytes: number) => void) | undefined;
    },
  ) {
    this.#client = client;
    this.#staged = staged;
    this.#pool = pool;
    this.#run = run;
    this.#callerSignal = options.signal;
    this.#onProgress = options.onProgress;
    options.signal?.addEventListener('abort', this.#onCallerAbort, { once: true });
  }

  async stageAll(source: ObjectSource): Promise<readonly Block[]> {
    const blocks: Block[] = [];
    try {
      for await (const block of this.#cut(source)) {
        if (this.#failure !== undefined) {
          this.#pool.give(block.buffer);
          break;
        }
        const bytes = block.buffer.subarray(0, block.sizeBytes);
        const id = blockId(blocks.length, bytes);
        blocks.push({ id, sizeBytes: block.sizeBytes });
        if (this.#staged.get(id) === block.sizeBytes) {
          this.#pool.give(block.buffer);
          this.#confirm(block.sizeBytes);
          continue;
        }
        while (this.#underWay.size >= blocksAtOnce) await Promise.race(this.#underWay);
        this.#begin(id, block.buffer, bytes);
      }
    } catch (error) {
      this.#fail(error);
    }
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) {
      this.close();
      throw this.#callerSignal?.aborted === true ? new EdgeSyncError('cancelled') : this.#failure.error;
    }
    return blocks;
  }

  close(): void {
    this.#callerSignal?.removeEventListener('abort', this.#onCallerAbort);
  }

  #begin(id: string, buffer: Buffer, bytes: Buffer): void {
    const md5 = createHash('md5').update(bytes).digest();
    const task: Promise<void> = this.#run(bytes.length, this.#stop.signal, (signal) =>
      this.#client.stageBlock(id, bytes, bytes.length, { abortSignal: signal, transactionalContentMD5: md5 }),
    )
      .then(
        () => this.#confirm(bytes.length),
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#pool.give(buffer);
        this.#underWay.delete(task);
      });
    this.#underWay.add(task);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort();
  }

  #confirm(sizeBytes: number): void {
    this.#confirmedBytes += sizeBytes;
    this.#onProgress?.(this.#confirmedBytes);
  }

  /** Cuts the source into full blocks and a rest. Each buffer belongs to the receiver, who gives it back. */
  async *#cut(source: ObjectSource): AsyncGenerator<{ readonly buffer: Buffer; readonly sizeBytes: number }> {
    let buffer = await this.#pool.take(this.#stop.signal);
    let filled = 0;
    let total = 0;
    let handedOver = false;
    try {
      for await (const chunk of source.read(0)) {
        total += chunk.length;
        if (total > source.sizeBytes) throw sizeDiffers();
        for (let at = 0; at < chunk.length;) {
          const copied = chunk.copy(buffer, filled, at);
          at += copied;
          filled += copied;
          if (filled < buffer.length) continue;
          handedOver = true;
          yield { buffer, sizeBytes: filled };
          buffer = await this.#pool.take(this.#stop.signal);
          handedOver = false;
          filled = 0;
        }
      }
      if (total !== source.sizeBytes) throw sizeDiffers();
      if (filled > 0) {
        handedOver = true;
        yield { buffer, sizeBytes: filled };
      }
    } finally {
      if (!handedOver) this.#pool.give(buffer);
    }
  }
}

/** The source broke its promise about its length: the local copy is not what was recorded. */
export function sizeDiffers(): EdgeSyncError {
  return new EdgeSyncError('object-truncated', 'its size is not the one recorded');
}
