import { createHash } from 'node:crypto';
import { auditPageSize, type AuditEntry, type AuditQuestion } from '../../../shared/contract-audit.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { dayRange, isDay } from '../../engine/home/local-days.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { writeNewLines } from '../new-file.ts';
import type { Format } from '../option-values.ts';
import type { Output } from '../output.ts';

/** Which entries; null: any. */
export type AuditFilter = Pick<AuditQuestion, 'since' | 'until' | 'actor' | 'action' | 'outcome'>;

export const usualLimit = 100;
export const mostListed = 100_000;

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment as it is typed: `2026-03-01` (its beginning as `since`, its end as `until`), `2026-03-01T14:30` (this PC's
 * time unless it names a zone), or `90m`, `24h`, `7d` (so long ago). ISO 8601. Throws usage.
 */
export function momentOf(text: string, edge: 'since' | 'until', nowMs: number): string {
  const [, digits, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined)
    return new Date(nowMs - Number(digits) * (unitsMs[unit] ?? 0)).toISOString();
  if (isDay(text)) {
    const { fromMs, toMs } = dayRange(text);
    return new Date(edge === 'since' ? fromMs : toMs).toISOString();
  }
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/.test(text);
  const atMs = isMoment && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new EdgeSyncError(
      'usage',
      `--${edge} is YYYY-MM-DD, YYYY-MM-DDTHH:MM, or 90m, 24h, 7d for so long ago`,
    );
  return new Date(atMs).toISOString();
}

/** `edge-sync audit list`: the last entries, the newest last; with `json` each in a line of its own. */
export async function runAuditList(
  client: EngineClient,
  wanted: { readonly filter: AuditFilter; readonly limit: number; readonly format: Format },
  output: Output,
): Promise<number> {
  const { filter, limit, format } = wanted;
  const newestFirst: AuditEntry[] = [];
  let cursor: number | null = null;
  do {
    const left = Math.min(auditPageSize, limit - newestFirst.length);
    const page = await client.audit.list({ ...filter, order: 'newest-first', cursor, limit: left });
    newestFirst.push(...page.entries);
    cursor = page.next;
  } while (cursor !== null && newestFirst.length < limit);
  for (const entry of newestFirst.reverse())
    output.out(format === 'json' ? JSON.stringify(entry) : lineOf(entry));
  if (format === 'text' && newestFirst.length === 0) output.err('Nothing of that is in the audit trail.');
  if (format === 'text' && cursor !== null)
    output.err(
      `There may be older entries: --limit takes up to ${mostListed}, \`edge-sync audit export\` gives all.`,
    );
  return exitCode.ok;
}

/** The last line of an export: what the lines before it can be checked with (docs/audit.md). */
export interface ExportEnd {
  readonly end: {
    readonly entries: number;
    /** Numbers of the first and last entry; null where there is none. */
    readonly first: number | null;
    readonly last: number | null;
    /** Chain value of the last entry. */
    readonly chain: string | null;
    /** whole: nothing was left out, so that numbers go up by one. */
    readonly content: 'whole' | 'filtered';
    /** SHA-256 of all lines before this one, each with its line feed. */
    readonly sha256: string;
  };
}

/**
 * `edge-sync audit export`: everything that fits, the oldest first, JSON with one entry in a line, and a last line to check
 * them with; into a new file, or on standard output. Throws file-exists, file-not-writable; no half of a file stays.
 */
export async function runAuditExport(
  client: EngineClient,
  wanted: { readonly filter: AuditFilter; readonly outFile: string | undefined },
  output: Output,
): Promise<number> {
  const { filter, outFile } = wanted;
  if (outFile === undefined) {
    for await (const lines of linesOf(client, filter)) for (const line of lines) output.out(line);
    return exitCode.ok;
  }
  const count = await writeNewLines(outFile, linesOf(client, filter));
  output.out(`${outFile}: ${count - 1} entries of the audit trail, without names of patients.`);
  return exitCode.ok;
}

async function* linesOf(client: EngineClient, filter: AuditFilter): AsyncGenerator<readonly string[]> {
  const hash = createHash('sha256');
  const isWhole = Object.values(filter).every((one) => one === null);
  let entries = 0;
  let first: number | null = null;
  let last: AuditEntry | undefined;
  let cursor: number | null = null;
  do {
    const page = await client.audit.list({ ...filter, order: 'oldest-first', cursor, limit: auditPageSize });
    const lines = page.entries.map((entry) => JSON.stringify(entry));
    for (const line of lines) hash.update(`${line}\n`);
    entries += lines.length;
    first ??= page.entries[0]?.id ?? null;
    last = page.entries.at(-1) ?? last;
    yield lines;
    cursor = page.next;
  } while (cursor !== null);
  const end: ExportEnd['end'] = {
    entries,
    first,
    last: last?.id ?? null,
    chain: last?.chain ?? null,
    content: isWhole ? 'whole' : 'filtered',
    sha256: hash.digest('hex'),
  };
  yield [JSON.stringify({ end })];
}

function lineOf({ at, actor, action, subject, outcome }: AuditEntry): string {
  const about = subject === null ? '' : `  ${printable(subject)}`;
  const failed = outcome === 'failure' ? '  without success' : '';
  return `${new Date(at).toLocaleString()}  ${printable(actor).padEnd(12)}  ${printable(action)}${about}${failed}`;
}

/** What a terminal would obey is not printed: an AE title in it came from outside. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}
