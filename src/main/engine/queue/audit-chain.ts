/**
 * The chain of the audit trail: each entry carries HMAC-SHA-256, under a key of its own (keys/archive-keys.ts), over all
 * it says and the value of the entry before. docs/audit.md has the encoding; it never changes.
 */
import type { ColumnSealer } from '../ports.ts';

/** What a chain value is about. */
export interface ChainedEntry {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string | null;
  readonly outcome: string;
}

/** entries: what the first chained entry follows. before: what the value over older entries begins with. */
export type ChainStart = 'entries' | 'before';

const label = 'edge-sync audit entry v1';
/** Stands for the value of an entry whose own was removed, so that the trail goes on and the break stays where it is. */
export const noValue: Buffer = Buffer.alloc(32);

/** Each field behind its length (4 bytes, big-endian), so that no two entries are written alike. */
function fields(...values: readonly (string | Uint8Array)[]): Buffer {
  const sizes = values.map((value) => Buffer.byteLength(value));
  const out = Buffer.alloc(sizes.reduce((sum, size) => sum + 4 + size, 0));
  let at = 0;
  for (const [index, value] of values.entries()) {
    const size = sizes[index] ?? 0;
    at = out.writeUInt32BE(size, at);
    if (typeof value === 'string') out.write(value, at, 'utf8');
    else out.set(value, at);
    at += size;
  }
  return out;
}

export class AuditChain {
  readonly #mac: (bytes: Uint8Array) => Buffer;
  readonly #installationId: string;

  constructor(sealer: Pick<ColumnSealer, 'auditMac'>, installationId: string) {
    this.#mac = (bytes) => sealer.auditMac(bytes);
    this.#installationId = installationId;
  }

  /** 32 bytes. Of this installation: two that share an archive have one key, and must not be able to lend each other entries. */
  start(kind: ChainStart): Buffer {
    return this.#mac(fields('edge-sync audit chain v1', kind, this.#installationId));
  }

  /** 32 bytes; `previous`: the value of the entry before. */
  value({ id, atMs, actor, action, subject, outcome }: ChainedEntry, previous: Uint8Array): Buffer {
    // A missing subject is no empty one.
    const about = subject === null ? 'none' : `some ${subject}`;
    return this.#mac(fields(label, String(id), String(atMs), actor, action, about, outcome, previous));
  }
}

/** The subject of the entry that the chain begins with where there were entries before it. */
export function statementOf(entries: number, value: Uint8Array): string {
  return `${entries} ${Buffer.from(value).toString('hex')}`;
}
