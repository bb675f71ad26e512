import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { createDatasetDigest } from '../dicom/dataset-digest.ts';
import type { Random } from '../ports.ts';
import { syncFolder } from '../system/durable-file.ts';
import { moveWithoutReplacing } from '../system/move-file.ts';
import { uidNaming, type FileNaming } from './file-names.ts';
import { fileFacts, Journal, type JournalMac } from './journal.ts';
import { codeOf, createUnfinishedFile, diskError, type UnfinishedFile } from './unfinished-file.ts';

/** Where a restored image belongs, from its own identity. */
export interface RestoredIdentity {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

export interface RestoredFilesOptions {
  /** Default: UIDs. */
  readonly naming?: FileNaming;
  /** Key of the journal; without one there is none, and what is there is always read again. */
  readonly journalMac?: JournalMac | undefined;
}

export type PlaceOutcome = 'restored' | 'skipped';

const readBytes = 1024 * 1024;
/** More files than this with one name and different content is no archive but an attack on the folder. */
const maxDoubles = 1000;
/** Patients' images: for the user who restores them, as in our own folders. */
const folderMode = 0o700;
/** Of what earlier runs have put here. */
/** Beside the restored files; no image. */
export const journalName = '.edge-sync-restore-journal';
const unfinished = /^\.edge-sync-restore-(\d{1,10})-[0-9a-f]{8}$/;

/**
 * Files below the target folder. Everything is first written to an unfinished file in a folder of its own there, then
 * synced, then renamed: a final name always means a whole, proven image. A name that something else has is never
 * replaced, and nothing is put where a link leads out of the target.
 */
export class RestoredFiles {
  readonly #to: string;
  /** The same with every link followed. */
  readonly #realTo: string;
  readonly #unfinishedFolder: string;
  readonly #naming: FileNaming;
  readonly #journal: Journal | undefined;
  #created = 0;
  #synced = new Set<string>();
  /** Choosing a name and taking it is one step. */
  #placing: Promise<unknown> = Promise.resolve();

  private constructor(
    folders: { readonly to: string; readonly realTo: string; readonly unfinished: string },
    naming: FileNaming,
    journal: Journal | undefined,
  ) {
    this.#to = folders.to;
    this.#realTo = folders.realTo;
    this.#unfinishedFolder = folders.unfinished;
    this.#naming = naming;
    this.#journal = journal;
  }

  /** Makes the folder, and clears what a broken run of this PC left. @throws EdgeSyncError disk-full, disk-error. */
  static async open(to: string, random: Random, options: RestoredFilesOptions = {}): Promise<RestoredFiles> {
    const { naming = uidNaming, journalMac } = options;
    try {
      await mkdir(to, { recursive: true, mode: folderMode });
      await sweepUnfinished(to);
      const folder = await makeUnfinishedFolder(to, random);
      const realTo = await realpath(to);
      const journal =
        journalMac === undefined ? undefined : await Journal.open(path.join(realTo, journalName), journalMac);
      return new RestoredFiles({ to, realTo, unfinished: folder }, naming, journal);
    } catch (error) {
      throw diskError(error);
    }
  }

