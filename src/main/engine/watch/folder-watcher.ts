/** A watched folder: every DICOM file in it and below is imported once it stands still. See README.md. */
import { stat } from 'node:fs/promises';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { FolderSettings } from '../../../shared/settings.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { ChangeNotices } from './change-notices.ts';
import type { DriveAccess, DrivePlaces } from './drive-access.ts';
import type { DriveKind } from './drive-kind.ts';
import { importFile, type FileOutcome } from './file-import.ts';
import type { FileMemory, RememberedFile } from './file-memory.ts';
import { FileNotes, noVersion } from './file-notes.ts';
import { sameVersion, stateOf, versionText, type FileState } from './imported-file.ts';
import { Media } from './medium.ts';
import { isUnreachable, notReadable, walkFiles } from './walk.ts';
import { WatchedRoot } from './watched-root.ts';

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
  /** A call to the drive that takes longer counts as a drive that does not answer. */
  readonly deadlineMs: number;
}

export const defaultWatchTiming: WatchTiming = {
  settleMs: 3000,
  patienceMs: 30_000,
  rescanMs: 60_000,
  retryMs: 10_000,
  gatherMs: 500,
  deadlineMs: 30_000,
};

/** A search that takes long (a slow drive, 100,000 files) is followed by a pause this many times as long. */
const pauseFactor = 10;
/** New files are looked for between batches, also while a large backlog is imported. */
const batchFiles = 64;
/** Files found but not imported yet; a search goes on when there are fewer. */
const mostWaiting = 5000;
/** Notices that were not looked at yet; more call for a search. */
const mostHints = 5000;
/** Beside an upload and a listener on two cores: one file is flushed while the next is read. */
const filesAtOnce: Readonly<Record<DriveKind, number>> = { local: 2, network: 1 };

export interface FolderWatcherDeps {
  /** `path` absolute. */
  readonly folder: FolderSettings;
  readonly intake: Intake;
  readonly memory: FileMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  /** The folder is back: closes the incident of that code and subject. */
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
  /** Shared among all watchers of an engine. */
  readonly places: DrivePlaces;
  readonly timing?: WatchTiming;
  /** Tests play a drive that hangs. */
  readonly access?: DriveAccess;
}

interface Waiting extends FileState {
  readonly dueMs: number;
  /** It was read once and was no whole image. */
  readonly hadPatience: 'yes' | 'no';
}

export class FolderWatcher {
  readonly #deps: FolderWatcherDeps;
  readonly #timing: WatchTiming;
  readonly #logger: Logger;
  readonly #notices: ChangeNotices;
  readonly #ending = new AbortController();
  readonly #waiting = new Map<string, Waiting>();
  readonly #hints = new Set<string>();
  readonly #root: WatchedRoot;
  readonly #notes: FileNotes;
  #media: Media;
  #searches = 0;
  #nextSearchMs = -Infinity;
  #sleeping: AbortController | undefined;
  #loop: Promise<void> | undefined;

