import { afterEach, beforeEach, expect, it } from 'vitest';
import { QueueKit } from '../../../../test/support/queue-kit.ts';
import { auditRowsLookedAt, type AuditWanted } from './audit-rows.ts';

let kit: QueueKit;
beforeEach(() => {
  kit = new QueueKit();
});
afterEach(() => {
  kit.dispose();
});

const any: AuditWanted = {
  order: 'newest-first',
  cursor: null,
  limit: 3,
  sinceMs: null,
  untilMs: null,
  actor: null,
  action: null,
  outcome: null,
};

function record(atMs: number, action: string, actor = 'web', outcome: 'success' | 'failure' = 'success') {
  return kit.queue.appendAudit({ atMs, action, actor, subject: null, outcome });
}

/** Every page of what is wanted, as ids. */
function pages(wanted: Partial<AuditWanted>): number[][] {
  const found: number[][] = [];
  let cursor: number | null = null;
  do {
    const { rows, next } = kit.queue.findAudit({ ...any, ...wanted, cursor });
    found.push(rows.map(({ id }) => id));
    cursor = next;
  } while (cursor !== null);
  return found;
}

it('tells the trail in pages, from either end, each row once', async () => {
  await Promise.all([1, 2, 3, 4, 5, 6, 7].map((atMs) => record(atMs, 'engine-started')));
  expect(pages({ order: 'newest-first' })).toEqual([[7, 6, 5], [4, 3, 2], [1]]);
  expect(pages({ order: 'oldest-first' })).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
});

it('ends with the last row, without an empty page after it', async () => {
  expect(pages({ order: 'newest-first' })).toEqual([[]]);
  expect(pages({ order: 'oldest-first' })).toEqual([[]]);
  await Promise.all([1, 2, 3].map((atMs) => record(atMs, 'engine-started')));
  expect(pages({ order: 'newest-first' })).toEqual([[3, 2, 1]]);
  expect(pages({ order: 'oldest-first' })).toEqual([[1, 2, 3]]);
});

it('goes on where it was when rows are added between two pages', async () => {
  await Promise.all([1, 2, 3, 4].map((atMs) => record(atMs, 'engine-started')));
  const first = kit.queue.findAudit(any);
  await record(5, 'engine-stopped');
  expect(kit.queue.findAudit({ ...any, cursor: first.next }).rows.map(({ id }) => id)).toEqual([1]);
});

it('gives what was asked for: from a time on, up to one, by somebody, of a kind, with an outcome', async () => {
  await record(100, 'engine-started', 'engine');
  await record(200, 'phi-revealed', 'web');
  await record(300, 'phi-revealed', 'local-socket', 'failure');
  await record(400, 'engine-stopped', 'engine');
  const ids = (wanted: Partial<AuditWanted>) => pages({ limit: 10, ...wanted }).flat();
  expect(ids({ sinceMs: 200 })).toEqual([4, 3, 2]);
  expect(ids({ untilMs: 200 })).toEqual([1]);
  expect(ids({ actor: 'engine' })).toEqual([4, 1]);
  expect(ids({ action: 'phi-revealed' })).toEqual([3, 2]);
  expect(ids({ outcome: 'failure' })).toEqual([3]);
  expect(ids({ action: 'phi-revealed', actor: 'engine' })).toEqual([]);
});

it('hides nothing that was recorded while the clock was wrong', async () => {
  for (const atMs of [500, 600, 50, 700]) await record(atMs, 'engine-started');
  expect(pages({ limit: 10, sinceMs: 500 }).flat()).toEqual([4, 2, 1]);
  expect(pages({ limit: 10, untilMs: 500, order: 'oldest-first' }).flat()).toEqual([3]);
});

it('looks through a long trail piece by piece, and finds what stands alone at its other end', async () => {
  await record(1, 'recovery-created');
  await Promise.all(
    Array.from({ length: auditRowsLookedAt + 1 }, (_, index) => record(2 + index, 'engine-started')),
  );
  await record(9_000_000, 'recovery-checked');
  const back = kit.queue.findAudit({ ...any, action: 'recovery-created' });
  expect(back.rows).toEqual([]);
  expect(back.next).not.toBeNull();
  expect(pages({ action: 'recovery-created' })).toEqual([[], [1]]);
  expect(pages({ action: 'recovery-checked', order: 'oldest-first' })).toEqual([[], [auditRowsLookedAt + 3]]);
});
