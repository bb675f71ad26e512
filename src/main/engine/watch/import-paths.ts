/** `edge-sync import PATH...`: files and folders, once, with progress. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { ImportEvent } from '../../../shared/contract.ts';
import type { Intake } from '../intake/intake-port.ts';
import type { Clock } from '../ports.ts';
import { importFile, type FileOutcome } from './file-import.ts';
import { walkFiles, type WalkEntry } from './walk.ts';

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

export type ImportSummary = Omit<Extract<ImportEvent, { tag: 'progress' }>, 'tag'>;

/**
 * Imports every DICOM file at or below `paths` (absolute). A DICOMDIR counts as done and is passed over quietly.
 * Resolves with the totals; rejects only with EdgeSyncError `cancelled`, when the signal aborts.
 */
export async function importPaths(paths: readonly string[], options: ImportOptions): Promise<ImportSummary> {
  const run = new ImportRun(options);
  return run.run(paths);
}

class ImportRun {
  readonly #options: ImportOptions;
  readonly #waiting: WalkEntry[] = [];
  readonly #totals = { found: 0, done: 0, stored: 0, duplicates: 0, failed: 0, bytes: 0 };
  #walked = false;
  #toldAtMs = -Infinity;
  #news = Promise.withResolvers<undefined>();

  constructor(options: ImportOptions) {
    this.#options = options;
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
    for (const path of paths) {
      for await (const entry of walkFiles(path, this.#options.signal)) {
        while (this.#waiting.length >= aheadEntries && !this.#isAborted()) await this.#changed();
        if (this.#isAborted()) break;
        this.#totals.found += 1;
        this.#waiting.push(entry);
        this.#wake();
      }
    }
    this.#walked = true;
    this.#wake();
  }

  async #work(): Promise<void> {
    while (!this.#isAborted()) {
      const entry = this.#waiting.shift();
      if (entry !== undefined) {
        await this.#handle(entry);
        this.#wake();
      } else if (this.#walked) {
        return;
      } else {
        await this.#changed();
      }
    }
    this.#wake();
  }

  async #handle(entry: WalkEntry): Promise<void> {
    if (entry.tag === 'problem') {
      this.#problem(entry.path, entry.error);
    } else {
      const outcome = await this.#import(entry.path);
      if (this.#isAborted()) return;
      this.#count(entry.path, outcome);
    }
    this.#totals.done += 1;
    if (this.#options.clock.monotonicMs() - this.#toldAtMs >= progressEveryMs) this.#tell();
  }

  async #import(path: string): Promise<FileOutcome> {
    const { intake, clock, signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const file = { path, origin: { tag: 'import', path }, afterImport: 'keep' } as const;
      const outcome = await importFile(file, intake, signal);
      if (outcome.tag !== 'changed' || attempt === attemptsPerFile) return outcome;
      // An abort ends the wait; the next attempt finds it.
      await clock.sleep(secondChanceMs, signal).catch(() => undefined);
    }
  }

  #count(path: string, outcome: FileOutcome): void {
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
