/** A watched folder: every DICOM file in it and below is imported once it stands still. See README.md. */
import { watch, type FSWatcher } from 'chokidar';
import { stat } from 'node:fs/promises';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { FolderSettings } from '../../../shared/settings.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { importFile, type FileOutcome } from './file-import.ts';
import { sameVersion, type FileVersion } from './imported-file.ts';
import { notReadable, walkFiles } from './walk.ts';

export interface WatchTiming {
  /** Size and time must not change for so long. Copies over a network come in bursts. */
  readonly settleMs: number;
  /** A file that is no whole image gets so long before it is told: it may still be growing. */
  readonly patienceMs: number;
  /** The folder is searched this often: changes made by another PC on a network drive are told by nobody. */
  readonly rescanMs: number;
  /** A folder that cannot be reached, or an intake that refuses, is tried again this often. */
  readonly retryMs: number;
  /** Troubles that call for a search are gathered for so long. */
  readonly gatherMs: number;
}

export const defaultWatchTiming: WatchTiming = {
  settleMs: 3000,
  patienceMs: 30_000,
  rescanMs: 60_000,
  retryMs: 10_000,
  gatherMs: 500,
};

/** A search that takes long (a slow drive, 100,000 files) is followed by a pause this many times as long. */
const pauseFactor = 10;
/** New files are looked for between batches, also while a large backlog is imported. */
const batchFiles = 64;
/** Beside an upload and a listener on two cores: one file is flushed while the next is read. */
const filesAtOnce = 2;

export interface FolderWatcherDeps {
  /** `path` absolute. */
  readonly folder: FolderSettings;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  /** The folder is back, or a file that was told is whole now: closes the incident of that code and subject. */
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
  readonly timing?: WatchTiming;
}

/** What is remembered of a file, so that an unchanged one costs one `stat` per search. */
interface Known extends FileVersion {
  readonly after: 'done' | 'told' | 'try-again';
  /** The incident that was reported for this version. */
  readonly told: ErrorCode | undefined;
  /** Number of the search that saw it last. */
  readonly seenIn: number;
}

/** Stands for a folder that could not be listed, or a link that leads nowhere readable. */
const unreadable: FileVersion = { sizeBytes: -1, mtimeMs: -1 };

interface Waiting extends FileVersion {
  readonly dueMs: number;
  /** It was read once and was no whole image. */
  readonly hadPatience: 'yes' | 'no';
}

export class FolderWatcher {
  readonly #deps: FolderWatcherDeps;
  readonly #timing: WatchTiming;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #hints = new Set<string>();
  #reachable: 'unknown' | 'yes' | 'no' = 'unknown';
  #watcher: FSWatcher | undefined;
  #searches = 0;
  #nextSearchMs = -Infinity;
  #sleeping: AbortController | undefined;
  #loop: Promise<void> | undefined;

  constructor(deps: FolderWatcherDeps) {
    this.#deps = deps;
    this.#timing = deps.timing ?? defaultWatchTiming;
    this.#logger = deps.logger.child('watch');
  }

  /** Whether the folder could be read when it was last looked at. */
  get reachable(): 'unknown' | 'yes' | 'no' {
    return this.#reachable;
  }

