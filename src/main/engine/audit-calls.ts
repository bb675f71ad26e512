/** The contract's `audit` on an engine. */
import type { AuditPage, AuditQuestion } from '../../shared/contract-audit.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';

export interface AuditService {
  /** A page of the trail; the first one of a reading is on record. */
  list(asked: AuditQuestion, actor: Actor): AuditPage;
}

type Parts = {
  readonly queue: Pick<EngineParts['queue'], 'findAudit'>;
  readonly audit: Pick<EngineParts['audit'], 'record'>;
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
}

function msOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
