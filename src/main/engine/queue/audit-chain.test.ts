import { createHmac } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeColumnSealer } from '../../../../test/fakes/fake-column-sealer.ts';
import { newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { AuditBreak, AuditCheck } from '../../../shared/contract-audit.ts';
import { AuditChain } from './audit-chain.ts';
import { checkAuditTrail } from './audit-check.ts';
import { migrations } from './migrations/index.ts';
import type { AuditHead, NewAuditRow } from './queue-types.ts';

let kit: QueueKit;
beforeEach(() => {
  kit = new QueueKit();
});
afterEach(() => kit.dispose());

const file = () => path.join(kit.dir, 'queue.db');
const never = new AbortController().signal;

const row = (atMs: number, wishes: Partial<NewAuditRow> = {}): NewAuditRow => ({
  atMs,
  action: 'phi-revealed',
  actor: 'web',
  subject: `study ${atMs}`,
  outcome: 'success',
  ...wishes,
});

async function record(count: number): Promise<void> {
  for (let atMs = 1; atMs <= count; atMs += 1) await kit.queue.appendAudit(row(atMs));
}

function check(...anchors: readonly AuditHead[]): Promise<AuditCheck> {
  return checkAuditTrail(kit.queue.auditTrail, { anchors, signal: never });
}

async function breaks(...anchors: readonly AuditHead[]): Promise<readonly AuditBreak[]> {
  return (await check(...anchors)).breaks;
}

/** What somebody does who has the file and a tool for SQLite, while nothing runs. */
function tamper(sql: string): void {
  kit.queue.close();
  const db = new Database(file());
  db.exec(`DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; ${sql}`);
  db.close();
  kit.queue = kit.open();
}

describe('the chain of the audit trail', () => {
  it('is HMAC-SHA-256 over each field behind its length, and the value before', () => {
    const key = Buffer.alloc(32, 9);
    const auditMac = (bytes: Uint8Array): Buffer => createHmac('sha256', key).update(bytes).digest();
    const chain = new AuditChain({ auditMac }, 'ab'.repeat(16));
    const field = (value: string | Buffer): Buffer => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const start = auditMac(
      Buffer.concat(['edge-sync audit chain v1', 'entries', 'ab'.repeat(16)].map(field)),
    );
    expect(chain.start('entries').equals(start)).toBe(true);
    const first = chain.value({ id: 1, ...row(1_790_000_000_000, { subject: 'säge' }) }, start);
    const said = ['1', '1790000000000', 'web', 'phi-revealed', 'some säge', 'success'];
    const bytes = Buffer.concat([...['edge-sync audit entry v1', ...said].map(field), field(start)]);
    expect(first.toString('hex')).toBe(auditMac(bytes).toString('hex'));
    // Written down once: these bytes are kept for years and never change.
    expect(first.toString('hex')).toBe('bf7101d66a85ca9961bf98458825bcc3648b5fda5d4e0b817792df9f64d95324');
  });

  it('tells apart what only together reads the same', () => {
    const chain = new AuditChain(new FakeColumnSealer(), 'ab'.repeat(16));
    const start = chain.start('entries');
    const values = [
      row(1, { actor: 'web', action: 'a' }),
      row(1, { actor: 'weba', action: '' }),
      row(1, { actor: 'web', action: 'a', subject: null }),
      row(1, { actor: 'web', action: 'a', subject: '' }),
      row(1, { actor: 'web', action: 'a', subject: 'none' }),
    ].map((one) => chain.value({ id: 1, ...one }, start).toString('hex'));
    expect(new Set(values).size).toBe(values.length);
    const other = new AuditChain(new FakeColumnSealer(), 'cd'.repeat(16));
    expect(other.start('entries').equals(start), 'of another installation').toBe(false);
  });

  it('is proven from the first entry to the last, across a restart', async () => {
    expect(await check()).toMatchObject({ entries: 0, last: 0, proven: 0, breakCount: 0, anchoredTo: null });
    await record(3);
    kit.reopen();
    await record(2);
    expect(await check()).toEqual({
      ...{ entries: 5, last: 5, proven: 5, before: 0 },
      ...{ breaks: [], breakCount: 0, anchoredTo: null },
    });
  });

  it('holds for entries of one transaction, and for those after one that was rolled back', async () => {
    await Promise.all([1, 2, 3, 4].map((atMs) => kit.queue.appendAudit(row(atMs))));
    const refuse = { ...row(5), outcome: 'neither' } as unknown as NewAuditRow;
    const together = [row(6), refuse, row(7)].map((one) => kit.queue.appendAudit(one));
    expect((await Promise.allSettled(together)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(kit.queue.auditRows(0, 10).map(({ id, atMs }) => [id, atMs])).toEqual(
      [1, 2, 3, 4, 6, 7].map((atMs, index) => [index + 1, atMs]),
    );
    expect(await check()).toMatchObject({ proven: 6, breakCount: 0 });
  });

  it('goes on where the disk has it when a whole commit was undone', async () => {
    await record(2);
    const db = new Database(file());
    db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.subject = 'last' BEGIN SELECT RAISE(ROLLBACK, 'full'); END",
    );
    const written = [row(3), row(4, { subject: 'last' })].map((one) => kit.queue.appendAudit(one));
    expect((await Promise.allSettled(written)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    db.exec('DROP TRIGGER full');
    db.close();
    await record(2);
    expect(await check()).toMatchObject({ entries: 4, proven: 4, breakCount: 0 });
  });
});

describe('somebody who changes the table', () => {
  beforeEach(() => record(8));

  it.each([
    ['the time', 'at = at + 1'],
    ['the action', "action = 'engine-started'"],
    ['who it was', "actor = 'engine'"],
    ['what it was about', "subject = 'another'"],
    ['that it was about something', 'subject = NULL'],
    ['the outcome', "outcome = 'failure'"],
    ['the value of the chain', 'chain = zeroblob(32)'],
    ['that there is one', 'chain = NULL'],
  ])('is found out by %s, and all other entries are proven', async (_what, change) => {
    tamper(`UPDATE audit SET ${change} WHERE id = 4`);
    expect(await check()).toMatchObject({
      proven: 7,
      breakCount: 1,
      breaks: [{ kind: 'changed', from: 4, to: 4 }],
    });
  });

  it('is found out by the number, which leaves a hole where it was', async () => {
    tamper('UPDATE audit SET id = 12 WHERE id = 8');
    const found = await breaks();
    expect(found[0]).toEqual({ kind: 'missing', from: 8, to: 11 });
  });

  it('is found out by entries that were removed, in the middle and at the beginning', async () => {
    tamper('DELETE FROM audit WHERE id IN (1, 4, 5)');
    expect(await breaks()).toEqual([
      { kind: 'missing', from: 1, to: 1 },
      { kind: 'missing', from: 4, to: 5 },
    ]);
  });

  it.each([
    [
      'all they say and carry',
      'UPDATE audit SET id = 99 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = 99',
    ],
    [
      'what they say alone',
      "UPDATE audit SET at = 11 - at, subject = 'study ' || (11 - at) WHERE id IN (5, 6)",
    ],
  ])('is found out by the order of two that changed places, with %s', async (_what, change) => {
    tamper(change);
    expect(await breaks()).toEqual([{ kind: 'order', from: 5, to: 6 }]);
  });

  it('is found out by an entry that was put in', async () => {
    tamper("INSERT INTO audit VALUES (9, 9, 'phi-revealed', 'web', NULL, 'success', zeroblob(32))");
    expect(await breaks()).toEqual([{ kind: 'changed', from: 9, to: 9 }]);
  });

  it('is found out by the end that was cut off, from what is known elsewhere', async () => {
    const known = kit.queue.auditTrail.head();
    tamper('DELETE FROM audit WHERE id > 5');
    expect(await breaks(), 'nothing here says that there was more').toEqual([]);
    expect(await check(known!)).toMatchObject({
      breaks: [{ kind: 'cut-off', from: 6, to: 8 }],
      proven: 5,
      anchoredTo: 8,
    });
    await record(4);
    expect(await breaks(), 'the program itself goes on with it').toEqual([]);
    expect(await breaks(known!)).toEqual([{ kind: 'rewritten', from: 8, to: 8 }]);
  });

  it('is found out at once while the engine runs', async () => {
    const db = new Database(file());
    db.exec('DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE id > 6');
    db.close();
    expect(await breaks()).toEqual([{ kind: 'cut-off', from: 7, to: 8 }]);
    await record(1);
    expect(await breaks()).toEqual([{ kind: 'missing', from: 7, to: 8 }]);
  });

  it('gets no new beginning by emptying the column', async () => {
    tamper("UPDATE audit SET chain = NULL, actor = 'engine'");
    expect(kit.queue.auditRows(0, 20)).toHaveLength(8);
    expect(await breaks()).toEqual([{ kind: 'before-chain', from: 1, to: 8 }]);
    await record(2);
    expect(await breaks()).toEqual([{ kind: 'before-chain', from: 1, to: 8 }]);
    expect((await check()).proven).toBe(1);
  });

  it('changes thousands, and is told of in bounded words', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, index) => kit.queue.appendAudit(row(index))));
    tamper("UPDATE audit SET actor = 'engine' WHERE id % 2 = 0");
    const found = await check();
    expect(found.breakCount).toBe(304);
    expect(found.breaks).toHaveLength(100);
    expect(found.proven).toBe(304);
  });

  it('is told of once for each break', async () => {
    const { auditTrail } = kit.queue;
    const first: AuditBreak = { kind: 'changed', from: 4, to: 4 };
    const second: AuditBreak = { kind: 'missing', from: 6, to: 7 };
    expect(await auditTrail.untold([first])).toEqual([first]);
    expect(await auditTrail.untold([first, second])).toEqual([second]);
    expect(await kit.reopen().auditTrail.untold([first, second])).toEqual([]);
  });

  it('does not keep a check from being called off', async () => {
    const off = new AbortController();
    off.abort();
    await expect(
      checkAuditTrail(kit.queue.auditTrail, { anchors: [], signal: off.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('entries from before the chain', () => {
  /** A database of the version before, with three entries, opened by this program. */
  function fromBefore(): void {
    kit.dispose();
    kit = new QueueKit();
    kit.queue.close();
    const old = new Database(file());
    old.exec(`DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TABLE audit_anchor;
      DELETE FROM audit; ALTER TABLE audit DROP COLUMN chain; DELETE FROM meta WHERE key = 'audit-chain';`);
    const add = old.prepare("INSERT INTO audit VALUES (?, ?, 'engine-started', 'engine', NULL, 'success')");
    for (const id of [1, 2, 3]) add.run(id, id * 1000);
    old.exec(`CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'x'); END;
      CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'x'); END;
      PRAGMA user_version = ${migrations.at(-2)?.version ?? 0}`);
    old.close();
    kit.queue = kit.open();
  }

  beforeEach(fromBefore);

  it('are stated by the first chained entry, once', async () => {
    const [, , , begun] = kit.queue.auditRows(0, 10);
    expect(begun).toMatchObject({ id: 4, action: 'audit-chain-begun', actor: 'engine' });
    expect(begun?.subject).toMatch(/^3 [0-9a-f]{64}$/);
    await record(2);
    kit.reopen();
    expect(kit.queue.auditRows(0, 10)).toHaveLength(6);
    expect(await check()).toMatchObject({ entries: 6, proven: 6, before: 3, breakCount: 0 });
  });

  it.each([
    ['changed', 'UPDATE audit SET at = at + 1 WHERE id = 2', { kind: 'before-chain', from: 1, to: 3 }],
    ['removed', 'DELETE FROM audit WHERE id = 1', { kind: 'missing', from: 1, to: 1 }],
    [
      'removed with the statement',
      'DELETE FROM audit WHERE id IN (3, 4)',
      { kind: 'missing', from: 3, to: 4 },
    ],
    ['removed altogether', 'DELETE FROM audit WHERE id < 5', { kind: 'missing', from: 1, to: 4 }],
  ])('are found out when %s', async (_what, change, found) => {
    await record(3);
    tamper(change);
    expect((await breaks())[0]).toEqual(found);
  });

  it('are found out when the statement was changed with them', async () => {
    await record(3);
    tamper(
      "DELETE FROM audit WHERE id = 3; UPDATE audit SET id = 3, subject = '2' || substr(subject, 2) WHERE id = 4",
    );
    expect((await check()).breaks.map(({ kind }) => kind)).toContain('before-chain');
    expect((await check()).proven).toBeLessThan(4);
  });
});

describe('a list for the cloud', () => {
  async function uploadOne(name: string): Promise<void> {
    await kit.queue.recordReceived(newInstance(name));
    const jobs = kit.claimAll();
    await Promise.all(jobs.map(({ instanceId }) => kit.queue.markUploaded(instanceId, 'cloud', proof())));
  }

  beforeEach(() => kit.queue.setDestinations([{ name: 'cloud', required: true }]));

  it('carries the newest entry there is when it is made, which this PC remembers from then on', async () => {
    await uploadOne('one');
    const empty = kit.queue.takeManifestBatch('cloud', 10)!;
    expect(empty.audit).toBeUndefined();
    await kit.queue.keepManifest(empty, Buffer.from('list'));
    expect(kit.queue.auditTrail.anchors()).toEqual([]);
    await kit.queue.markVerified(empty, 'ab'.repeat(32));

    await record(3);
    await uploadOne('two');
    const batch = kit.queue.takeManifestBatch('cloud', 10)!;
    expect(batch.audit).toEqual({ number: 3, chain: kit.queue.auditRows(2, 1)[0]?.chain });
    await kit.queue.keepManifest(batch, Buffer.from('list'));
    expect(kit.queue.auditTrail.anchors()).toEqual([{ destination: 'cloud', list: 2, ...batch.audit }]);
    expect(
      kit.queue.takeManifestBatch('cloud', 10)?.audit,
      'bytes that are kept stay as they are',
    ).toBeUndefined();

    tamper('DELETE FROM audit WHERE id > 1');
    expect(await breaks(...kit.queue.auditTrail.anchors())).toEqual([{ kind: 'cut-off', from: 2, to: 3 }]);
  });
});
