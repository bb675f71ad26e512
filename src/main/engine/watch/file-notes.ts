/** What a search and the imports after it find out about files, gathered and written to the memory in batches. */
import { toEdgeSyncError, type EdgeSyncError } from '../../../shared/errors.ts';
import type { Logger } from '../ports.ts';
import { IdSet, type FileMemory, type FileNote, type RememberedFile } from './file-memory.ts';

/** Version of something that cannot even be looked at: a folder that cannot be listed, a link that leads nowhere. */
export const noVersion = 'unreadable';

export class FileNotes {
  readonly #memory: FileMemory;
  readonly #logger: Logger;
  #notes: FileNote[] = [];
  #seen = new IdSet();
  #newestId = 0;

  constructor(memory: FileMemory, logger: Logger) {
    this.#memory = memory;
    this.#logger = logger;
  }

  beginSearch(): void {
    this.#seen = new IdSet();
    this.#newestId = this.#memory.newestId();
  }

  /** Everything below the folder was seen: what was not is gone. */
  async endSearch(): Promise<void> {
    await this.write();
    await this.#memory.forgetUnseen((id) => this.#seen.has(id), this.#newestId);
  }

  find(path: string): RememberedFile | undefined {
    const known = this.#memory.find(path);
    if (known !== undefined) this.#seen.add(known.id);
    return known;
  }

  done(path: string, version: string, objectName: string | undefined): void {
    this.#notes.push({ tag: 'done', path, version, objectName });
  }

  /** Puts the file on the list, unless it is there already with the same cause. */
  tell(path: string, version: string, error: EdgeSyncError): void {
    const known = this.find(path);
    if (known?.code === error.code && known.version === version) return;
    this.#logger.warn('a file of a watched folder needs attention', { code: error.code });
    this.#notes.push({ tag: 'bad', path, version, code: error.code, detail: error.detail });
  }

  /** A file that only counts is listed when there is room. */
  listAnew(path: string, known: RememberedFile): void {
    if (known.code === undefined || known.isListed || !this.#memory.hasRoom()) return;
    this.#notes.push({ tag: 'bad', path, version: known.version, code: known.code, detail: undefined });
  }

  gone(path: string): Promise<void> {
    return this.#memory.forget(path);
  }

  /** What cannot be written is found again, and read again, by a later search. */
  async write(): Promise<void> {
    const notes = this.#notes;
    this.#notes = [];
    if (notes.length === 0) return;
    try {
      await this.#memory.remember(notes);
    } catch (error) {
      const { code } = toEdgeSyncError(error);
      this.#logger.error('files could not be remembered', { count: notes.length, code }, error);
    }
  }

  /** Not written: the folder went away, and what was found about it may be wrong. */
  drop(): void {
    this.#notes = [];
  }
}
