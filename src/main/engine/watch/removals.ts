/**
 * Deletes files of folders with afterImport "delete" once their image is verified in every required destination. What
 * cannot be deleted is told, left where it is, and tried again later; it holds up no other folder.
 */
import { sep } from 'node:path';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { FolderSettings } from '../../../shared/settings.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { DriveAccess, type DrivePlaces } from './drive-access.ts';
import { pathOfTicket, removeImported, type Removal } from './imported-file.ts';
import { isUnreachable, notReadable } from './walk.ts';

/** Files looked at in one round; the next one goes on behind them. */
const filesPerRound = 500;
/** A folder that refused is left alone for so long: every attempt reads a whole file first. */
const restMs = 10 * 60_000;
/** Reading a file of some gigabytes over a slow network takes minutes; longer is a drive that hangs. */
const deadlineMs = 15 * 60_000;

/** Rows of files that may be deleted now, in ascending order of id. */
export interface RemovalQueue {
  deletableFiles(limit: number, afterId?: number): readonly { readonly id: number; readonly path: string }[];
  fileDeleted(id: number): Promise<void>;
}

export interface WatchedFolderNow extends FolderSettings {
  /** Whether its drive is connected: else a file that is not there is not gone. */
  readonly isThere: () => Promise<boolean>;
}

export interface RemovalsDeps {
  readonly queue: RemovalQueue;
  readonly folders: readonly WatchedFolderNow[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly places: DrivePlaces;
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
}

interface Place {
  readonly folder: WatchedFolderNow;
  readonly access: DriveAccess;
  restUntilMs: number;
  hasRefused: boolean;
}

export class Removals {
  readonly #deps: RemovalsDeps;
  readonly #places: readonly Place[];
  #afterId = 0;

  constructor(deps: RemovalsDeps) {
    this.#deps = deps;
    this.#places = deps.folders.map((folder) => ({
      folder,
      access: new DriveAccess(deps.clock, deps.places, deadlineMs),
      restUntilMs: -Infinity,
      // One may stand from before the start; the first success closes it.
      hasRefused: true,
    }));
  }

  /** One round over what may be deleted. Each row is asked for right before its file goes. Never waits for a drive. */
  async round(signal: AbortSignal): Promise<void> {
    const ending = new Promise<'ended'>((resolve) => {
      if (signal.aborted) resolve('ended');
      signal.addEventListener('abort', () => resolve('ended'), { once: true });
    });
    for (let count = 0; count < filesPerRound && !signal.aborted; count += 1) {
      const [file] = this.#deps.queue.deletableFiles(1, this.#afterId);
      if (file === undefined) {
        this.#afterId = 0;
        return;
      }
      this.#afterId = file.id;
      if ((await Promise.race([this.#handle(file), ending])) === 'ended') return;
    }
  }

  async #handle({ id, path: ticket }: { readonly id: number; readonly path: string }): Promise<'handled'> {
    const { queue, clock, logger } = this.#deps;
    const path = pathOfTicket(ticket);
    const place = path === undefined ? undefined : this.#placeOf(path);
    if (place?.folder.afterImport !== 'delete') {
      // Watched no more, or to be kept by now: then it stays.
      await queue.fileDeleted(id);
      return 'handled';
    }
    if (clock.monotonicMs() < place.restUntilMs || place.access.isStuck) return 'handled';
    const removal = await this.#remove(place, ticket);
    switch (removal.tag) {
      case 'refused':
        logger.warn('imported-file-not-deleted', { code: removal.error.code, detail: removal.error.detail });
        this.#refused(place, removal);
        break;
      case 'gone':
        if (await this.#isThere(place)) await queue.fileDeleted(id);
        break;
      case 'removed':
      case 'changed':
        await queue.fileDeleted(id);
        if (removal.tag === 'removed') this.#worked(place);
        break;
    }
    return 'handled';
  }

  async #remove(place: Place, ticket: string): Promise<Removal> {
    try {
      return await place.access.run(() => removeImported(ticket));
    } catch (error) {
      return { tag: 'refused', error: notReadable(error) };
    }
  }

  /** The watcher tells of a folder that is away. */
  async #isThere(place: Place): Promise<boolean> {
    const isThere = await place.folder.isThere().catch(() => false);
    if (!isThere) place.restUntilMs = this.#deps.clock.monotonicMs() + restMs;
    return isThere;
  }

  #refused(place: Place, { error }: Extract<Removal, { tag: 'refused' }>): void {
    place.restUntilMs = this.#deps.clock.monotonicMs() + restMs;
    if (isUnreachable(error)) return;
    place.hasRefused = true;
    this.#deps.reportIncident({
      code: 'file-not-deleted',
      subject: place.folder.path,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    });
  }

  #worked(place: Place): void {
    if (!place.hasRefused) return;
    place.hasRefused = false;
    this.#deps.resolveIncident('file-not-deleted', place.folder.path);
  }

  /** The innermost watched folder that the file lies in. */
  #placeOf(path: string): Place | undefined {
    return this.#places
      .filter(({ folder }) => path.startsWith(folder.path.endsWith(sep) ? folder.path : folder.path + sep))
      .toSorted((a, b) => b.folder.path.length - a.folder.path.length)[0];
  }
}
