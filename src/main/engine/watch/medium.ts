/** CDs, sticks and copies of them: whether every file that a DICOMDIR names is there, and which files belong to it. */
import { opendir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { longestDirectoryBytes, readMediumDirectory } from '../dicom/dicomdir.ts';
import type { DriveAccess } from './drive-access.ts';
import { openRegular } from './imported-file.ts';
import { isUnreachable } from './walk.ts';

/** Folders whose entries are kept while one directory is checked; media, and folders without one, that are remembered. */
const mostListings = 1000;
const mostMedia = 4;
const mostPlain = 10_000;
const mostEntries = 100_000;
/** Missing files that are told one by one. */
const mostNamed = 100;
/** Names of a DICOMDIR on disk: file systems of media are written in capitals and read in either case. */
const directoryName = /^dicomdir(\.|;1)?$/i;

export interface MediumCheck {
  /** Absolute paths of the files that the directory names and that are there. */
  readonly found: readonly string[];
  readonly missing: number;
  /** The first of the missing ones, as paths below the folder. */
  readonly firstMissing: readonly string[];
}

export class Media {
  readonly #access: DriveAccess;
  /** By the folder of a DICOMDIR: the names below it that belong to the medium. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  /** Folders without one. */
  readonly #plain = new Set<string>();

  constructor(access: DriveAccess) {
    this.#access = access;
  }

  /**
   * Looks for every file that the DICOMDIR at `path` names. undefined: it is too large or cannot be read as one; what
   * lies there is imported all the same. Throws folder-not-reachable, and what the file system says.
   */
  async check(path: string): Promise<MediumCheck | undefined> {
    const files = await this.#namesIn(path);
    if (files === undefined) return undefined;
    const root = dirname(path);
    const listings = new Map<string, ReadonlyMap<string, string>>();
    const found: string[] = [];
    const firstMissing: string[] = [];
    let missing = 0;
    for (const parts of files) {
      const place = await this.#resolve(root, parts, listings);
      if (place !== undefined) found.push(place);
      else {
        missing += 1;
        if (firstMissing.length < mostNamed) firstMissing.push(join(root, ...parts));
      }
    }
    return { found, missing, firstMissing };
  }

  /**
   * Whether a file that is not DICOM belongs to a medium without being named by its directory: viewers and their
   * help files, which readers are to pass over (PS3.10 8.4). Looks for a DICOMDIR in its folder and those above, up to
   * `root`.
   */
  async isBystander(path: string, root: string): Promise<boolean> {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const names = await this.#mediumAt(folder);
      if (names !== undefined) return !names.has(keyOf(relative(folder, path)));
      if (folder === root || folder === dirname(folder)) return false;
    }
  }

  async #mediumAt(folder: string): Promise<ReadonlySet<string> | undefined> {
    const known = this.#known.get(folder);
    if (known !== undefined || this.#plain.has(folder)) return known;
    let names: ReadonlySet<string> | undefined;
    const file = [...(await this.#list(folder)).values()].find((name) => directoryName.test(name));
    if (file !== undefined) {
      const files = await this.#namesIn(join(folder, file)).catch((error: unknown) => {
        if (isUnreachable(error)) throw error;
        return undefined;
      });
      names = files === undefined ? undefined : new Set(files.map((parts) => keyOf(parts.join(sep))));
    }
    if (names === undefined) {
      if (this.#plain.size >= mostPlain) this.#plain.clear();
      this.#plain.add(folder);
      return undefined;
    }
    const oldest = this.#known.keys().next();
    if (this.#known.size >= mostMedia && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(folder, names);
    return names;
  }

  async #namesIn(path: string): Promise<readonly (readonly string[])[] | undefined> {
    const handle = await this.#access.run(
      () => openRegular(path),
      (late) => void late.close().catch(() => undefined),
    );
    try {
      const { size } = await this.#access.run(() => handle.stat());
      if (size > longestDirectoryBytes) return undefined;
      const bytes = Buffer.alloc(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await this.#access.run(() => handle.read(bytes, filled, size - filled, filled));
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return (await readMediumDirectory(bytes.subarray(0, filled)))?.files;
    } finally {
      handle.close().catch(() => undefined);
    }
  }

  async #resolve(
    root: string,
    parts: readonly string[],
    listings: Map<string, ReadonlyMap<string, string>>,
  ): Promise<string | undefined> {
    let place = root;
    for (const part of parts) {
      let names = listings.get(place);
      if (names === undefined) {
        names = await this.#list(place);
        if (listings.size >= mostListings) listings.clear();
        listings.set(place, names);
      }
      const name = names.get(keyOf(part));
      if (name === undefined) return undefined;
      place = join(place, name);
    }
    return place;
  }

  /** Entries by their comparable name; empty for what is no readable folder. */
  async #list(folder: string): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    try {
      const dir = await this.#access.run(
        () => opendir(folder),
        (late) => void late.close().catch(() => undefined),
      );
      try {
        while (names.size < mostEntries) {
          const entry = await this.#access.run(() => dir.read());
          if (entry === null) break;
          names.set(keyOf(entry.name), entry.name);
        }
      } finally {
        dir.close().catch(() => undefined);
      }
    } catch (error) {
      if (isUnreachable(error)) throw error;
    }
    return names;
  }
}

/** ISO 9660 names show in capitals or small letters, with or without a version number and a last dot. */
function keyOf(name: string): string {
  return name.toLowerCase().replace(/\.?(;\d+)?$/, '');
}
