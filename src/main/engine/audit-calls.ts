/** The contract's `audit` on an engine. */
import type {
  AuditPage,
  AuditQuestion,
  AuditVerifyEvent,
  AuditVerifyQuestion,
} from '../../shared/contract-audit.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { eventStream } from './system/event-stream.ts';

export interface AuditService {
  /** A page of the trail; the first one of a reading is on record. */
  list(asked: AuditQuestion, actor: Actor): AuditPage;
  /** Proves the whole trail; the last event is the result. On record, as a failure where something does not hold. */
  verify(asked: AuditVerifyQuestion, actor: Actor, signal: AbortSignal): AsyncIterable<AuditVerifyEvent>;
}

type Parts = {
  readonly queue: Pick<EngineParts['queue'], 'findAudit'>;
  readonly audit: Pick<EngineParts['audit'], 'record'>;
  readonly auditProof: Pick<EngineParts['auditProof'], 'prove'>;
};

export class AuditCalls implements AuditService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  list({ since, until, ...asked }: AuditQuestion, actor: Actor): AuditPage {
    const { queue, audit } = this.#parts;
    const { rows, next } = queue.findAudit({ ...asked, sinceMs: msOf(since), untilMs: msOf(until) });
    // That somebody read the trail belongs in it (PS3.15 A.5.3, Audit Log Used).
    if (asked.cursor === null) audit.record({ action: 'audit-read', actor, outcome: 'success' });
    return { entries: rows.map(({ atMs, ...row }) => ({ ...row, at: new Date(atMs).toISOString() })), next };
  }

  verify(asked: AuditVerifyQuestion, actor: Actor, signal: AbortSignal): AsyncIterable<AuditVerifyEvent> {
    const { audit, auditProof } = this.#parts;
    return eventStream<AuditVerifyEvent>(signal, async (onEvent, ending) => {
      let outcome: 'success' | 'failure' = 'failure';
      try {
        const check = await auditProof.prove(asked, onEvent, ending);
        if (check.breakCount === 0) outcome = 'success';
        onEvent({ tag: 'result', check });
      } finally {
        audit.record({ action: 'audit-verified', actor, outcome });
      }
    });
  }
}

function msOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
