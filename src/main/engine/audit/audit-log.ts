/** The audit trail: who did what, kept in the queue's append-only table. No PHI: own identifiers only. */
import { toEdgeSyncError } from '../../../shared/errors.ts';
import type { AuditEvent, AuditTrail, Clock, Logger } from '../ports.ts';

/** What this needs of the queue. */
export interface AuditLogStore {
  /** Resolves after the commit. */
  appendAudit(row: {
    readonly atMs: number;
    readonly action: string;
    readonly actor: string;
    readonly subject: string | null;
    readonly outcome: 'success' | 'failure';
  }): Promise<void>;
}

export interface AuditLogOptions {
  readonly store: AuditLogStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AuditLog implements AuditTrail {
  readonly #options: AuditLogOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** Written with the next commit; `settled` waits for it. A failure to write is an error in the log. */
  record(event: AuditEvent): void {
    // Told in the log by `recorded`.
    this.recorded(event).catch(() => undefined);
  }

  /**
   * Resolves when the event is on disk: await it before showing what must not be shown unrecorded. Rejects with
   * EdgeSyncError (disk-full, disk-error, ...) when it could not be written.
   */
  recorded({ action, actor, subject, outcome }: AuditEvent): Promise<void> {
    const { store, clock, logger } = this.#options;
    const row = { atMs: clock.nowMs(), action, actor, subject: subject ?? null, outcome };
    const written = store.appendAudit(row).catch((error: unknown) => {
      logger.error('audit-not-written', { action, actor, outcome }, error);
      throw toEdgeSyncError(error, 'disk-error');
    });
    this.#last = Promise.allSettled([this.#last, written]).then(() => undefined);
    return written;
  }

  /** Everything recorded so far is on disk, or its failure is in the log: await it at the end. */
  settled(): Promise<void> {
    return this.#last;
  }
}
