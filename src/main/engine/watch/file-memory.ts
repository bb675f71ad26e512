/** What is remembered of the files of one watched folder, over restarts too. The queue keeps it. */
import type { ErrorCode } from '../../../shared/errors.ts';

export type FileNote = { readonly path: string; readonly version: string } & (
  | {
      readonly tag: 'done';
      /** The image it holds; undefined: none, and nothing is wrong with that. */
      readonly objectName: string | undefined;
    }
  /** It needs somebody's attention. */
  | { readonly tag: 'bad'; readonly code: ErrorCode; readonly detail: string | undefined }
);

export interface RememberedFile {
  readonly id: number;
  readonly version: string;
  readonly code: ErrorCode | undefined;
  /** False for a file that only counts, since the list was full when it came. */
  readonly isListed: boolean;
}

export interface FileMemory {
  /** Device and inode of the folder itself when it was last read. */
  readonly identity: string | undefined;
  setIdentity(identity: string): Promise<void>;
  find(path: string): RememberedFile | undefined;
  remember(notes: readonly FileNote[]): Promise<void>;
  /** The file is gone. */
  forget(path: string): Promise<void>;
  /** Forgets every file with an id up to `upToId` of which `isSeen` says no. */
  forgetUnseen(isSeen: (id: number) => boolean, upToId: number): Promise<void>;
  newestId(): number;
  holdsAny(): boolean;
  /** Whether one more file that needs attention would be listed. */
  hasRoom(): boolean;
}

/** A set of ids, a bit each. */
export class IdSet {
  #bits = new Uint8Array(1024);

  add(id: number): void {
    const at = id >>> 3;
    if (at >= this.#bits.length) {
      const wider = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length));
      wider.set(this.#bits);
      this.#bits = wider;
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (id & 7));
  }

  has(id: number): boolean {
    return ((this.#bits[id >>> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }
}