  /** Starts with a search of everything that lies there. Returns at once. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Stops; a file that is being imported is given up and leaves nothing behind. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#sleeping?.abort();
    await this.#loop;
    await this.#unwatch();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding()) {
      try {
        await this.#round();
      } catch (error) {
        this.#logger.error('watching a folder failed, trying again', {}, error);
        await this.#pause(this.#timing.retryMs);
      }
    }
  }

  async #round(): Promise<void> {
    const { clock, intake } = this.#deps;
    if (clock.monotonicMs() >= this.#nextSearchMs) await this.#search();
    await this.#takeHints();
    const due = await this.#settled();
    if (due.length > 0 && intake.refusal() === undefined) {
      await this.#importAll(due);
      return;
    }
    if (this.#hints.size > 0) return;
    // What is due now waits for an intake that refuses.
    const wakeAtMs =
      due.length > 0
        ? clock.monotonicMs() + this.#timing.retryMs
        : Math.min(this.#nextSearchMs, this.#nextDueMs());
    await this.#pause(Math.max(0, wakeAtMs - clock.monotonicMs()));
  }

  async #search(): Promise<void> {
    const { clock, folder } = this.#deps;
    const startedMs = clock.monotonicMs();
    if (!(await this.#reach())) {
      this.#nextSearchMs = clock.monotonicMs() + this.#timing.retryMs;
      return;
    }
    this.#searches += 1;
    let isWhole = true;
    for await (const entry of walkFiles(folder.path, this.#ending.signal)) {
      if (entry.tag === 'file') await this.#look(entry.path);
      else if (entry.error.detail !== 'ENOENT') {
        isWhole = false;
        this.#tellUnreadable(entry.path, entry.error.code);
      }
    }
    if (isWhole && !this.#isEnding()) await this.#forgetGone();
    const tookMs = clock.monotonicMs() - startedMs;
    this.#nextSearchMs = clock.monotonicMs() + Math.max(this.#timing.rescanMs, pauseFactor * tookMs);
  }

  /** Is the folder there? Tells it once when it goes and once when it comes back. */
  async #reach(): Promise<boolean> {
    const { folder, reportIncident, resolveIncident } = this.#deps;
    const isThere = await isFolder(folder.path);
    if (isThere && this.#reachable !== 'yes') {
      if (this.#reachable === 'no') {
        this.#logger.info('watched folder is back');
        resolveIncident('folder-not-reachable', folder.path);
      }
      await this.#watch();
    }
    if (!isThere && this.#reachable !== 'no') {
      this.#logger.warn('watched folder cannot be reached');
      reportIncident({ code: 'folder-not-reachable', subject: folder.path });
      await this.#unwatch();
    }
    this.#reachable = isThere ? 'yes' : 'no';
    return isThere;
  }

  async #watch(): Promise<void> {
    await this.#unwatch();
    const { folder } = this.#deps;
    // The searches find what lies there and follow links; this only makes changes known at once.
    const watcher = watch(folder.path, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      atomic: false,
    });
    const hint = (path: string): void => {
      this.#hints.add(path);
      this.#sleeping?.abort();
    };
    watcher.on('add', hint).on('change', hint);
    watcher.on('unlinkDir', () => this.#searchSoon());
    watcher.on('error', (error) => {
      this.#logger.warn('change notices of a folder failed, searching instead', {
        detail: notReadable(error).detail,
      });
      this.#searchSoon();
    });
    this.#watcher = watcher;
  }

  async #unwatch(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.close();
  }

  #searchSoon(): void {
    this.#nextSearchMs = Math.min(this.#nextSearchMs, this.#deps.clock.monotonicMs() + this.#timing.gatherMs);
    this.#sleeping?.abort();
  }

  async #takeHints(): Promise<void> {
    const hints = [...this.#hints];
    this.#hints.clear();
    for (const path of hints) await this.#look(path);
  }

  /** Puts a file among those that wait to settle, unless this version of it is done with. */
  async #look(path: string): Promise<void> {
    const version = await versionOf(path);
    if (version === undefined) return;
    const known = this.#known.get(path);
    if (known !== undefined && sameVersion(known, version)) {
      this.#known.set(path, { ...known, seenIn: this.#searches });
      if (known.after !== 'try-again') return;
    }
    if (!this.#waiting.has(path)) this.#wait(path, version, this.#timing.settleMs, 'no');
  }

  #wait(path: string, version: FileVersion, ms: number, hadPatience: Waiting['hadPatience']): void {
    this.#waiting.set(path, { ...version, dueMs: this.#deps.clock.monotonicMs() + ms, hadPatience });
  }

  /** Files that stood still for long enough; those that moved wait anew, those that are gone are forgotten. */
  async #settled(): Promise<readonly string[]> {
    const nowMs = this.#deps.clock.monotonicMs();
    const due: string[] = [];
    for (const [path, waiting] of this.#waiting) {
      if (waiting.dueMs > nowMs) continue;
      if (due.length === batchFiles || this.#isEnding()) break;
      const version = await versionOf(path);
      if (version === undefined) this.#waiting.delete(path);
      else if (sameVersion(waiting, version)) due.push(path);
      else this.#wait(path, version, this.#timing.settleMs, 'no');
    }
    return due;
  }

  #nextDueMs(): number {
    let nextMs = Infinity;
    for (const { dueMs } of this.#waiting.values()) nextMs = Math.min(nextMs, dueMs);
    return nextMs;
  }

  async #importAll(paths: readonly string[]): Promise<void> {
    const left = [...paths];
    const work = async (): Promise<void> => {
      for (let path = left.shift(); path !== undefined; path = left.shift()) {
        if (this.#isEnding() || this.#deps.intake.refusal() !== undefined) return;
        await this.#import(path);
      }
    };
    await Promise.all(Array.from({ length: filesAtOnce }, work));
  }

  async #import(path: string): Promise<void> {
    const { folder, intake } = this.#deps;
    const waited = this.#waiting.get(path);
    const file = {
      path,
      origin: { tag: 'folder', folder: folder.path, path },
      afterImport: folder.afterImport,
    } as const;
    const outcome = await importFile(file, intake, this.#ending.signal);
    if (this.#isEnding() || waited === undefined) return;
    this.#waiting.delete(path);
    this.#settle(path, waited, outcome);
  }

  #settle(path: string, waited: Waiting, outcome: FileOutcome): void {
    switch (outcome.tag) {
      case 'stored':
      case 'duplicate':
      case 'skipped':
        this.#resolve(path);
        this.#know(path, outcome.version, 'done', undefined);
        return;
      case 'changed':
        // Its new version is found by the next hint or search.
        this.#hints.add(path);
        return;
      case 'refused':
        if (outcome.error.detail === 'ENOENT') return;
        this.#refused(path, waited, outcome.error.code, outcome.version ?? waited);
        return;
    }
  }

  #refused(path: string, waited: Waiting, code: ErrorCode, version: FileVersion): void {
    const lasting = isAboutContent(code);
    if (lasting && waited.hadPatience === 'no') {
      this.#wait(path, version, this.#timing.patienceMs, 'yes');
      return;
    }
    const known = this.#known.get(path);
    const wasTold = known?.told === code && sameVersion(known, version);
    this.#know(path, version, lasting ? 'told' : 'try-again', code);
    if (wasTold) return;
    if (known?.told !== undefined && known.told !== code) this.#deps.resolveIncident(known.told, path);
    this.#logger.warn('a file of a watched folder was not imported', { code });
    this.#deps.reportIncident({ code, subject: path });
  }

  #tellUnreadable(path: string, code: ErrorCode): void {
    const known = this.#known.get(path);
    this.#know(path, unreadable, 'try-again', code);
    if (known?.told === code) return;
    this.#logger.warn('a part of a watched folder cannot be read', { code });
    this.#deps.reportIncident({ code, subject: path });
  }

  #know(path: string, version: FileVersion, after: Known['after'], told: ErrorCode | undefined): void {
    const { sizeBytes, mtimeMs } = version;
    this.#known.set(path, { sizeBytes, mtimeMs, after, told, seenIn: this.#searches });
  }

  #resolve(path: string): void {
    const told = this.#known.get(path)?.told;
    if (told !== undefined) this.#deps.resolveIncident(told, path);
  }

  /** A bad file that is gone stays an incident: nobody knows whether its image is anywhere else. */
  async #forgetGone(): Promise<void> {
    for (const [path, known] of this.#known) {
      if (known.seenIn === this.#searches || this.#waiting.has(path)) continue;
      if (known.sizeBytes === unreadable.sizeBytes && (await isFolder(path))) this.#resolve(path);
      this.#known.delete(path);
    }
  }

  /** Ends early when a hint comes or the watcher is closed. */
  async #pause(ms: number): Promise<void> {
    if (this.#isEnding()) return;
    const sleeping = new AbortController();
    this.#sleeping = sleeping;
    await this.#deps.clock.sleep(ms, sleeping.signal).catch(() => undefined);
    this.#sleeping = undefined;
  }

  #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }
}

/** What is wrong lies in the file: only another version of it can be imported. Anything else is tried again. */
function isAboutContent(code: ErrorCode): boolean {
  return code === 'not-dicom' || code.startsWith('dicom-');
}

async function versionOf(path: string): Promise<FileVersion | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? { sizeBytes: stats.size, mtimeMs: stats.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
