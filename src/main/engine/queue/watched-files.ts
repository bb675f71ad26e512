/**
 * The files of watched folders: which are taken, so that a restart does not read them again, and which need attention.
 * Paths are HMACs, and sealed where they are shown.
 */
import type Database from 'better-sqlite3';
import type { ErrorCode } from '../../../shared/errors.ts';
import { errorCodeOf } from './destinations.ts';
import { fromHex, nextTurn, shortDetail, type QueueCore } from './queue-core.ts';
import type { IncidentRow } from './queue-types.ts';

/** Paths kept for showing. More files only count: nobody reads a longer list, and no sender of files can fill the disk. */
export const mostListed = 10_000;
/** Rows looked at between two turns of the event loop. */
const pageRows = 1000;
const lookupBytes = 16;
const pathPlace = 'watched_file.path';

/** One version of one file. */
export type FileNote = { readonly path: string; readonly version: string } & (
  | { readonly tag: 'done'; readonly objectName: string | undefined }
  | { readonly tag: 'bad'; readonly code: ErrorCode; readonly detail: string | undefined }
);

export interface RememberedFile {
  readonly id: number;
  readonly version: string;
  /** Why it needs attention; undefined: it is done with. */
  readonly code: ErrorCode | undefined;
  /** It only counts: the list was full when it came. */
  readonly isListed: boolean;
}

export interface AttentionFile {
  readonly id: number;
  readonly folder: string;
  readonly path: string;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

interface Summary {
  readonly count: number;
  readonly newest: number | null;
  readonly first_at: number | null;
  readonly last_at: number | null;
}

interface FileRow {
  readonly id: number;
  readonly version: string;
  readonly code: string | null;
  readonly listed: number;
}

interface OpenRow {
  readonly id: number;
  readonly code: string;
  readonly detail: string | null;
  readonly path: Buffer;
  readonly first_at: number;
  readonly last_at: number;
}

export class WatchedFiles {
  readonly #core: QueueCore;
  readonly #folder: Database.Statement<
    [Buffer],
    { id: number; after_import: string; identity: string | null }
  >;
  readonly #addFolder: Database.Statement<[Buffer, string]>;
  readonly #setAfterImport: Database.Statement<[string, number]>;
  readonly #setIdentity: Database.Statement<[string, number]>;
  readonly #folders: Database.Statement<[], { id: number; path_lookup: Buffer }>;
  readonly #dropFolder: Database.Statement<[number]>;
  readonly #dropFilesOf: Database.Statement<[number]>;
  readonly #dropFile: Database.Statement<[number]>;
  readonly #find: Database.Statement<[number, Buffer], FileRow>;
  readonly #anyOf: Database.Statement<[number], number>;
  readonly #idsOf: Database.Statement<[number, number, number], number>;
  readonly #newestId: Database.Statement<[], number | null>;
  readonly #newest: Database.Statement<[], number | null>;
  readonly #put: Database.Statement;
  readonly #bad: Database.Statement<[number], number>;
  readonly #summary: Database.Statement<[number], Summary>;
  readonly #open: Database.Statement<[number], OpenRow>;
  readonly #dismissUpTo: Database.Statement<[number, number]>;
  readonly #dismissOne: Database.Statement<[number, number]>;
  readonly #againAll: Database.Statement<[]>;
  readonly #againOne: Database.Statement<[number]>;
  /** What the status says of it, until the next write. */
  #shown: Summary | undefined;

