/** The configuration file and, beside it, what it was before the last change. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { z } from 'zod';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';
import { readFileBounded, writeFileDurably } from './system/durable-file.ts';
import {
  longestConfigBytes,
  readSettingsBytes,
  treeOf,
  type SettingsTree,
} from './system/settings-source.ts';

/** The file as it was found. */
export interface FoundFile {
  /** SHA-256 of its bytes, hexadecimal; `none` when there is no file. */
  readonly revision: string;
  readonly bytes: Buffer | undefined;
}

const undoSchema = z.strictObject({
  version: z.literal(1),
  at: z.iso.datetime(),
  keys: z.array(z.string().max(200)).max(500),
  /** The file's text before the change; null: there was none. */
  before: z.string().max(longestConfigBytes).nullable(),
  afterRevision: z.string().max(64),
});
export type UndoStep = z.infer<typeof undoSchema>;

export class SettingsFile {
  readonly path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** Throws config-not-readable. */
  async read(): Promise<FoundFile> {
    const bytes = await readSettingsBytes(this.path);
    return { revision: revisionOf(bytes), bytes };
  }

  /** Throws config-not-json. A missing file is an empty configuration. */
  tree({ bytes }: FoundFile): SettingsTree {
    return bytes === undefined ? {} : treeOf(bytes, this.path);
  }

  /** Replaces the file whole, for this user alone (0600). Throws data-dir-not-writable, disk-full, disk-error. */
  async write(bytes: Buffer | undefined): Promise<FoundFile> {
    if (bytes === undefined) {
      await rm(this.path, { force: true });
    } else {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await writeFileDurably(this.path, bytes, { clock: this.#clock, mode: 0o600 });
    }
    return { revision: revisionOf(bytes), bytes };
  }

  /** undefined when there is none, or it cannot be used: then the last change cannot be taken back, that is all. */
  async readUndo(): Promise<UndoStep | undefined> {
    try {
      // JSON escapes can make a text six times as long.
      const bytes = await readFileBounded(
        this.#undoPath,
        8 * longestConfigBytes,
        () => new EdgeSyncError('config-no-undo'),
      );
      if (bytes === undefined) return undefined;
      const parsed = undoSchema.safeParse(JSON.parse(bytes.toString('utf8')));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async writeUndo(step: UndoStep): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeFileDurably(this.#undoPath, Buffer.from(`${JSON.stringify(step)}\n`), {
      clock: this.#clock,
      mode: 0o600,
    });
  }

  get #undoPath(): string {
    return join(dirname(this.path), `${basename(this.path, '.json')}.previous.json`);
  }
}

export function bytesOfTree(tree: SettingsTree): Buffer {
  return Buffer.from(`${JSON.stringify(tree, undefined, 2)}\n`);
}

export function revisionOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'none' : createHash('sha256').update(bytes).digest('hex');
}
