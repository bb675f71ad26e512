/**
 * Writes the backups: looks whether what there is to back up differs from what was stored last, at each required
 * destination, and stores the next number. Runs beside everything else; nothing waits for it.
 */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger, Random } from '../ports.ts';
import type { BackupMarks } from '../queue/backup-marks.ts';
import type { SealerFactory } from '../seal/seal-port.ts';
import { nextWaitMs } from '../upload/retry-policy.ts';
import { contentDigest, type BackupContent, type BackupMac } from './backup-format.ts';
import { listBackups, storeBackup } from './backup-shelf.ts';

/** Somebody who pairs five devices in a row makes one backup. */
const settleMs = 5_000;
/** From here on it is told: a pairing of yesterday would be lost with this PC. */
const lateMs = 24 * 3_600_000;

export interface BackupsDeps {
  /** Names of the required destinations. */
  readonly destinations: readonly string[];
  /** A connection of its own. Throws cloud-secret-*, keychain-*. */
  readonly connect: (destination: string) => Promise<CloudStore>;
  /** What is to be backed up, as it is now. */
  readonly collect: () => Promise<BackupContent>;
  readonly sealers: () => SealerFactory;
  readonly mac: BackupMac;
  readonly archiveId: string;
  readonly installationId: string;
  /** False until the recovery words are proven: before that nobody could open it on another PC. */
  readonly mayWrite: () => boolean;
  readonly marks: Pick<BackupMarks, 'get' | 'owed' | 'written'>;
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: 'backup-late', subject: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export type BackupOutcome = {
  readonly destination: string;
  readonly number: number;
  readonly writtenAtMs: number;
} & (
  | { readonly tag: 'written' }
  /** The newest one that lies there says the same. */
  | { readonly tag: 'unchanged' }
);

export class Backups {
  readonly #deps: BackupsDeps;
  readonly #ending = new AbortController();
  /** Destinations where the newest one was seen since the start. */
  readonly #seen = new Set<string>();
  readonly #failures = new Map<string, number>();
  #isStarted = false;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: BackupsDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('backup') };
  }

  /** Keeps the backups current from here on. */
  start(): void {
    this.#isStarted = true;
    this.changed();
  }

  /** Something that is backed up may have changed. Cheap; call it as often as you like. Does nothing before `start`. */
  changed(): void {
    this.#lookIn(settleMs);
  }

  /** Ends what is under way; what is owed is written after the next start. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#timer?.cancel.cancel();
    this.#ending.abort(new EdgeSyncError('engine-stopping'));
    await this.#running.catch(() => undefined);
  }

  /**
   * Writes now what differs, one destination after the other. Rejects with the first failure, after all were tried.
   * Throws recovery-not-proven, no-destination, and those of the store.
   */
  async write(): Promise<readonly BackupOutcome[]> {
    const { destinations, mayWrite } = this.#deps;
    if (!mayWrite()) throw new EdgeSyncError('recovery-not-proven');
    if (destinations.length === 0) throw new EdgeSyncError('no-destination');
    return this.#inTurn(async () => {
      const outcomes: BackupOutcome[] = [];
      let failure: EdgeSyncError | undefined;
      for (const destination of destinations) {
        try {
          outcomes.push(await this.#writeTo(destination));
        } catch (error) {
          failure ??= await this.#failed(destination, error);
        }
      }
      if (failure !== undefined) throw failure;
      return outcomes;
    });
  }

  #lookIn(ms: number): void {
    if (!this.#isStarted) return;
    const dueMs = this.#deps.clock.monotonicMs() + ms;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel.cancel();
    const cancel = this.#deps.clock.after(ms, () => {
      this.#timer = undefined;
      this.#inTurn(() => this.#look()).catch((error: unknown) => {
        this.#deps.logger.error('backup-look', {}, error);
      });
    });
    this.#timer = { dueMs, cancel };
  }

  async #look(): Promise<void> {
    const { destinations, mayWrite, clock, random } = this.#deps;
    if (!mayWrite()) return;
    let waitMs: number | undefined;
    for (const destination of destinations) {
      if (!this.#isGoing()) return;
      try {
        await this.#writeTo(destination);
      } catch (error) {
        if (!this.#isGoing()) return;
        const ours = await this.#failed(destination, error);
        const failures = (this.#failures.get(destination) ?? 0) + 1;
        this.#failures.set(destination, failures);
        const wait = Math.max(settleMs, nextWaitMs(ours, failures, random));
        waitMs = Math.min(waitMs ?? wait, wait);
        this.#tellIfLate(destination, clock.nowMs());
      }
    }
    if (waitMs !== undefined) this.#lookIn(waitMs);
  }

  #isGoing(): boolean {
    return this.#isStarted && !this.#ending.signal.aborted;
  }

  /** Stores the next one if it differs from the newest there. */
  async #writeTo(destination: string): Promise<BackupOutcome> {
    const { marks, collect, connect, clock, installationId, resolveIncident, logger } = this.#deps;
    const { signal } = this.#ending;
    const content = await collect();
    const digest = contentDigest(content);
    const mark = marks.get(destination);
    const isCurrent = mark.contentSha256 === digest;
    if (isCurrent && this.#seen.has(destination)) return unchanged(destination, mark);
    if (!isCurrent) await marks.owed(destination);
    const store = await connect(destination);
    try {
      const shelf = (await listBackups(store, signal, installationId)).get(installationId) ?? [];
      // Another container may stand behind the name by now, or the same one set back to an earlier day.
      const isThere = shelf.some(({ number }) => number === mark.number);
      if (isCurrent && isThere) {
        this.#seen.add(destination);
        return unchanged(destination, mark);
      }
      if (isCurrent) await marks.owed(destination);
      const number = await storeBackup({
        ...this.#deps,
        store,
        sealers: this.#deps.sealers(),
        writtenAt: new Date(clock.nowMs()).toISOString(),
        content,
        // Never a number below one that was given out: whoever looks for the newest would find an older one.
        newest: Math.max(shelf[0]?.number ?? 0, mark.number),
        signal,
      });
      await marks.written(destination, number, digest);
      this.#seen.add(destination);
      this.#failures.delete(destination);
      resolveIncident('backup-late', destination);
      logger.info('backup-written', { destination, number });
      return { tag: 'written', destination, number, writtenAtMs: clock.nowMs() };
    } finally {
      await store.close();
    }
  }

  async #failed(destination: string, error: unknown): Promise<EdgeSyncError> {
    const { logger, marks } = this.#deps;
    const ours = toEdgeSyncError(error);
    logger.warn('backup-failed', { destination, code: ours.code, detail: ours.detail });
    await marks.owed(destination).catch(() => undefined);
    return ours;
  }

  /** Told at every failure from the first day on: the same cause and destination count as one incident. */
  #tellIfLate(destination: string, nowMs: number): void {
    const { marks, reportIncident } = this.#deps;
    const since = marks.get(destination).owedSinceMs;
    if (since === undefined || nowMs - since < lateMs) return;
    reportIncident({ code: 'backup-late', subject: destination, detail: destination });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#running.then(work, work);
    this.#running = result.catch(() => undefined);
    return result;
  }
}

function unchanged(
  destination: string,
  mark: { readonly number: number; readonly writtenAtMs: number | undefined },
): BackupOutcome {
  return { tag: 'unchanged', destination, number: mark.number, writtenAtMs: mark.writtenAtMs ?? 0 };
}