  constructor(core: QueueCore) {
    this.#core = core;
    core.onUndo(() => (this.#shown = undefined));
    const isOpen = 'code IS NOT NULL AND dismissed_at IS NULL';
    this.#folder = core.prepare(
      'SELECT id, after_import, identity FROM watched_folder WHERE path_lookup = ?',
    );
    this.#addFolder = core.prepare('INSERT INTO watched_folder (path_lookup, after_import) VALUES (?, ?)');
    this.#setAfterImport = core.prepare('UPDATE watched_folder SET after_import = ? WHERE id = ?');
    this.#setIdentity = core.prepare('UPDATE watched_folder SET identity = ? WHERE id = ?');
    this.#folders = core.prepare('SELECT id, path_lookup FROM watched_folder');
    this.#dropFolder = core.prepare('DELETE FROM watched_folder WHERE id = ?');
    this.#dropFilesOf = core.prepare('DELETE FROM watched_file WHERE folder_id = ?');
    this.#dropFile = core.prepare('DELETE FROM watched_file WHERE id = ?');
    this.#find = core.prepare(
      `SELECT id, version, code, path IS NOT NULL AS listed FROM watched_file
         WHERE folder_id = ? AND path_lookup = ?`,
    );
    this.#anyOf = core
      .prepare<[number], number>('SELECT 1 FROM watched_file WHERE folder_id = ? LIMIT 1')
      .pluck();
    this.#idsOf = core
      .prepare<[number, number, number], number>(
        'SELECT id FROM watched_file WHERE folder_id = ? AND id > ? ORDER BY id LIMIT ?',
      )
      .pluck();
    this.#newestId = core.prepare<[], number | null>('SELECT max(id) FROM watched_file').pluck();
    this.#newest = core
      .prepare<[], number | null>('SELECT max(sequence) FROM watched_file WHERE code IS NOT NULL')
      .pluck();
    this.#put = core.prepare(
      `INSERT INTO watched_file (folder_id, path_lookup, version, object_name, code, detail, path, sequence,
         first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (folder_id, path_lookup) DO UPDATE SET
           version = excluded.version, object_name = excluded.object_name, detail = excluded.detail,
           path = excluded.path, sequence = excluded.sequence, last_at = excluded.last_at,
           first_at = iif(code IS excluded.code, first_at, excluded.first_at),
           dismissed_at = iif(code IS excluded.code AND version = excluded.version, dismissed_at, NULL),
           code = excluded.code`,
    );
    this.#bad = core
      .prepare<[number], number>(
        'SELECT count(*) FROM (SELECT 1 FROM watched_file WHERE code IS NOT NULL LIMIT ?)',
      )
      .pluck();
    this.#summary = core.prepare(
      `SELECT count(*) AS count, max(sequence) AS newest, min(first_at) AS first_at, max(last_at) AS last_at
         FROM (SELECT sequence, first_at, last_at FROM watched_file INDEXED BY watched_file_open
           WHERE ${isOpen} ORDER BY sequence DESC LIMIT ?)`,
    );
    this.#open = core.prepare(
      `SELECT id, code, detail, path, first_at, last_at FROM watched_file INDEXED BY watched_file_open
         WHERE ${isOpen} AND path IS NOT NULL ORDER BY sequence DESC LIMIT ?`,
    );
    this.#dismissUpTo = core.prepare(
      `UPDATE watched_file SET dismissed_at = ? WHERE ${isOpen} AND sequence <= ?`,
    );
    this.#dismissOne = core.prepare(`UPDATE watched_file SET dismissed_at = ? WHERE id = ? AND ${isOpen}`);
    this.#againAll = core.prepare(`UPDATE watched_file SET version = '' WHERE sequence > 0 AND ${isOpen}`);
    this.#againOne = core.prepare(`UPDATE watched_file SET version = '' WHERE id = ? AND code IS NOT NULL`);
  }

  /**
   * What is remembered of one watched folder (its absolute path). With another `afterImport` than before nothing is,
   * since files taken under the old setting were recorded otherwise.
   */
  folder(path: string, afterImport: 'keep' | 'delete'): WatchedFolder {
    const key = this.#core.ports.sealer.lookup('watched-folder', path);
    const known = this.#core.read(() => this.#folder.get(key));
    if (known?.after_import === afterImport) {
      return new WatchedFolder(this, path, known.id, known.identity ?? undefined);
    }
    const id = this.#writeNow(() => {
      if (known === undefined) return Number(this.#addFolder.run(key, afterImport).lastInsertRowid);
      this.#dropFilesOf.run(known.id);
      this.#setAfterImport.run(afterImport, known.id);
      return known.id;
    });
    return new WatchedFolder(this, path, id, known?.identity ?? undefined);
  }

  /** Folders that are watched no more are forgotten, with what needed attention in them. */
  keepFolders(paths: readonly string[]): void {
    const { sealer } = this.#core.ports;
    const kept = new Set(paths.map((path) => sealer.lookup('watched-folder', path).toString('hex')));
    const gone = this.#core
      .read(() => this.#folders.all())
      .filter(({ path_lookup }) => !kept.has(path_lookup.toString('hex')));
    if (gone.length === 0) return;
    this.#writeNow(() => {
      for (const { id } of gone) {
        this.#dropFilesOf.run(id);
        this.#dropFolder.run(id);
      }
    });
  }

  /** Newest first; files beyond the list's length only count. */
  attention(limit: number): { readonly files: readonly AttentionFile[]; readonly total: number } {
    const { sealer } = this.#core.ports;
    return this.#core.read(() => ({
      total: this.#summarize().count,
      files: this.#open.all(Math.min(limit, mostListed)).map((row) => {
        const [folder, path] = JSON.parse(sealer.open(pathPlace, row.path)) as [string, string];
        return {
          id: row.id,
          folder,
          path,
          code: errorCodeOf(row.code),
          detail: row.detail ?? undefined,
          firstAtMs: row.first_at,
          lastAtMs: row.last_at,
        };
      }),
    }));
  }

  /** All of it as one thing that keeps the headline from green. */
  incident(): IncidentRow | undefined {
    const { count, newest, first_at, last_at } = this.#summarize();
    if (count === 0 || newest === null) return undefined;
    return {
      id: `attention:${newest}`,
      code: 'file-needs-attention',
      detail:
        count > mostListed ? `more than ${mostListed} files` : count === 1 ? '1 file' : `${count} files`,
      count,
      firstAtMs: first_at ?? 0,
      lastAtMs: last_at ?? 0,
    };
  }

  /** Answers what `incident` said: files that came later stay open. undefined: the id is of something else. */
  answer(incidentId: string): Promise<boolean> | undefined {
    const [, sequence] = /^attention:([0-9]{1,15})$/.exec(incidentId) ?? [];
    if (sequence === undefined) return undefined;
    return this.#write(() => this.#dismissUpTo.run(this.#core.nowMs(), Number(sequence)).changes > 0);
  }

  /** They need no attention any more, as they are now. `all`: everything that is listed. Resolves with how many. */
  dismiss(which: readonly number[] | 'all'): Promise<number> {
    return this.#write(() => {
      const nowMs = this.#core.nowMs();
      if (which === 'all') return this.#dismissUpTo.run(nowMs, this.#newest.get() ?? 0).changes;
      return which.reduce((sum, id) => sum + this.#dismissOne.run(nowMs, id).changes, 0);
    });
  }

  /** They are read again at the next search, as if they had changed. Resolves with how many. */
  again(which: readonly number[] | 'all'): Promise<number> {
    return this.#write(() => {
      if (which === 'all') return this.#againAll.run().changes;
      return which.reduce((sum, id) => sum + this.#againOne.run(id).changes, 0);
    });
  }

  // For WatchedFolder.

  find(folderId: number, path: string): RememberedFile | undefined {
    const row = this.#core.read(() => this.#find.get(folderId, this.#lookup(path)));
    if (row === undefined) return undefined;
    const code = row.code === null ? undefined : errorCodeOf(row.code);
    return { id: row.id, version: row.version, code, isListed: row.listed === 1 };
  }

  put(folderId: number, folder: string, notes: readonly FileNote[]): Promise<void> {
    if (notes.length === 0) return Promise.resolve();
    const { sealer } = this.#core.ports;
    return this.#write(() => {
      const nowMs = this.#core.nowMs();
      let room = mostListed - this.#countBad();
      let sequence = this.#newest.get() ?? 0;
      for (const note of notes) {
        const lookup = this.#lookup(note.path);
        if (note.tag === 'done') {
          const name = note.objectName === undefined ? null : fromHex(note.objectName, 32);
          this.#put.run(folderId, lookup, note.version, name, null, null, null, null, null, null);
          continue;
        }
        sequence += 1;
        const isListed = room > 0 || this.#find.get(folderId, lookup)?.listed === 1;
        room -= 1;
        const sealed = isListed ? sealer.seal(pathPlace, JSON.stringify([folder, note.path])) : null;
        const { version, code } = note;
        const detail = shortDetail(note.detail);
        this.#put.run(folderId, lookup, version, null, code, detail, sealed, sequence, nowMs, nowMs);
      }
    });
  }

  hasRoom(): boolean {
    return this.#core.read(() => this.#countBad()) < mostListed;
  }

  holdsAny(folderId: number): boolean {
    return this.#core.read(() => this.#anyOf.get(folderId) !== undefined);
  }

  newestId(): number {
    return this.#core.read(() => this.#newestId.get() ?? 0);
  }

  setIdentity(folderId: number, identity: string): Promise<void> {
    return this.#core.write(() => {
      this.#setIdentity.run(identity, folderId);
    });
  }

  forget(folderId: number, path: string): Promise<void> {
    return this.#write(() => {
      const row = this.#find.get(folderId, this.#lookup(path));
      if (row !== undefined) this.#dropFile.run(row.id);
    });
  }

  async forgetUnseen(folderId: number, isSeen: (id: number) => boolean, upToId: number): Promise<void> {
    for (let after = 0; ;) {
      const ids = this.#core.read(() => this.#idsOf.all(folderId, after, pageRows));
      const last = ids.at(-1);
      if (last === undefined) return;
      const gone = ids.filter((id) => id <= upToId && !isSeen(id));
      if (gone.length > 0) await this.#write(() => gone.forEach((id) => this.#dropFile.run(id)));
      after = last;
      await nextTurn();
    }
  }

  #summarize(): Summary {
    this.#shown ??= this.#core.read(() => this.#summary.get(mostListed + 1));
    return this.#shown ?? { count: 0, newest: null, first_at: null, last_at: null };
  }

  #countBad(): number {
    return this.#bad.get(mostListed) ?? 0;
  }

  #lookup(path: string): Buffer {
    return this.#core.ports.sealer.lookup('watched-file', path).subarray(0, lookupBytes);
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#core.write(() => this.#changed(work));
  }

  #writeNow<T>(work: () => T): T {
    return this.#core.writeNow(() => this.#changed(work));
  }

  #changed<T>(work: () => T): T {
    this.#shown = undefined;
    this.#core.changes.status();
    return work();
  }
}

