import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { createDatasetDigest } from '../dicom/dataset-digest.ts';
import type { Random } from '../ports.ts';
import { releaseMemory } from '../system/release-memory.ts';
import { moveWithoutReplacing } from '../system/move-file.ts';

/** Where a restored image belongs, from its own identity. */
export interface RestoredIdentity {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

export type PlaceOutcome = 'restored' | 'skipped';

/** Gathered to this much before a write: one system call for many decrypted segments. */
const writeBytes = 1024 * 1024;
/** More files than this with one name and different content is no archive but an attack on the folder. */
const maxDoubles = 1000;
/** Patients' images: for the user who restores them, as in our own folders. */
const folderMode = 0o700;
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
  #created = 0;
  #synced = new Set<string>();
  /** Choosing a name and taking it is one step. */
  #naming: Promise<unknown> = Promise.resolve();

  private constructor(to: string, realTo: string, unfinishedFolder: string) {
    this.#to = to;
    this.#realTo = realTo;
    this.#unfinishedFolder = unfinishedFolder;
  }

  /** Makes the folder, and clears what a broken run of this PC left. @throws EdgeSyncError disk-full, disk-error. */
  static async open(to: string, random: Random): Promise<RestoredFiles> {
    try {
      await mkdir(to, { recursive: true, mode: folderMode });
      for (const name of await readdir(to)) {
        const pid = unfinished.exec(name)?.[1];
        if (pid !== undefined && !isRunning(Number(pid))) await rm(path.join(to, name), { recursive: true });
      }
      const folder = path.join(to, `.edge-sync-restore-${process.pid}-${random.bytes(4).toString('hex')}`);
      await mkdir(folder, { mode: folderMode });
      return new RestoredFiles(to, await realpath(to), folder);
    } catch (error) {
      throw diskError(error);
    }
  }

  async create(): Promise<UnfinishedFile> {
    this.#created += 1;
    const file = path.join(this.#unfinishedFolder, String(this.#created));
    try {
      return new UnfinishedFile(file, await open(file, 'wx', 0o600));
    } catch (error) {
      throw diskError(error);
    }
  }

  /**
   * Is this image there already, whole? Compared by dataset, whatever stands in front of it.
   * @throws EdgeSyncError file-not-writable when its folder is none or leads elsewhere; disk-error.
   */
  async holds(identity: RestoredIdentity, datasetSha256: string): Promise<boolean> {
    for (const folder of this.#folders(identity)) {
      if ((await this.#look(folder)) === 'absent') return false;
    }
    for (let double = 1; double <= maxDoubles; double += 1) {
      const there = await datasetOf(this.#path(identity, double));
      if (there === 'absent') return false;
      if (there === datasetSha256) return true;
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
    const placed = this.#naming.then(() => this.#place(file, identity, datasetSha256));
    this.#naming = placed.catch(() => undefined);
    return placed;
  }

  /** Removes what is unfinished. */
  async close(): Promise<void> {
    await rm(this.#unfinishedFolder, { recursive: true, force: true });
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

  /** Of its study, then of its series in that. */
  #folders(identity: RestoredIdentity): readonly [string, string] {
    const study = path.join(this.#to, safeName(identity.studyInstanceUid));
    return [study, path.join(study, safeName(identity.seriesInstanceUid))];
  }

  #path(identity: RestoredIdentity, double: number): string {
    const name = safeName(identity.sopInstanceUid);
    const [, series] = this.#folders(identity);
    return path.join(series, double === 1 ? `${name}.dcm` : `${name}.${double}.dcm`);
  }

  /** The file's own folder each time, the ones above it once. */
  async #syncFolders(folder: string): Promise<void> {
    await syncFolder(folder);
    for (const above of [path.dirname(folder), this.#to]) {
      if (this.#synced.has(`${above} ${folder}`)) continue;
      this.#synced.add(`${above} ${folder}`);
      await syncFolder(above);
    }
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

/** A UID of digits and dots as it is; anything else by the SHA-256 of its text (PS3.5 9.1 allows nothing else). */
export function safeName(uid: string): string {
  const isPlain = /^[0-9.]{1,64}$/.test(uid) && uid.split('.').every((part) => part !== '');
  return isPlain ? uid : createHash('sha256').update(uid, 'utf8').digest('hex');
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
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: writeBytes })) {
      digest.update(chunk as Buffer);
    }
    return digest.digest() ?? 'other';
  } catch (error) {
    throw diskError(error);
  } finally {
    await handle.close();
  }
}

/** Windows cannot open a folder for syncing; there the rename itself has to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
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

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function diskError(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = codeOf(error);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new EdgeSyncError(isFull ? 'disk-full' : 'disk-error', code, { cause: error });
}
