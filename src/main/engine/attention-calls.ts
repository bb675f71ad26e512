/** What callers may ask about files of watched folders that need attention. */
import type { AttentionFile, AttentionSelection } from '../../shared/contract-attention.ts';
import { reportFor } from '../../shared/errors.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';

export interface AttentionService {
  list(
    limit: number,
    actor: Actor,
  ): Promise<{ readonly files: readonly AttentionFile[]; readonly total: number }>;
  dismiss(which: AttentionSelection, actor: Actor): Promise<{ readonly dismissed: number }>;
  retry(which: AttentionSelection): Promise<{ readonly retried: number }>;
}

/** What the audit trail calls the list. */
const subject = 'attention-files';

export class AttentionCalls implements AttentionService {
  readonly #parts: Pick<EngineParts, 'queue' | 'audit' | 'watchers'>;

  constructor(parts: Pick<EngineParts, 'queue' | 'audit' | 'watchers'>) {
    this.#parts = parts;
  }

  /** The audit entry is on disk before a name is shown, as with a study's. */
  async list(
    limit: number,
    actor: Actor,
  ): Promise<{ readonly files: readonly AttentionFile[]; readonly total: number }> {
    const { queue, audit } = this.#parts;
    const { files, total } = queue.watched.attention(limit);
    if (files.length > 0)
      await audit.recorded({ action: 'phi-revealed', actor, subject, outcome: 'success' });
    return {
      total,
      files: files.map(({ id, folder, path, code, detail, firstAtMs, lastAtMs }) => ({
        ...reportFor(code, detail),
        id: String(id),
        folder,
        path,
        firstAt: new Date(firstAtMs).toISOString(),
        lastAt: new Date(lastAtMs).toISOString(),
      })),
    };
  }

  async dismiss(which: AttentionSelection, actor: Actor): Promise<{ readonly dismissed: number }> {
    const { queue, audit } = this.#parts;
    const dismissed = await queue.watched.dismiss(idsOf(which));
    const outcome = dismissed > 0 ? 'success' : 'failure';
    audit.record({ action: 'incident-answered', actor, subject, outcome });
    return { dismissed };
  }

  async retry(which: AttentionSelection): Promise<{ readonly retried: number }> {
    const { queue, watchers } = this.#parts;
    const retried = await queue.watched.again(idsOf(which));
    if (retried > 0) for (const watcher of watchers) watcher.searchNow();
    return { retried };
  }
}

function idsOf(which: AttentionSelection): readonly number[] | 'all' {
  return which.tag === 'all' ? 'all' : which.ids.map(Number);
}
