/** `edge-sync import PATH...`: files and folders, once, with progress. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ImportEvent } from '../../../shared/contract.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { Clock } from '../ports.ts';
import { DriveAccess } from './drive-access.ts';
import { importFile, type FileOutcome } from './file-import.ts';
import { Media } from './medium.ts';
import { isUnreachable, notReadable, walkFiles, type WalkEntry } from './walk.ts';

/** Two cores, and the flush of one file hides the reading of another (measured: four in parallel, DESIGN section 5). */
const filesAtOnce = 4;
/** How far the search may be ahead of the import, so that progress has a total but memory stays bounded. */
const aheadEntries = 10_000;
const progressEveryMs = 200;
/** A file that is being written gets so many chances. */
const attemptsPerFile = 3;
const secondChanceMs = 1000;

export interface ImportOptions {
  readonly intake: Intake;
  readonly clock: Clock;
  /** Called in order; `problem` events carry the path for the person who asked, so they are not to be logged. */
  readonly onEvent: (event: ImportEvent) => void;
  readonly signal?: AbortSignal;
}

/** A file, or something that is none, and the path of the command that it was found below. */
type Work = Exclude<WalkEntry, { tag: 'folder' }> & { readonly root: string };

export type ImportSummary = Omit<Extract<ImportEvent, { tag: 'progress' }>, 'tag'>;

/**
 * Imports every DICOM file at or below `paths` (absolute). A DICOMDIR stands for the files that it names: those missing
 * are problems, and where it is itself one of the `paths` they are what is imported. What else lies on such a medium
 * and is not DICOM (a viewer) is passed over quietly. Resolves with the totals; rejects only with EdgeSyncError `cancelled`, when the signal aborts.
 */
export async function importPaths(paths: readonly string[], options: ImportOptions): Promise<ImportSummary> {
  const run = new ImportRun(options);
  return run.run(paths);
}

class ImportRun {
  readonly #options: ImportOptions;
  readonly #access: DriveAccess;
  readonly #media: Media;
  readonly #waiting: Work[] = [];
  readonly #totals = { found: 0, done: 0, stored: 0, duplicates: 0, failed: 0, bytes: 0 };
  #walked = false;
  /** Files under way: one of them may be a directory that brings more. */
  #busy = 0;
  #toldAtMs = -Infinity;
  #news = Promise.withResolvers<undefined>();

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#access = new DriveAccess(options.clock);
    this.#media = new Media(this.#access);
  }

  async run(paths: readonly string[]): Promise<ImportSummary> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#wake();
    signal?.addEventListener('abort', onAbort);
    const workers = Array.from({ length: filesAtOnce }, () => this.#work());
    await Promise.all([this.#walk(paths), ...workers]);
    signal?.removeEventListener('abort', onAbort);
    if (this.#isAborted()) throw new EdgeSyncError('cancelled');
    this.#tell();
    return { ...this.#totals };
  }

  async #walk(paths: readonly string[]): Promise<void> {
    for (const root of paths) {
      try {
        for await (const entry of walkFiles(root, this.#access, this.#options.signal)) {
          if (entry.tag !== 'folder') await this.#offer({ ...entry, root });
          if (this.#isAborted()) break;
        }
      } catch (error) {
        await this.#offer({ tag: 'problem', path: root, error: notReadable(error), root });
      }
    }
    this.#walked = true;
    this.#wake();
  }

  async #offer(work: Work): Promise<void> {
    while (this.#waiting.length >= aheadEntries && !this.#isAborted()) await this.#changed();
    if (this.#isAborted()) return;
    this.#totals.found += 1;
    this.#waiting.push(work);
    this.#wake();
  }

  async #work(): Promise<void> {
    while (!this.#isAborted()) {
      const entry = this.#waiting.shift();
      if (entry !== undefined) {
        this.#busy += 1;
        await this.#handle(entry);
        this.#busy -= 1;
        this.#wake();
      } else if (this.#walked && this.#busy === 0) {
        return;
      } else {
        await this.#changed();
      }
    }
    this.#wake();
  }

  async #handle(work: Work): Promise<void> {
    if (work.tag === 'problem') {
      this.#problem(work.path, work.error);
    } else {
      const outcome = await this.#import(work.path);
      if (this.#isAborted()) return;
      if (outcome.tag === 'directory') await this.#medium(work);
      else if (!(await this.#isBystander(work, outcome))) this.#count(work.path, outcome);
    }
    this.#totals.done += 1;
    if (this.#options.clock.monotonicMs() - this.#toldAtMs >= progressEveryMs) this.#tell();
  }

  async #import(path: string): Promise<FileOutcome> {
    const { intake, clock, signal } = this.#options;
    const access = this.#access;
    for (let attempt = 1; ; attempt += 1) {
      const file = {
        path,
        origin: { tag: 'import', path },
        afterImport: 'keep',
        zeroEnd: 'import',
      } as const;
      const outcome = await importFile(file, { intake, access, signal });
      if (outcome.tag !== 'changed' || attempt === attemptsPerFile) return outcome;
      // An abort ends the wait; the next attempt finds it.
      await clock.sleep(secondChanceMs, signal).catch(() => undefined);
    }
  }

  /** The DICOMDIR of a medium: what it names and is not there is told. */
  async #medium({ path, root }: Work): Promise<void> {
    try {
      const check = await this.#media.check(path);
      if (check === undefined || this.#isAborted()) return;
      for (const missing of check.firstMissing) {
        this.#problem(missing, new EdgeSyncError('medium-incomplete'));
      }
      const more = check.missing - check.firstMissing.length;
      if (more > 0) this.#problem(path, new EdgeSyncError('medium-incomplete', `${more} more`));
      // Named alone, it stands for its files: they are walked by nobody else.
      if (path !== root) return;
      this.#totals.found += check.found.length;
      this.#waiting.push(...check.found.map((found) => ({ tag: 'file', path: found, root: found }) as const));
    } catch (error) {
      this.#problem(path, notReadable(error));
    }
  }

  async #isBystander({ path, root }: Work, outcome: FileOutcome): Promise<boolean> {
    if (outcome.tag !== 'refused' || outcome.error.code !== 'not-dicom' || path === root) return false;
    return this.#media.isBystander(path, root).catch((error: unknown) => {
      if (isUnreachable(error)) return false;
      throw error;
    });
  }

  #count(path: string, outcome: Exclude<FileOutcome, { tag: 'directory' }>): void {
    switch (outcome.tag) {
      case 'stored':
        this.#totals.stored += 1;
        this.#totals.bytes += outcome.version.sizeBytes;
        return;
      case 'duplicate':
        this.#totals.duplicates += 1;
        this.#totals.bytes += outcome.version.sizeBytes;
        return;
      case 'skipped':
      case 'zero-end':
        return;
      case 'changed':
        this.#problem(path, new EdgeSyncError('file-not-readable', 'it is still being written'));
        return;
      case 'refused':
        this.#problem(path, outcome.error);
        return;
    }
  }

  #problem(path: string, error: EdgeSyncError): void {
    this.#totals.failed += 1;
    this.#options.onEvent({ tag: 'problem', problem: { path, ...error.report } });
  }

  #tell(): void {
    this.#toldAtMs = this.#options.clock.monotonicMs();
    this.#options.onEvent({ tag: 'progress', ...this.#totals });
  }

  #isAborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #changed(): Promise<unknown> {
    return this.#news.promise;
  }

  #wake(): void {
    const news = this.#news;
    this.#news = Promise.withResolvers();
    news.resolve(undefined);
  }
}
