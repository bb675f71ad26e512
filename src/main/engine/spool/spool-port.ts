/**
 * The spool: sealed bytes on the local disk, one file per instance under a random id. Plaintext never gets here.
 * A file counts only when a row names it; what no row names is swept or adopted at start (recover/).
 */

import type { SpoolId } from '../model.ts';

export interface SpoolWriter {
  readonly id: SpoolId;
  /** Takes buffers over: not copied, and their memory is given back once they are written. A promise asks to wait. */
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
  /** Also succeeds when the file is already gone. */
  remove(id: SpoolId): Promise<void>;
  /** In ascending order of id; without blank files and files still being written by this process. */
  list(): AsyncIterable<{ readonly id: SpoolId; readonly sizeBytes: number }>;
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** What start-up recovery and the queue's duplicate check need beyond that. */
export interface RecoverableSpool extends Spool {
  /** A file of an earlier process, and its folder entry, to stable storage. Rejects with object-missing or disk-error. */
  flush(id: SpoolId): Promise<void>;
  /** Keeps a file that no row names and that does not open: out of the way, never listed again, not deleted. */
  setAside(id: SpoolId): Promise<void>;
}