  create(): Promise<UnfinishedFile> {
    this.#created += 1;
    return createUnfinishedFile(path.join(this.#unfinishedFolder, String(this.#created)));
  }

  /**
   * Is this image there already, whole? Compared by dataset, whatever stands in front of it; or known from the journal,
   * where the file is by all signs the one that was proven.
   * @throws EdgeSyncError file-not-writable when its folder is none or leads elsewhere; disk-error.
   */
  async holds(identity: RestoredIdentity, datasetSha256: string): Promise<boolean> {
    for (const folder of this.#folders(identity)) {
      if ((await this.#look(folder)) === 'absent') return false;
    }
    for (let double = 1; double <= maxDoubles; double += 1) {
      const file = this.#path(identity, double);
      if (await this.#isInJournal(file, datasetSha256)) return true;
      const there = await datasetOf(file);
      if (there === 'absent') return false;
      if (there === datasetSha256) {
        await this.#note(file, datasetSha256);
        return true;
      }
    }
    return false;
  }

  /** Syncs the finished file and gives it its name. @throws EdgeSyncError file-not-writable, disk-full, disk-error. */
  async place(
    file: UnfinishedFile,
    identity: RestoredIdentity,
    datasetSha256: string,
  ): Promise<PlaceOutcome> {
    await file.finish();
    const placed = this.#placing.then(() => this.#place(file, identity, datasetSha256));
    this.#placing = placed.catch(() => undefined);
    return placed;
  }

  /** Removes what is unfinished. */
  async close(): Promise<void> {
    await this.#journal?.close();
    await removeFolder(this.#unfinishedFolder);
  }

  async #place(
    file: UnfinishedFile,
    identity: RestoredIdentity,
    datasetSha256: string,
  ): Promise<PlaceOutcome> {
    await this.#makeFolders(identity);
    for (let double = 1; double <= maxDoubles; double += 1) {
      const placed = await this.#placeAt(this.#path(identity, double), file, datasetSha256);
      if (placed !== 'taken') return placed;
    }
    throw new EdgeSyncError('disk-error', 'too many files with one name');
  }

  async #placeAt(
    final: string,
    file: UnfinishedFile,
    datasetSha256: string,
  ): Promise<PlaceOutcome | 'taken'> {
    if ((await datasetOf(final)) === 'absent') {
      try {
        if ((await moveWithoutReplacing(file.path, final)) === 'moved') {
          await this.#syncFolders(path.dirname(final));
          await this.#note(final, datasetSha256);
          return 'restored';
        }
      } catch (error) {
        throw diskError(error);
      }
    }
    // Also what another run has put there this moment.
    if ((await datasetOf(final)) !== datasetSha256) return 'taken';
    await file.discard();
    return 'skipped';
  }

  /** One after the other: a study's folder that leads elsewhere gets no series folder. */
  async #makeFolders(identity: RestoredIdentity): Promise<void> {
    for (const folder of this.#folders(identity)) {
      try {
        await mkdir(folder, { mode: folderMode });
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw diskError(error);
      }
      if ((await this.#look(folder)) === 'absent') throw notOurFolder();
    }
  }

  /** @throws EdgeSyncError file-not-writable when it is no folder, or one outside the target. */
  async #look(folder: string): Promise<'inside' | 'absent'> {
    try {
      await lstat(folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'absent';
      throw diskError(error);
    }
    try {
      const real = await realpath(folder);
      const isInside = real.startsWith(this.#realTo + path.sep) || this.#realTo === path.parse(real).root;
      if (isInside && (await stat(real)).isDirectory()) return 'inside';
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) throw diskError(error);
    }
    throw notOurFolder();
  }

  async #isInJournal(file: string, datasetSha256: string): Promise<boolean> {
    if (this.#journal === undefined) return false;
    const stats = await lstat(file, { bigint: true }).catch(() => undefined);
    if (stats?.isFile() !== true) return false;
    return this.#journal.has(fileFacts(path.relative(this.#to, file), datasetSha256, stats));
  }

  /** After the file has its name: that changes its facts too. */
  async #note(file: string, datasetSha256: string): Promise<void> {
    if (this.#journal === undefined) return;
    const stats = await lstat(file, { bigint: true }).catch(() => undefined);
    if (stats?.isFile() !== true) return;
    await this.#journal.add(fileFacts(path.relative(this.#to, file), datasetSha256, stats));
  }

  /** From the outermost in. */
  #folders(identity: RestoredIdentity): readonly string[] {
    const { folders } = this.#naming(identity, 1);
    return folders.map((_, index) => path.join(this.#to, ...folders.slice(0, index + 1)));
  }

  #path(identity: RestoredIdentity, double: number): string {
    const { folders, name } = this.#naming(identity, double);
    return path.join(this.#to, ...folders, name);
  }

  /** The file's own folder each time, the ones above it once. */
  async #syncFolders(folder: string): Promise<void> {
    await syncFolder(folder);
    for (let at = folder; at !== this.#to && !this.#synced.has(at); at = path.dirname(at)) {
      this.#synced.add(at);
      await syncFolder(path.dirname(at));
    }
  }
}

/** No link followed, no wait for the other end of a pipe. Windows knows neither. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const readOnly = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** SHA-256 of the dataset of a file; `other` for what is no image or no file at all (a pipe, a folder, a link). */
async function datasetOf(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    if (!(await lstat(file)).isFile()) return 'other';
    handle = await open(file, readOnly);
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        return 'absent';
      // A link or a socket since we looked.
      case 'ELOOP':
      case 'ENXIO':
        return 'other';
      default:
        throw diskError(error);
    }
  }
  try {
    if (!(await handle.stat()).isFile()) return 'other';
    const digest = createDatasetDigest();
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: readBytes })) {
      digest.update(chunk as Buffer);
    }
    return digest.digest() ?? 'other';
  } catch (error) {
    throw diskError(error);
  } finally {
    await handle.close();
  }
}

/** Clears what a run that was broken off has left in `folder`. */
export async function sweepUnfinished(folder: string): Promise<void> {
  await sweep(folder, isRunning);
}

/**
 * For a program that starts and has restored nothing yet: what bears its own process id was left by one before it
 * (ids come round again; in a container they are always the same). No folder: nothing to do.
 */
export async function sweepAtStart(folder: string): Promise<void> {
  try {
    await sweep(folder, (pid) => pid !== process.pid && isRunning(pid));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw diskError(error);
  }
}

async function sweep(folder: string, mustStay: (pid: number) => boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = unfinished.exec(name)?.[1];
    if (pid !== undefined && !mustStay(Number(pid))) await rm(path.join(folder, name), { recursive: true });
  }
}

/** A folder of this run's own in `folder`, that a later run knows as one. */
export async function makeUnfinishedFolder(folder: string, random: Random): Promise<string> {
  const made = path.join(folder, `.edge-sync-restore-${process.pid}-${random.bytes(4).toString('hex')}`);
  await mkdir(made, { mode: folderMode });
  return made;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function notOurFolder(): EdgeSyncError {
  return new EdgeSyncError('file-not-writable', 'the folder of a study or series is no folder in the target');
}
