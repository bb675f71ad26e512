/** Sealed bytes on their way out, in a file of their own: never plaintext. */
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ObjectSource } from '../cloud/cloud-store.ts';
import type { Random } from '../ports.ts';

const readBytes = 1024 * 1024;

const folderName = 'share-drafts';

/** What an earlier process has left goes. Throws disk-error. */
export async function removeDrafts(dataDir: string): Promise<void> {
  await rm(join(dataDir, folderName), { recursive: true, force: true }).catch(failed);
}

/** Throws disk-error. */
export async function openDraftFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, folderName);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(failed);
  return folder;
}

export class SealedDraft {
  readonly #path: string;
  readonly #file: FileHandle;
  #sizeBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(folder: string, random: Random): Promise<SealedDraft> {
    const path = join(folder, `${random.bytes(16).toString('hex')}.tmp`);
    return new SealedDraft(path, await open(path, 'wx+', 0o600).catch(failed));
  }

  /** Empties it: another copy is tried. */
  async restart(): Promise<void> {
    await this.#file.truncate(0).catch(failed);
    this.#sizeBytes = 0;
  }

  async write(buffers: readonly Buffer[]): Promise<void> {
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length;) {
        const { bytesWritten } = await this.#file
          .write(buffer, at, buffer.length - at, this.#sizeBytes)
          .catch(failed);
        at += bytesWritten;
        this.#sizeBytes += bytesWritten;
      }
    }
  }

  get source(): ObjectSource {
    return { sizeBytes: this.#sizeBytes, read: (start) => this.#read(start) };
  }

  /** Leaves no file. Never rejects. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  async *#read(start: number): AsyncGenerator<Buffer> {
    for (let at = start; at < this.#sizeBytes;) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(readBytes, this.#sizeBytes - at));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, at).catch(failed);
      if (bytesRead === 0) throw new EdgeSyncError('disk-error');
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }
}

function failed(error: unknown): never {
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  throw new EdgeSyncError(isFull ? 'disk-full' : 'disk-error', undefined, { cause: error });
}
