import { open, rm, type FileHandle } from 'node:fs/promises';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { releaseMemory } from '../system/release-memory.ts';

/** Gathered to this much before a write: one system call for many decrypted segments. */
const writeBytes = 1024 * 1024;

/** A new file for the own user alone. @throws EdgeSyncError disk-full, disk-error. */
export async function createUnfinishedFile(path: string): Promise<UnfinishedFile> {
  try {
    return new UnfinishedFile(path, await open(path, 'wx', 0o600));
  } catch (error) {
    throw diskError(error);
  }
}

/** A file that is being written, under a name that says so. */
export class UnfinishedFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #isOpen = true;

  constructor(file: string, handle: FileHandle) {
    this.path = file;
    this.#handle = handle;
  }

  /** The buffers belong to the file from here on: their memory is given back as soon as they are written. */
  async write(buffers: readonly Buffer[]): Promise<void> {
    for (const buffer of buffers) {
      this.#gathered.push(buffer);
      this.#gatheredBytes += buffer.length;
    }
    if (this.#gatheredBytes >= writeBytes) await this.#flush();
  }

  /** All is written, and nothing has to last. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#close();
  }

  /** All is written and on stable storage. */
  async finish(): Promise<void> {
    await this.#flush();
    try {
      await this.#handle.sync();
    } catch (error) {
      throw diskError(error);
    }
    await this.#close();
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.path, { force: true });
  }

  async #flush(): Promise<void> {
    const buffers = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (buffers.length === 0) return;
    const bytes = Buffer.concat(buffers);
    for (const buffer of buffers) releaseMemory(buffer);
    try {
      for (let at = 0; at < bytes.length;) at += (await this.#handle.write(bytes, at)).bytesWritten;
    } catch (error) {
      throw diskError(error);
    } finally {
      releaseMemory(bytes);
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

/** The system's code (ENOENT and the like). */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** What went wrong with the disk: disk-full or disk-error. */
export function diskError(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = codeOf(error);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new EdgeSyncError(isFull ? 'disk-full' : 'disk-error', code, { cause: error });
}