  constructor(deps: FolderWatcherDeps) {
    this.#deps = deps;
    this.#timing = deps.timing ?? defaultWatchTiming;
    this.#logger = deps.logger.child('watch');
    this.#root = new WatchedRoot({
      ...deps,
      path: deps.folder.path,
      logger: this.#logger,
      deadlineMs: this.#timing.deadlineMs,
      access: deps.access,
    });
    this.#notes = new FileNotes(deps.memory, this.#logger);
    this.#media = new Media(this.#root.access);
    this.#notices = new ChangeNotices({
      onFile: (path) => this.#hint(path),
      onFolder: () => this.#searchSoon(),
      onError: (error) => {
        this.#logger.warn('change notices of a folder failed, searching instead', {
          detail: notReadable(error).detail,
        });
        this.#searchSoon();
      },
    });
  }

  /** Whether the folder could be read when it was last looked at. */
  get reachable(): 'unknown' | 'yes' | 'no' {
    return this.#root.reachable;
  }

  /** Whether the very folder that was last searched is there now: else what is missing in it is not gone. */
  async isThere(): Promise<boolean> {
    return this.#root.reachable === 'yes' && (await this.#root.isStillThere());
  }

  /** Starts with a search of everything that lies there. Returns at once. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Somebody wants to know now: the next search does not wait. */
  searchNow(): void {
    this.#nextSearchMs = -Infinity;
    this.#sleeping?.abort();
  }

  /**
   * Stops; a file that is being imported is given up and leaves nothing behind. A drive that hangs is waited for no
   * longer than one call's deadline.
   */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#sleeping?.abort();
    await this.#loop;
    await this.#notices.close();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding()) {
      try {
        await this.#round();
      } catch (error) {
        if (isUnreachable(error)) {
          this.#root.gone(error);
          await this.#away();
        } else {
          this.#logger.error('watching a folder failed, trying again', {}, error);
          await this.#pause(this.#timing.retryMs);
        }
      }
    }
  }

  async #round(): Promise<void> {
    const { clock } = this.#deps;
    if (clock.monotonicMs() >= this.#nextSearchMs) await this.#search();
    await this.#takeHints();
    if ((await this.#importDue()) === 'imported' || this.#hints.size > 0) return;
    const wakeAtMs = Math.min(this.#nextSearchMs, this.#nextDueMs());
    await this.#pause(Math.max(0, wakeAtMs - clock.monotonicMs()));
  }

  async #search(): Promise<void> {
    const { clock, folder } = this.#deps;
    const startedMs = clock.monotonicMs();
    if (!(await this.#root.reach())) {
      await this.#away();
      return;
    }
    // Set before: whoever asks for another search while this one runs gets it.
    this.#nextSearchMs = Infinity;
    this.#searches += 1;
    this.#media = new Media(this.#root.access);
    this.#notes.beginSearch();
    let isWhole = true;
    for await (const entry of walkFiles(folder.path, this.#root.access, this.#ending.signal)) {
      if (entry.tag === 'file') await this.#look(entry.path);
      else if (entry.tag === 'folder') {
        if (this.#root.drive === 'local') this.#notices.follow(entry.path);
      } else if (entry.error.detail !== 'ENOENT' || entry.path === folder.path) {
        isWhole = false;
        this.#notes.tell(entry.path, noVersion, entry.error);
      }
      await this.#makeRoom();
    }
    await this.#notes.write();
    // A drive that went away in the middle of it shows as folders that are gone.
    if (isWhole && !this.#isEnding() && (await this.#root.isStillThere())) await this.#notes.endSearch();
    const nowMs = clock.monotonicMs();
    const pauseMs = Math.max(this.#timing.rescanMs, pauseFactor * (nowMs - startedMs));
    this.#nextSearchMs = Math.min(this.#nextSearchMs, nowMs + pauseMs);
  }

  /** Forgets what was found: with the folder, it will be found anew. */
  async #away(): Promise<void> {
    this.#waiting.clear();
    this.#hints.clear();
    this.#notes.drop();
    this.#nextSearchMs = this.#deps.clock.monotonicMs() + this.#timing.retryMs;
    await this.#notices.close();
  }

  #hint(path: string): void {
    if (this.#hints.size < mostHints) this.#hints.add(path);
    else this.#searchSoon();
    this.#sleeping?.abort();
  }

  #searchSoon(): void {
    this.#nextSearchMs = Math.min(this.#nextSearchMs, this.#deps.clock.monotonicMs() + this.#timing.gatherMs);
    this.#sleeping?.abort();
  }

  async #takeHints(): Promise<void> {
    const hints = [...this.#hints];
    this.#hints.clear();
    for (const path of hints) await this.#look(path);
    await this.#notes.write();
  }

  /** Puts a file among those that wait to settle, unless this version of it is done with. */
  async #look(path: string): Promise<void> {
    const known = this.#notes.find(path);
    const found = await this.#stateOf(path);
    if (found === 'gone') {
      if (known === undefined) return;
      // With the drive, all its files seem to go.
      if (await this.#root.isStillThere()) await this.#notes.gone(path);
      else this.searchNow();
      return;
    }
    if (found instanceof EdgeSyncError) {
      this.#notes.tell(path, noVersion, found);
      return;
    }
    if (known?.version === versionText(found) && !this.#wantsAnotherTry(known)) {
      this.#notes.listAnew(path, known);
      return;
    }
    if (!this.#waiting.has(path)) this.#wait(path, found, this.#timing.settleMs, 'no');
  }

  #wantsAnotherTry({ code }: RememberedFile): boolean {
    switch (code) {
      case undefined:
        return false;
      case 'file-not-readable':
      case 'internal':
        return true;
      // Once for each start: another version of the program, or a class that is allowed now.
      case 'dicom-class-refused':
      case 'dicom-syntax-refused':
        return this.#searches <= 1;
      // What is missing may have come. Where files are deleted it may have come and gone.
      case 'medium-incomplete':
        return this.#deps.folder.afterImport === 'keep';
      default:
        return false;
    }
  }

  #wait(path: string, state: FileState, ms: number, hadPatience: Waiting['hadPatience']): void {
    this.#waiting.set(path, { ...state, dueMs: this.#deps.clock.monotonicMs() + ms, hadPatience });
  }

  /** A search that finds more than can be kept in mind waits until some of it is imported. */
  async #makeRoom(): Promise<void> {
    while (this.#waiting.size >= mostWaiting && !this.#isEnding()) {
      if ((await this.#importDue()) === 'imported') continue;
      await this.#pause(Math.max(0, this.#nextDueMs() - this.#deps.clock.monotonicMs()));
    }
  }

  async #importDue(): Promise<'imported' | 'nothing-due'> {
    const due = await this.#settled();
    if (due.length === 0) return 'nothing-due';
    if (this.#deps.intake.refusal() !== undefined) {
      // What is due now waits for an intake that refuses.
      await this.#pause(this.#timing.retryMs);
      return 'nothing-due';
    }
    await this.#importAll(due);
    return 'imported';
  }

  /** Files that stood still for long enough; those that moved wait anew, those that are gone are forgotten. */
  async #settled(): Promise<readonly string[]> {
    const nowMs = this.#deps.clock.monotonicMs();
    const due: string[] = [];
    for (const [path, waiting] of this.#waiting) {
      if (waiting.dueMs > nowMs) continue;
      if (due.length === batchFiles || this.#isEnding()) break;
      const state = await this.#stateOf(path);
      if (state === 'gone' || state instanceof EdgeSyncError) {
        this.#waiting.delete(path);
        this.#hint(path);
      } else if (sameVersion(waiting, state)) due.push(path);
      else this.#wait(path, state, this.#timing.settleMs, 'no');
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
    const workers = Array.from({ length: filesAtOnce[this.#root.drive] }, () =>
      work().finally(() => (left.length = 0)),
    );
    const ended = await Promise.allSettled(workers);
    await this.#notes.write();
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  async #import(path: string): Promise<void> {
    const { folder, intake } = this.#deps;
    const waited = this.#waiting.get(path);
    if (waited === undefined) return;
    const file = {
      path,
      origin: { tag: 'folder', folder: folder.path, path },
      afterImport: folder.afterImport,
      zeroEnd: waited.hadPatience === 'yes' ? 'import' : 'tell',
    } as const;
    const outcome = await importFile(file, {
      intake,
      access: this.#root.access,
      signal: this.#ending.signal,
    });
    if (this.#isEnding()) return;
    this.#waiting.delete(path);
    await this.#settle(path, waited, outcome);
  }

  async #settle(path: string, waited: Waiting, outcome: FileOutcome): Promise<void> {
    switch (outcome.tag) {
      case 'stored':
      case 'duplicate':
        this.#notes.done(path, versionText(outcome.version), outcome.objectName);
        return;
      case 'skipped':
        this.#notes.done(path, versionText(outcome.version), undefined);
        return;
      case 'directory':
        await this.#medium(path, waited, outcome.version);
        return;
      case 'zero-end':
        this.#wait(path, outcome.version, this.#timing.patienceMs, 'yes');
        return;
      case 'changed':
        // Its new version is found by the next hint or search.
        this.#hint(path);
        return;
      case 'refused':
        await this.#refused(path, waited, outcome.error, outcome.version);
        return;
    }
  }

  /** The directory of a medium that is still being copied names files that are not there yet. */
  async #medium(path: string, waited: Waiting, state: FileState): Promise<void> {
    const check = await this.#media.check(path);
    if (check === undefined || check.missing === 0) {
      this.#notes.done(path, versionText(state), undefined);
      return;
    }
    const named = check.found.length + check.missing;
    const error = new EdgeSyncError('medium-incomplete', `${check.missing} of ${named}`);
    await this.#refused(path, waited, error, state);
  }

  async #refused(
    path: string,
    waited: Waiting,
    error: EdgeSyncError,
    state: FileState | undefined,
  ): Promise<void> {
    if (isUnreachable(error)) throw error;
    if (error.detail === 'ENOENT') {
      this.#hint(path);
      return;
    }
    if (!isAboutFile(error.code)) {
      // Disk, keys, database: the status tells of them, and the file is as good as before.
      this.#logger.warn('a file of a watched folder waits', { code: error.code });
      this.#wait(path, state ?? waited, this.#timing.retryMs, waited.hadPatience);
      return;
    }
    const { folder } = this.#deps;
    if (error.code === 'not-dicom' && (await this.#media.isBystander(path, folder.path))) {
      this.#notes.done(path, versionText(state ?? waited), undefined);
      return;
    }
    const known = this.#notes.find(path);
    const wasTold = known?.code === error.code && known.version === versionText(state ?? waited);
    if (waited.hadPatience === 'no' && !wasTold) {
      this.#wait(path, state ?? waited, this.#timing.patienceMs, 'yes');
      return;
    }
    this.#notes.tell(path, versionText(state ?? waited), error);
  }

  async #stateOf(path: string): Promise<FileState | 'gone' | EdgeSyncError> {
    try {
      const stats = await this.#root.access.run(() => stat(path));
      return stats.isFile() ? stateOf(stats) : 'gone';
    } catch (error) {
      if (isUnreachable(error)) throw error;
      const told = notReadable(error);
      return told.detail === 'ENOENT' || told.detail === 'ENOTDIR' ? 'gone' : told;
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

/** What is wrong lies in the file or in the right to read it, not in this PC. */
function isAboutFile(code: ErrorCode): boolean {
  return (
    code === 'not-dicom' ||
    code === 'file-not-readable' ||
    code === 'medium-incomplete' ||
    code === 'internal' ||
    code.startsWith('dicom-')
  );
}
