import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readExportEnd } from './audit-export-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-sync-export-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const chainOf = (id: number): string => id.toString(16).padStart(64, '0');

const entry = (id: number, chain: string | null = chainOf(id)): string =>
  JSON.stringify({
    ...{ id, at: '2026-03-01T09:00:00.000Z', action: 'engine-started', actor: 'engine', subject: null },
    ...{ outcome: 'success', chain },
  });

/** An export of these entries, as the command writes it. */
function exported(ids: readonly number[], content = 'whole', lines = ids.map((id) => entry(id))): string[] {
  const sha256 = createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');
  const last = ids.at(-1) ?? null;
  const chain = last === null ? null : chainOf(last);
  const end = { entries: ids.length, first: ids[0] ?? null, last, chain, content, sha256 };
  return [...lines, JSON.stringify({ end })];
}

function read(lines: readonly string[]): ReturnType<typeof readExportEnd> {
  const path = join(dir, 'audit.jsonl');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return readExportEnd(path);
}

it('is whole and says how far it went', async () => {
  expect(await read(exported([1, 2, 3]))).toEqual({ number: 3, chain: chainOf(3), entries: 3 });
  expect(await read(exported([2, 7], 'filtered'))).toEqual({ number: 7, chain: chainOf(7), entries: 2 });
});

const [one = '', two = '', three = '', end = ''] = exported([1, 2, 3]);

it.each([
  ['two lines changed places', [two, one, three, end], 'out of order'],
  ['a line is missing', [one, three, end], 'other entries'],
  ['a line was changed', [one, two.replace('engine-started', 'engine-stopped'), three, end], 'was changed'],
  ['the end is missing', [one, two, three], 'last line'],
  ['something follows the end', [one, two, three, end, end], 'no entry'],
  ['a line is no entry', [one, '{"id":2}', three, end], 'no entry'],
  ['nothing is there', [], 'last line'],
  ['numbers are missing from one that claims to be whole', exported([1, 3]), 'numbers are missing'],
  ['its last entry is from before the chain', exported([1], 'whole', [entry(1, null)]), 'no value'],
  ['a line goes on for ever', [one, 'x'.repeat(1_000_000)], 'too long'],
])('is refused when %s', async (_what, lines, why) => {
  await expect(read(lines)).rejects.toMatchObject({
    code: 'audit-export-broken',
    message: expect.stringContaining(why) as string,
  });
});

it('that is not there is told as a file', async () => {
  await expect(readExportEnd(join(dir, 'gone'))).rejects.toMatchObject({ code: 'file-not-readable' });
});
