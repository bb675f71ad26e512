/** An export of the audit trail, read back: whether it is whole and in its own order, and how far it went. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { auditEntrySchema } from '../../shared/contract-audit.ts';
import { EdgeSyncError } from '../../shared/errors.ts';

const chain = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const endSchema = z.strictObject({
  end: z.object({
    entries: count,
    first: count.nullable(),
    last: count.nullable(),
    chain: chain.nullable(),
    content: z.enum(['whole', 'filtered']),
    sha256: chain,
  }),
});

/** Ours are some hundred characters. */
const longestLine = 64 * 1024;

/** What an export says of the trail: its last entry. */
export interface ExportProof {
  readonly number: number;
  readonly chain: string;
  readonly entries: number;
}

/** Throws file-not-readable, audit-export-broken with what is wrong. */
export async function readExportEnd(path: string): Promise<ExportProof> {
  const file = createReadStream(path, { encoding: 'utf8' });
  const hash = createHash('sha256');
  let waiting: string | undefined;
  let entries = 0;
  let first: number | null = null;
  let last: { readonly number: number; readonly chain: string | null } | undefined;
  let hasGap = false;
  try {
    for await (const line of boundedLines(file)) {
      if (waiting !== undefined) {
        hash.update(`${waiting}\n`);
        const entry = auditEntrySchema.safeParse(parsed(waiting)).data;
        if (entry === undefined) throw broken(`line ${entries + 1} is no entry`);
        if (last !== undefined && entry.id <= last.number)
          throw broken(`line ${entries + 1} is out of order`);
        if (entry.id !== (last?.number ?? 0) + 1) hasGap = true;
        first ??= entry.id;
        last = { number: entry.id, chain: entry.chain };
        entries += 1;
      }
      waiting = line;
    }
  } catch (cause) {
    if (cause instanceof EdgeSyncError) throw cause;
    throw new EdgeSyncError('file-not-readable', path, { cause });
  } finally {
    file.destroy();
  }
  const end = endSchema.safeParse(parsed(waiting ?? '')).data?.end;
  if (end === undefined) throw broken('its last line is missing');
  if (end.entries !== entries || end.first !== first || end.last !== (last?.number ?? null))
    throw broken('its last line tells of other entries');
  if (end.sha256 !== hash.digest('hex')) throw broken('a line was changed');
  if (end.content === 'whole' && hasGap) throw broken('numbers are missing');
  const value = last?.chain ?? null;
  if (last === undefined || value === null || value !== end.chain)
    throw broken('its last entry has no value of the chain, so there is nothing to compare with');
  return { number: last.number, chain: value, entries };
}

async function* boundedLines(file: AsyncIterable<unknown>): AsyncGenerator<string> {
  let open = '';
  for await (const chunk of file) {
    const lines = (open + String(chunk)).split('\n');
    open = lines.pop() ?? '';
    if (open.length > longestLine) throw broken('a line is far too long');
    yield* lines;
  }
  if (open !== '') yield open;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function broken(problem: string): EdgeSyncError {
  return new EdgeSyncError('audit-export-broken', problem);
}
