/** The watched folders as the settings name them now. */
import { resolve } from 'node:path';
import type { ErrorCode } from '../../shared/errors.ts';
import type { FolderSettings } from '../../shared/settings.ts';
import type { Intake } from './intake/intake-port.ts';
import type { ReportIncident } from './model.ts';
import type { Clock, Logger } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { DrivePlaces } from './watch/drive-access.ts';
import { FolderWatcher } from './watch/folder-watcher.ts';
import { Removals } from './watch/removals.ts';

export interface WatchedFoldersDeps {
  readonly folders: () => readonly FolderSettings[];
  readonly queue: Pick<Queue, 'watched'> & ConstructorParameters<typeof Removals>[0]['queue'];
  readonly intake: Intake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
}

interface Watched {
  readonly folder: FolderSettings;
  readonly watcher: FolderWatcher;
}

export class WatchedFolders {
  readonly #deps: WatchedFoldersDeps;
  readonly #places = new DrivePlaces();
  #watched: readonly Watched[];
  #removals: Removals;
  #isStarted = false;
  #isClosed = false;
  #renewing: Promise<void> = Promise.resolve();

  constructor(deps: WatchedFoldersDeps) {
    this.#deps = deps;
    this.#watched = this.#wanted().map((folder) => this.#watch(folder));
    this.#removals = this.#removalsOf();
    this.#forgetOthers();
  }

  get watchers(): readonly FolderWatcher[] {
    return this.#watched.map(({ watcher }) => watcher);
  }

  start(): void {
    this.#isStarted = true;
    for (const { watcher } of this.#watched) watcher.start();
  }

  /**
   * Goes by the settings as they are now; folders that did not change are not disturbed. A drive that hangs holds up
   * only what replaces it. Resolves when all are watched.
   */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(() => this.#renew());
    return this.#renewing;
  }

  /** Deletes files whose image is verified, where a folder wants that. */
  round(signal: AbortSignal): Promise<void> {
    return this.#removals.round(signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#renewing;
    await Promise.all(this.watchers.map((watcher) => watcher.close()));
  }

  async #renew(): Promise<void> {
    if (this.#isClosed) return;
    const wanted = this.#wanted();
    const isWanted = (one: Watched): boolean => wanted.some((folder) => isSame(folder, one.folder));
    const gone = this.#watched.filter((one) => !isWanted(one));
    const kept = this.#watched.filter(isWanted);
    await Promise.all(gone.map(({ watcher }) => watcher.close()));
    const added = wanted
      .filter((folder) => !kept.some((one) => isSame(folder, one.folder)))
      .map((folder) => this.#watch(folder));
    this.#watched = [...kept, ...added];
    this.#removals = this.#removalsOf();
    this.#forgetOthers();
    for (const { folder } of gone) {
      if (!wanted.some(({ path }) => path === folder.path))
        this.#deps.resolveIncident('folder-not-reachable', folder.path);
    }
    if (this.#isStarted) for (const { watcher } of added) watcher.start();
  }

  #wanted(): readonly FolderSettings[] {
    return this.#deps.folders().map((folder) => ({ ...folder, path: resolve(folder.path) }));
  }

  #watch(folder: FolderSettings): Watched {
    const { queue } = this.#deps;
    const watcher = new FolderWatcher({
      ...this.#deps,
      folder,
      memory: queue.watched.folder(folder.path, folder.afterImport),
      places: this.#places,
    });
    return { folder, watcher };
  }

  #removalsOf(): Removals {
    const { logger } = this.#deps;
    return new Removals({
      ...this.#deps,
      folders: this.#watched.map(({ folder, watcher }) => ({ ...folder, isThere: () => watcher.isThere() })),
      logger: logger.child('watch'),
      places: this.#places,
    });
  }

  #forgetOthers(): void {
    this.#deps.queue.watched.keepFolders(this.#watched.map(({ folder }) => folder.path));
  }
}

function isSame(one: FolderSettings, other: FolderSettings): boolean {
  return one.path === other.path && one.afterImport === other.afterImport;
}
