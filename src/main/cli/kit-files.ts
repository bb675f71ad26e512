/** The files of a recovery kit: private from their first byte, never over something that is there, all or none. */
import { open, rm, type FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import type { KitFormat } from '../../shared/contract-recovery.ts';
import { EdgeSyncError } from '../../shared/errors.ts';

/** Throws usage for a name that ends otherwise. */
export function kitFormatOf(file: string): KitFormat {
  switch (extname(file).toLowerCase()) {
    case '.pdf':
      return 'pdf';
    case '.html':
    case '.htm':
      return 'html';
    default:
      throw new EdgeSyncError('usage', '--kit FILE ends with .pdf or .html');
  }
}

/** `kit.pdf` as `kit-2.pdf` */
export function shareFile(file: string, number: number): string {
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}-${number}${extension}`;
}

/**
 * Places taken before the words are made: a kit that cannot be written then is not made at all. What is left empty, or
 * written in part, goes with `discard`.
 */
export class KitFiles {
  readonly #open: Map<string, FileHandle>;

  private constructor(handles: Map<string, FileHandle>) {
    this.#open = handles;
  }

  /** Throws file-exists, file-not-writable; then none of them is left behind. */
  static async reserve(paths: readonly string[]): Promise<KitFiles> {
    const files = new KitFiles(new Map());
    try {
      for (const path of paths) files.#open.set(path, await open(path, 'wx', 0o600).catch(refused(path)));
      return files;
    } catch (error) {
      await files.discard();
      throw error;
    }
  }

  /** Throws file-not-writable; `discard` is still the caller's. */
  async write(path: string, content: string | Uint8Array): Promise<void> {
    const handle = this.#open.get(path);
    if (handle === undefined) throw new Error('write what was reserved');
    try {
      await handle.writeFile(content);
      // The words may be nowhere else.
      await handle.sync();
    } catch (error) {
      refused(path)(error);
    }
  }

  /** What was written stays. */
  async keep(): Promise<void> {
    for (const handle of this.#open.values()) await handle.close();
    this.#open.clear();
  }

  async discard(): Promise<void> {
    for (const [path, handle] of this.#open) {
      await handle.close().catch(() => undefined);
      await rm(path, { force: true });
    }
    this.#open.clear();
  }
}

function refused(path: string): (cause: unknown) => never {
  return (cause) => {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new EdgeSyncError(exists ? 'file-exists' : 'file-not-writable', path, { cause });
  };
}
