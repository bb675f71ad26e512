/**
 * The spool: sealed bytes on the local disk, one file per instance under a random id. Plaintext never gets here.
 * A file counts only when a row names it; what no row names is swept or adopted at start (recover/).
 */

import type { SpoolId } from '../model.ts';

export interface SpoolWriter {
  readonly id: SpoolId;
  /** Queues buffers (not copied: leave them alone until the promise of a later call or `commit`). A promise asks to wait. */
  write(buffers: readonly Buffer[]): Promise<void> | undefined;
  /**
   * Everything is on stable storage under `id` when this resolves: file data and directory entry.
   * Rejects with EdgeSyncError disk-full or disk-error; the file is gone then.
   */
  commit(): Promise<{ readonly sizeBytes: number }>;
  /** Leaves no file behind. Never rejects. */
  discard(): Promise<void>;
}

export interface Spool {
  create(): SpoolWriter;
  /** Bytes from `start` on. Rejects with object-missing or disk-error. */
  read(id: SpoolId, start?: number): AsyncIterable<Buffer>;
  sizeBytes(id: SpoolId): Promise<number | undefined>;
  remove(id: SpoolId): Promise<void>;
  list(): AsyncIterable<{ readonly id: SpoolId; readonly sizeBytes: number }>;
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}