/** The part of one folder: what watch/ is given. */
export class WatchedFolder {
  readonly #files: WatchedFiles;
  readonly #path: string;
  readonly #id: number;
  #identity: string | undefined;

  constructor(files: WatchedFiles, path: string, id: number, identity: string | undefined) {
    this.#files = files;
    this.#path = path;
    this.#id = id;
    this.#identity = identity;
  }

  get identity(): string | undefined {
    return this.#identity;
  }

  async setIdentity(identity: string): Promise<void> {
    await this.#files.setIdentity(this.#id, identity);
    this.#identity = identity;
  }

  find(path: string): RememberedFile | undefined {
    return this.#files.find(this.#id, path);
  }

  remember(notes: readonly FileNote[]): Promise<void> {
    return this.#files.put(this.#id, this.#path, notes);
  }

  forget(path: string): Promise<void> {
    return this.#files.forget(this.#id, path);
  }

  forgetUnseen(isSeen: (id: number) => boolean, upToId: number): Promise<void> {
    return this.#files.forgetUnseen(this.#id, isSeen, upToId);
  }

  holdsAny(): boolean {
    return this.#files.holdsAny(this.#id);
  }

  newestId(): number {
    return this.#files.newestId();
  }

  hasRoom(): boolean {
    return this.#files.hasRoom();
  }
}
