/**
 * Tells of changes at once where the system does: on drives of this PC. chokidar is given each folder for itself as the
 * search comes by, since a whole tree at once costs it 310 MB for 100,000 files, and folder by folder 50 MB.
 * Network drives get none: other PCs' changes are not told there, and the call to ask for it is one that blocks.
 */
import { watch, type FSWatcher } from 'chokidar';

/** Each folder costs a watch of the system and its file names; the rest is found by searching. */
const mostFolders = 20_000;

export interface NoticeListener {
  /** A file came, changed or went. */
  readonly onFile: (path: string) => void;
  /** Folders came or went: search. */
  readonly onFolder: () => void;
  readonly onError: (error: unknown) => void;
}

export class ChangeNotices {
  readonly #listener: NoticeListener;
  readonly #followed = new Set<string>();
  #watcher: FSWatcher | undefined;

  constructor(listener: NoticeListener) {
    this.#listener = listener;
  }

  /** From now on, changes among the direct entries of `folder` are told. Does nothing when they are already. */
  follow(folder: string): void {
    if (this.#followed.has(folder) || this.#followed.size >= mostFolders) return;
    this.#followed.add(folder);
    this.#watcher ??= this.#open();
    this.#watcher.add(folder);
  }

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#followed.clear();
    await watcher?.close();
  }

  #open(): FSWatcher {
    const watcher = watch([], {
      depth: 0,
      ignoreInitial: true,
      // The searches follow links; this only makes changes known at once.
      followSymlinks: false,
      ignorePermissionErrors: true,
      atomic: false,
    });
    const { onFile, onFolder, onError } = this.#listener;
    watcher.on('add', onFile).on('change', onFile).on('unlink', onFile);
    watcher.on('addDir', (path) => {
      if (!this.#followed.has(path)) onFolder();
    });
    watcher.on('unlinkDir', (path) => {
      if (this.#followed.delete(path)) void watcher.unwatch(path);
      onFolder();
    });
    watcher.on('error', onError);
    return watcher;
  }
}
