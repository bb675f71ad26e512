import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import {
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, Random } from '../ports.ts';
import type { ObjectSource, PutOutcome, StoredObject } from './cloud-store.ts';
import { BoundedCalls, mapFolderError } from './folder-access.ts';
import { found, type Finding, type InspectableStore } from './privileges.ts';
import { clockSkew, systemCode } from './service-answers.ts';
import { sizeDiffers } from './whole-object.ts';

/** What is being written lies here, below the prefix, until it is whole; nothing here counts. */
const unfinished = 'unfinished';
const unfinishedName = /^[0-9a-f]{32}\.(?:part|lock)$/;
/** An unfinished file that nobody has written to for a day is left over. */
const leftOverAfterMs = 24 * 60 * 60_000;
/** A lock older than this belongs to a program that ended in between; what it guards takes a moment. */
const staleLockMs = 10 * 60_000;
/** Two seconds together: giving a name takes a moment. */
const lockAttempts = 100;
const lockWaitMs = 20;
/** Room that stays free on the share, so that it does not run full to the last byte. */
const reserveBytes = 64 * 1024 * 1024;
const readBytes = 256 * 1024;
const checkName = 'checks/write';
/** Names as the product makes them: no part is empty, hidden, `.` or `..`, and none means something to Windows. */
const goodName = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\/)*[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** by-link: a hard link decides who was first, where the share has them. by-lock: as on shares that have none. */
export type Publishing = 'by-link' | 'by-lock';

export interface FolderStoreOptions {
  /** Whole path of a folder that exists. */
  readonly path: string;
  /** Folder inside it; empty, or without slashes at its ends. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly publishing?: Publishing;
  /** How long one call of the file system may take, milliseconds. */
  readonly callDeadlineMs?: number;
}

/**
 * A folder, on a disk or a network share. Each object is written under a passing name, flushed, read back and compared,
 * and gets its name in one step that never replaces anything. Links are not followed. The folder itself is never made:
 * where a share is not connected, there is nothing to write to.
 */
export class FolderStore implements InspectableStore {
  readonly kind = 'folder';
  readonly #root: string;
  readonly #base: string;
  readonly #prefixParts: readonly string[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #publishing: Publishing;
  readonly #calls: BoundedCalls;
  /** Which folder `check` found: another one behind the same path (a share that went) is none to write to. */
  #identity: string | undefined;
  /** When the probe file there was made: another folder has none, or another one. */
  #mark: bigint | undefined;

  constructor(options: FolderStoreOptions) {
    this.#root = options.path;
    this.#prefixParts = options.prefix === '' ? [] : options.prefix.split('/');
    this.#base = join(options.path, ...this.#prefixParts);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#publishing = options.publishing ?? 'by-link';
    this.#calls = new BoundedCalls(options.clock, options.callDeadlineMs);
  }

  async putIfAbsent(
    name: string,
    source: ObjectSource,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (confirmedBytes: number) => void } = {},
  ): Promise<PutOutcome> {
    const { signal, onProgress } = options;
    return mapped(async () => {
      if ((await this.stat(name, signal)) !== undefined) return { tag: 'exists' };
      await this.#checkRoom(source.sizeBytes, signal);
      await this.#folder([unfinished], signal);
      const parts = partsOf(name);
      await this.#folder(parts.slice(0, -1), signal);
      const passing = join(this.#base, unfinished, `${this.#random.bytes(16).toString('hex')}.part`);
      try {
        await this.#write(passing, source, signal, onProgress);
        const given = await this.#publish(passing, join(this.#base, ...parts), signal);
        if (given === 'taken') return { tag: 'exists' };
      } finally {
        await this.#calls.run(undefined, () => rm(passing, { force: true })).catch(() => undefined);
      }
      await this.#flushFolder(join(this.#base, ...parts.slice(0, -1)), signal);
      const stored = await this.stat(name, signal);
      if (stored?.sizeBytes !== source.sizeBytes) {
        throw new EdgeSyncError('cloud-checksum', 'what was stored is not what was written');
      }
      return { tag: 'created', etag: stored.etag, sizeBytes: stored.sizeBytes };
    });
  }

  stat(name: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return mapped(async () => {
      await this.#checkIdentity(signal);
      const parts = partsOf(name);
      if (!(await this.#isPlainWay(parts.slice(0, -1), signal))) return undefined;
      const found = await this.#look(join(this.#base, ...parts), signal);
      if (found === undefined) return undefined;
      if (!found.isFile()) throw notPlain();
      return { name, sizeBytes: Number(found.size), etag: etagOf(found) };
    });
  }

  async *read(name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const found = await this.stat(name, signal);
    if (found === undefined) throw new EdgeSyncError('object-missing');
    const path = join(this.#base, ...partsOf(name));
    const file = await mapped(() => this.#open(path, constants.O_RDONLY, signal));
    let left = found.sizeBytes;
    try {
      while (left > 0) {
        const bytes = Buffer.allocUnsafe(Math.min(readBytes, left));
        const { bytesRead } = await mapped(() =>
          this.#calls.run(signal, () => file.read(bytes, 0, bytes.length, null)),
        );
        if (bytesRead === 0) throw new EdgeSyncError('cloud-unreachable', 'the file ended early');
        left -= bytesRead;
        yield bytes.subarray(0, bytesRead);
      }
    } finally {
      this.#close(file);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredObject> {
    await mapped(() => this.#checkIdentity(signal));
    if (!(await mapped(() => this.#isPlainWay([], signal)))) return;
    yield* this.#below([], prefix, signal);
  }

  /**
   * The folder is there, takes what is written and gives it back; its clock and ours agree; it has room. Takes away
   * what broken attempts left, a day later.
   */
  check(signal?: AbortSignal): Promise<void> {
    return mapped(async () => {
      const root = await this.#calls
        .run(signal, () => stat(this.#root, { bigint: true }))
        .catch((error: unknown) => {
          throw systemCode(error) === 'ENOENT'
            ? new EdgeSyncError('cloud-unreachable', 'the folder is not there: is the share connected?')
            : error;
        });
      if (!root.isDirectory()) throw new EdgeSyncError('cloud-refused', 'the path is no folder');
      this.#identity = identityOf(root);
      await this.putIfAbsent(checkName, nothing, signal === undefined ? {} : { signal });
      await this.#checkClock(signal);
      this.#mark = await this.#markOf(signal);
    });
  }

  inspect(): Promise<readonly Finding[]> {
    return Promise.resolve([found('note', { code: 'folder' })]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes and flushes a new file and compares what is read back with what was written. */
  async #write(
    path: string,
    source: ObjectSource,
    signal: AbortSignal | undefined,
    onProgress: ((confirmedBytes: number) => void) | undefined,
  ): Promise<void> {
    const written = createHash('sha256');
    const file = await this.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, signal);
    try {
      let total = 0;
      for await (const chunk of source.read(0)) {
        if (total + chunk.length > source.sizeBytes) throw sizeDiffers();
        written.update(chunk);
        for (let at = 0; at < chunk.length;) {
          const from = at;
          const { bytesWritten } = await this.#calls.run(signal, () =>
            file.write(chunk, from, chunk.length - from, total + from),
          );
          at += bytesWritten;
        }
        total += chunk.length;
      }
      if (total !== source.sizeBytes) throw sizeDiffers();
      await this.#calls.run(signal, () => file.sync());
      const found = await this.#hash(file, total, signal);
      if (found !== written.digest('hex'))
        throw new EdgeSyncError('cloud-checksum', 'what is read back is not what was written');
      onProgress?.(total);
    } finally {
      // Before it gets its name: an open file cannot be renamed everywhere.
      await this.#closed(file);
    }
  }

  async #hash(file: FileHandle, sizeBytes: number, signal: AbortSignal | undefined): Promise<string> {
    const hash = createHash('sha256');
    const bytes = Buffer.allocUnsafe(readBytes);
    for (let at = 0; at < sizeBytes;) {
      const from = at;
      const { bytesRead } = await this.#calls.run(signal, () => file.read(bytes, 0, bytes.length, from));
      if (bytesRead === 0) break;
      hash.update(bytes.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest('hex');
  }

  /** Gives the whole file its name, unless something has it. */
  async #publish(from: string, to: string, signal: AbortSignal | undefined): Promise<'given' | 'taken'> {
    if (this.#publishing === 'by-link') {
      try {
        await this.#calls.run(signal, () => link(from, to));
        return 'given';
      } catch (error) {
        const code = systemCode(error);
        if (code === 'EEXIST') return 'taken';
        if (!noLinks.includes(code)) throw error;
      }
    }
    return this.#publishLocked(from, to, signal);
  }

  /**
   * Without hard links: a lock file, made by whoever is first, parts the writers; under it the name is looked at and
   * then given. Only programs that keep to the lock are parted by it.
   */
  async #publishLocked(
    from: string,
    to: string,
    signal: AbortSignal | undefined,
  ): Promise<'given' | 'taken'> {
    const lock = join(
      this.#base,
      unfinished,
      `${createHash('sha256').update(to).digest('hex').slice(0, 32)}.lock`,
    );
    const file = await this.#lock(lock, from, to, signal);
    if (file === undefined) return 'taken';
    try {
      if ((await this.#look(to, signal)) !== undefined) return 'taken';
      // Somebody who held it for a dead program's may have taken it away.
      const [own, there] = [
        await this.#calls.run(signal, () => file.stat({ bigint: true })),
        await this.#look(lock, signal),
      ];
      if (there === undefined || (there.ino !== own.ino && there.mtimeNs !== own.mtimeNs))
        throw new EdgeSyncError('cloud-server-error', 'the lock was taken away');
      await this.#calls.run(signal, () => rename(from, to));
      return 'given';
    } finally {
      // In this order: a name of an open file stays taken on Windows.
      await this.#closed(file);
      await this.#calls.run(undefined, () => unlink(lock)).catch(() => undefined);
    }
  }

  /** The lock, or undefined when the name was given to another file meanwhile. */
  async #lock(
    path: string,
    own: string,
    to: string,
    signal: AbortSignal | undefined,
  ): Promise<FileHandle | undefined> {
    for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
      try {
        return await this.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, signal);
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
      if ((await this.#look(to, signal)) !== undefined) return undefined;
      const held = await this.#look(path, signal);
      const mine = await this.#look(own, signal);
      // Both times are the share's own.
      const ageMs = held === undefined || mine === undefined ? 0 : Number(mine.mtimeMs - held.mtimeMs);
      // One from the future was left before the share's clock was set back.
      if (ageMs > staleLockMs || ageMs < -leftOverAfterMs) {
        await this.#calls.run(signal, () => rm(path, { force: true }));
      }
      await this.#clock.sleep(lockWaitMs, signal).catch(() => {
        throw new EdgeSyncError('cancelled');
      });
    }
    throw new EdgeSyncError('cloud-server-error', 'another program is writing the same object');
  }

  /** Makes the folders down to `parts` below the base, none of them a link. */
  async #folder(parts: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.#checkIdentity(signal);
    let at = this.#root;
    for (const part of [...this.#prefixParts, ...parts]) {
      const above = at;
      at = join(at, part);
      const path = at;
      const found = await this.#look(path, signal);
      if (found?.isDirectory() === true) continue;
      if (found !== undefined) throw notPlain();
      await this.#calls
        .run(signal, () => mkdir(path, { mode: 0o770 }))
        .catch((error: unknown) => {
          if (systemCode(error) !== 'EEXIST') throw error;
        });
      await this.#flushFolder(above, signal);
    }
  }

  /** False when a folder on the way is missing. @throws EdgeSyncError `cloud-refused` when one is no folder. */
  async #isPlainWay(parts: readonly string[], signal: AbortSignal | undefined): Promise<boolean> {
    let at = this.#root;
    for (const part of [...this.#prefixParts, ...parts]) {
      at = join(at, part);
      const found = await this.#look(at, signal);
      if (found === undefined) return false;
      if (!found.isDirectory()) throw notPlain();
    }
    return true;
  }

  async *#below(
    parts: readonly string[],
    prefix: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StoredObject> {
    const folder = join(this.#base, ...parts);
    const entries = await mapped(() =>
      this.#calls.run(signal, () => readdir(folder, { withFileTypes: true })),
    );
    // In the order of whole names: what lies in `a/` comes where "a/" stands among its neighbours.
    const sorted = entries
      .filter((entry) => (entry.isFile() || entry.isDirectory()) && goodName.test(entry.name))
      .filter((entry) => parts.length > 0 || entry.name !== unfinished)
      .map((entry) => ({ name: entry.name, key: entry.isDirectory() ? `${entry.name}/` : entry.name }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    for (const { name, key } of sorted) {
      const whole = [...parts, key].join('/');
      if (key.endsWith('/')) {
        if (whole.startsWith(prefix) || prefix.startsWith(whole))
          yield* this.#below([...parts, name], prefix, signal);
      } else if (whole.startsWith(prefix)) {
        const stored = await this.#lookedAt(whole, signal);
        if (stored !== undefined) yield stored;
      }
    }
  }

  async #lookedAt(name: string, signal: AbortSignal | undefined): Promise<StoredObject | undefined> {
    const found = await mapped(() => this.#look(join(this.#base, ...name.split('/')), signal));
    return found?.isFile() === true
      ? { name, sizeBytes: Number(found.size), etag: etagOf(found) }
      : undefined;
  }

  async #checkRoom(sizeBytes: number, signal: AbortSignal | undefined): Promise<void> {
    const room = await this.#calls.run(signal, () => statfs(this.#root));
    // Some shares tell nothing.
    if (room.blocks === 0) return;
    if (room.bavail * room.bsize < sizeBytes + reserveBytes) throw new EdgeSyncError('cloud-full');
  }

  /** A share that went leaves an empty folder behind, on the disk of this PC: nothing may be written there. */
  async #checkIdentity(signal: AbortSignal | undefined): Promise<void> {
    const root = await this.#calls.run(signal, () => stat(this.#root, { bigint: true }));
    this.#identity ??= identityOf(root);
    if (identityOf(root) !== this.#identity) {
      // A share that was connected anew has another number; what it holds tells that it is the same.
      if (this.#mark !== undefined && (await this.#markOf(signal)) === this.#mark) {
        this.#identity = identityOf(root);
        return;
      }
      throw new EdgeSyncError('cloud-unreachable', 'another folder lies there now: is the share connected?');
    }
  }

  async #markOf(signal: AbortSignal | undefined): Promise<bigint | undefined> {
    if (!(await this.#isPlainWay(['checks'], signal))) return undefined;
    const found = await this.#look(join(this.#base, ...checkName.split('/')), signal);
    return found?.isFile() === true ? found.mtimeNs : undefined;
  }

  /** By the time the share gives to a new file; and takes away what is a day older than that. */
  async #checkClock(signal: AbortSignal | undefined): Promise<void> {
    await this.#folder([unfinished], signal);
    const folder = join(this.#base, unfinished);
    const path = join(folder, `${this.#random.bytes(16).toString('hex')}.part`);
    const file = await this.#open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, signal);
    this.#close(file);
    const made = await this.#look(path, signal);
    const nowMs = this.#clock.nowMs();
    await this.#calls.run(signal, () => rm(path, { force: true }));
    if (made === undefined) return;
    const shareMs = Number(made.mtimeMs);
    await this.#sweep(folder, shareMs, signal);
    const skew = clockSkew(new Date(shareMs), nowMs);
    if (skew !== undefined) throw skew;
  }

  async #sweep(folder: string, shareMs: number, signal: AbortSignal | undefined): Promise<void> {
    const names = await this.#calls.run(signal, () => readdir(folder));
    for (const name of names) {
      if (!unfinishedName.test(name)) continue;
      const path = join(folder, name);
      const found = await this.#look(path, signal);
      if (found?.isFile() !== true || shareMs - Number(found.mtimeMs) < leftOverAfterMs) continue;
      await this.#calls.run(signal, () => rm(path, { force: true }));
    }
  }

  #look(path: string, signal: AbortSignal | undefined): Promise<BigIntStats | undefined> {
    return this.#calls
      .run(signal, () => lstat(path, { bigint: true }))
      .catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return undefined;
        throw error;
      });
  }

  /** Never through a link, where the system can say so. */
  #open(path: string, flags: number, signal: AbortSignal | undefined): Promise<FileHandle> {
    const noFollow = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
    return this.#calls.run(
      signal,
      () => open(path, flags | noFollow, 0o660),
      (file) => this.#close(file),
    );
  }

  async #closed(file: FileHandle): Promise<void> {
    let isBegun = false;
    await this.#calls
      .run(undefined, () => {
        isBegun = true;
        return file.close();
      })
      .catch(() => {
        if (!isBegun) this.#close(file);
      });
  }

  #close(file: FileHandle): void {
    this.#calls.close(file);
  }

  /** Makes a new name outlast a power cut. Windows and some shares cannot: there the share's own promise is the best. */
  async #flushFolder(path: string, signal: AbortSignal | undefined): Promise<void> {
    if (process.platform === 'win32') return;
    try {
      const folder = await this.#open(path, constants.O_RDONLY, signal);
      try {
        await this.#calls.run(signal, () => folder.sync());
      } finally {
        this.#close(folder);
      }
    } catch (error) {
      if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR', 'EBADF'].includes(systemCode(error))) throw error;
    }
  }
}

/** What systems answer that have no hard links, or none for this file. */
const noLinks: readonly string[] = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
  'EMLINK',
  'UNKNOWN',
];

const nothing: ObjectSource = {
  sizeBytes: 0,
  async *read() {
    // Nothing.
  },
};

async function mapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mapFolderError(error);
  }
}

/** @throws EdgeSyncError `internal` for a name that is none of ours: it must never become a path. */
function partsOf(name: string): readonly string[] {
  if (!goodName.test(name) || name.length > 500)
    throw new EdgeSyncError('internal', 'a name that is none of ours');
  return name.split('/');
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}-${ino}`;
}

function etagOf({ size, mtimeNs }: BigIntStats): string {
  return `${size.toString(16)}-${mtimeNs.toString(16)}`;
}

function notPlain(): EdgeSyncError {
  return new EdgeSyncError(
    'cloud-refused',
    'a link or something else stands where a file or folder should be',
  );
}
