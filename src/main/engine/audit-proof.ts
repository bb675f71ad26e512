/**
 * Proves the audit trail: walks its chain, compares it with what the clouds and this PC remember of it, and has a break
 * told to a person. On demand, and once a day by itself from what is on this PC.
 */
import type {
  AuditBreak,
  AuditCheck,
  AuditVerifyEvent,
  AuditVerifyQuestion,
} from '../../shared/contract-audit.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../shared/errors.ts';
import { cloudAnchors } from './audit-anchors.ts';
import type { EngineOptions } from './engine.ts';
import type { IncidentDesk } from './incident-desk.ts';
import type { KeyRing } from './keys/key-ring.ts';
import { checkAuditTrail } from './queue/audit-check.ts';
import type { Queue } from './queue/queue.ts';
import type { AuditHead } from './queue/queue-types.ts';
import type { Uploads } from './uploads.ts';
import { patience } from './verify/patience.ts';

/** After the start, when devices and uploads have come to rest. */
const firstLookMs = 60_000;
const everyMs = 24 * 3_600_000;
/** Events of a walk: seldom enough for any line. */
const progressEvery = 10_000;

export interface AuditProofParts {
  readonly options: EngineOptions;
  readonly keys: KeyRing;
  readonly queue: Pick<Queue, 'auditTrail' | 'installationId'>;
  readonly uploads: Pick<Uploads, 'connect'>;
  readonly incidents: Pick<IncidentDesk, 'report'>;
}

export class AuditProof {
  readonly #parts: AuditProofParts;
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: AuditProofParts) {
    this.#parts = parts;
  }

  /** Looks by itself from here on. */
  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort(new EdgeSyncError('engine-stopping'));
    await this.#loop;
  }

  /**
   * The whole trail, against all that `reach` names. A break that nobody was told of becomes an incident. A cloud that cannot
   * be read is a problem among the events. Throws cancelled, database-damaged, disk-error.
   */
  async prove(
    { reach, against }: AuditVerifyQuestion,
    onEvent: (event: AuditVerifyEvent) => void,
    signal: AbortSignal,
  ): Promise<AuditCheck> {
    const { auditTrail } = this.#parts.queue;
    const anchors: AuditHead[] = [...auditTrail.anchors()];
    if (against !== null) anchors.push(against);
    if (reach !== 'here') anchors.push(...(await this.#fromClouds(reach, onEvent, signal)));
    let told = 0;
    const check = await checkAuditTrail(auditTrail, {
      anchors,
      signal,
      onProgress: (checked, total) => {
        if (checked - told < progressEvery) return;
        told = checked;
        onEvent({ tag: 'progress', checked, total });
      },
    });
    await this.#tell(check.breaks);
    return check;
  }

  async #fromClouds(
    reach: 'newest' | 'all',
    onEvent: (event: AuditVerifyEvent) => void,
    signal: AbortSignal,
  ): Promise<readonly AuditHead[]> {
    const { options, keys, queue, uploads } = this.#parts;
    const found: AuditHead[] = [];
    for (const destination of archivesOf(options.settings.destinations)) {
      const onProblem = (object: string, report: ErrorReport): void => {
        onEvent({ tag: 'problem', problem: { ...report, destination: destination.name, object } });
      };
      try {
        const store = await uploads.connect(destination);
        try {
          const anchors = await cloudAnchors({
            store,
            keys,
            installationId: queue.installationId,
            reach,
            patiently: patience(options.clock, signal),
            signal,
            onProblem,
            onList: (lists, total) => onEvent({ tag: 'lists', destination: destination.name, lists, total }),
          });
          for (const anchor of anchors) found.push(anchor);
        } finally {
          await store.close();
        }
      } catch (error) {
        if (signal.aborted) throw new EdgeSyncError('cancelled', undefined, { cause: error });
        onProblem('', toEdgeSyncError(error).report);
      }
    }
    return found;
  }

  async #tell(breaks: readonly AuditBreak[]): Promise<void> {
    const { queue, incidents, options } = this.#parts;
    const [first, ...more] = await queue.auditTrail.untold(breaks);
    if (first === undefined) return;
    options.logger.error('audit-trail-broken', { kind: first.kind, from: first.from, more: more.length });
    const detail = `${first.kind} at entry ${first.from}`;
    incidents.report({ code: 'audit-trail-broken', subject: 'audit-trail', detail, times: 1 + more.length });
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts.options;
    const { signal } = this.#ending;
    for (let waitMs = firstLookMs; ; waitMs = everyMs) {
      await clock.sleep(waitMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.prove({ reach: 'here', against: null }, () => undefined, signal);
      } catch (error) {
        if (toEdgeSyncError(error).code !== 'cancelled') logger.error('audit-trail-not-checked', {}, error);
      }
    }
  }
}
