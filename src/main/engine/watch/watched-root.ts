/** The watched folder itself: whether it is there, on which drive, and whether it is still the one it was. */
import { opendir, stat } from 'node:fs/promises';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { ReportIncident } from '../model.ts';
import type { Clock, Logger } from '../ports.ts';
import { DriveAccess, type DrivePlaces } from './drive-access.ts';
import { driveKindOf, type DriveKind } from './drive-kind.ts';
import type { FileMemory } from './file-memory.ts';
import { isUnreachable, notReadable } from './walk.ts';

export interface WatchedRootDeps {
  /** Absolute. */
  readonly path: string;
  readonly memory: Pick<FileMemory, 'identity' | 'setIdentity' | 'holdsAny'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
  readonly places: DrivePlaces;
  readonly deadlineMs: number;
  /** Tests play a drive that hangs. */
  readonly access: DriveAccess | undefined;
}

export class WatchedRoot {
  readonly #deps: WatchedRootDeps;
  #access: DriveAccess;
  #drive: DriveKind = 'network';
  #reachable: 'unknown' | 'yes' | 'no' = 'unknown';
  /** Device and inode as `reach` found them. */
  #identity = '';

  constructor(deps: WatchedRootDeps) {
    this.#deps = deps;
    // Until it is known to be a drive of this PC, it is treated as one that may hang.
    this.#access = deps.access ?? new DriveAccess(deps.clock, deps.places, deps.deadlineMs);
  }

  /** Every call to the drive goes through it. Another one may be in force after `reach`. */
  get access(): DriveAccess {
    return this.#access;
  }

  get drive(): DriveKind {
    return this.#drive;
  }

  get reachable(): 'unknown' | 'yes' | 'no' {
    return this.#reachable;
  }

  /** Is the folder there? An incident stands while it is not. */
  async reach(): Promise<boolean> {
    const { path, memory, clock, logger, resolveIncident } = this.#deps;
    const identity = await this.#identityNow();
    if (identity instanceof EdgeSyncError) {
      this.gone(identity);
      return false;
    }
    if (identity !== memory.identity) {
      // Where a network drive or a stick was mounted, an empty folder stays behind.
      if (memory.identity !== undefined && memory.holdsAny() && (await this.#isEmpty())) {
        this.gone(new EdgeSyncError('folder-not-reachable', 'it is empty: is its drive connected?'));
        return false;
      }
      await memory.setIdentity(identity);
    }
    this.#identity = identity;
    if (this.#reachable === 'yes') return true;
    this.#drive = await this.#access.run(() => driveKindOf(path)).catch(() => 'network' as const);
    if (this.#drive === 'local' && this.#deps.access === undefined) {
      this.#access = new DriveAccess(clock, undefined, this.#deps.deadlineMs);
    }
    // Also after a start: the engine may have been down when the folder came back.
    resolveIncident('folder-not-reachable', path);
    if (this.#reachable === 'no') logger.info('watched folder is back');
    this.#reachable = 'yes';
    return true;
  }

  /** Whether it is the very folder that `reach` found, still. */
  async isStillThere(): Promise<boolean> {
    return (await this.#identityNow()) === this.#identity;
  }

  /** It cannot be reached: told once until it is back. */
  gone(error: EdgeSyncError): void {
    if (this.#reachable === 'no') return;
    this.#reachable = 'no';
    const { path, logger, reportIncident } = this.#deps;
    const { detail } = error;
    logger.warn('watched folder cannot be reached', { detail });
    reportIncident({
      code: 'folder-not-reachable',
      subject: path,
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /** Device and inode, or why it cannot be said. */
  async #identityNow(): Promise<string | EdgeSyncError> {
    try {
      const stats = await this.#access.run(() => stat(this.#deps.path, { bigint: true }));
      if (!stats.isDirectory()) return new EdgeSyncError('folder-not-reachable', 'it is no folder');
      return `${stats.dev}:${stats.ino}`;
    } catch (error) {
      if (isUnreachable(error)) return error;
      return new EdgeSyncError('folder-not-reachable', notReadable(error).detail);
    }
  }

  async #isEmpty(): Promise<boolean> {
    const dir = await this.#access.run(
      () => opendir(this.#deps.path),
      (late) => void late.close().catch(() => undefined),
    );
    try {
      return (await this.#access.run(() => dir.read())) === null;
    } finally {
      dir.close().catch(() => undefined);
    }
  }
}
