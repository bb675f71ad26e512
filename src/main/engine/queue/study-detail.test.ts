import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { studyHistory } from '../study-history.ts';
import { indexStudy } from '../study-index.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([
    { name: 'cloud', required: true },
    { name: 'second', required: false },
  ]);
});
afterEach(() => kit.dispose());

const turn = (): Promise<void> => Promise.resolve();
const idOf = (study = 'study-1'): string => kit.queue.studyDetail.idOf(`1.2.9.${study}`)!;

async function receive(name: string, series: string, number: string, study = 'study-1'): Promise<void> {
  const details = { seriesInstanceUid: series, seriesNumber: series.slice(-1), instanceNumber: number };
  await kit.queue.recordReceived(newInstance(name, study, { details }));
}

describe('a study in full', () => {
  it('has its series and images by their numbers, not by arrival or as text', async () => {
    for (const [name, series, number] of [
      ['a', '1.2.2', '1'],
      ['b', '1.2.1', '10'],
      ['c', '1.2.1', '9'],
      ['d', '1.2.1', ''],
      ['e', '1.2.1', '1'],
    ] as const) {
      await receive(name, series, number);
    }
    await receive('other', '1.2.1', '2', 'study-2');
    const { studyDetail } = kit.queue;
    const { series, local } = await indexStudy(studyDetail, idOf(), turn);
    const numbers = series.map(({ instances }) =>
      instances.map((id) => studyDetail.image(idOf(), id)?.details?.instanceNumber),
    );
    expect(numbers).toEqual([['1', '9', '10', ''], ['1']]);
    expect(local).toBe(5);
  });

  it('gives no image out under another study', async () => {
    await receive('mine', '1.2.1', '1');
    await receive('theirs', '1.2.1', '1', 'study-2');
    const [theirs] = kit.queue.studyDetail.images(idOf('study-2'), 0, 10);
    expect(kit.queue.studyDetail.image(idOf(), theirs!.instanceId)).toBeUndefined();
    expect(kit.queue.studyDetail.image('unknown', theirs!.instanceId)).toBeUndefined();
  });

  it('counts per destination, with the reason where images stand still', async () => {
    await receive('good', '1.2.1', '1');
    await receive('bad', '1.2.1', '2');
    const jobs = kit.claimAll('second');
    await kit.queue.markParked(jobs[0]!.instanceId, 'second', 'object-tampered', undefined);
    await kit.queue.markFailed(jobs[1]!.instanceId, 'second', 'cloud-server-error', undefined, 5000);
    await kit.verifyAll();
    const groups = kit.queue.studyDetail.deliveryGroups(idOf());
    expect(groups).toHaveLength(3);
    expect(groups).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ destination: 'cloud', state: 'verified', count: 2, error: null }),
        expect.objectContaining({ destination: 'second', state: 'parked', error: 'object-tampered' }),
        expect.objectContaining({ destination: 'second', state: 'failed', nextAttemptAtMs: 5000 }),
      ]),
    );
    const [first] = kit.queue.studyDetail.images(idOf(), 0, 1);
    expect(
      kit.queue.studyDetail
        .deliveries(first!.instanceId)
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['verified', expect.stringMatching(/^(failed|parked)$/)].sort());
  });

  it('tells what happened, newest first, and pages through the audit trail of this study alone', async () => {
    await receive('one', '1.2.1', '1');
    await kit.clock.advance(1000);
    await kit.verifyAll();
    for (let at = 0; at < 130; at += 1) {
      const subject = at % 2 === 0 ? idOf() : 'another';
      const row = { action: 'phi-revealed', actor: 'web', subject, outcome: 'success' as const };
      await kit.queue.appendAudit({ ...row, atMs: kit.clock.nowMs() + 1000 + at });
    }
    const first = studyHistory(kit.queue.studyDetail, idOf(), null);
    expect(first.auditBefore).toBeNull();
    expect(first.entries).toHaveLength(65 + 2);
    const times = first.entries.map((entry) => ('until' in entry ? entry.until : entry.at));
    expect(times).toEqual([...times].sort().reverse());
    expect(first.entries.slice(-2).map(({ tag }) => tag)).toEqual(['verified', 'received']);
    for (let at = 0; at < 60; at += 1)
      await kit.queue.appendAudit({
        atMs: kit.clock.nowMs() + 5000,
        action: 'restore-started',
        actor: 'web',
        subject: idOf(),
        outcome: 'success',
      });
    const page = studyHistory(kit.queue.studyDetail, idOf(), null);
    expect(page.auditBefore).not.toBeNull();
    const rest = studyHistory(kit.queue.studyDetail, idOf(), page.auditBefore);
    expect(rest.entries.every(({ tag }) => tag === 'audit')).toBe(true);
    expect(page.entries.length + rest.entries.length).toBe(125 + 2);
  });
});

describe('migration 15', () => {
  it('finds a study in the audit trail by an index, and leaves the trail as it was', async () => {
    await kit.queue.appendAudit({
      atMs: 1,
      action: 'phi-revealed',
      actor: 'web',
      subject: 's',
      outcome: 'success',
    });
    const db = new Database(path.join(kit.dir, 'queue.db'));
    try {
      db.exec('DROP INDEX audit_subject');
      const { sql } = await import('./migrations/0015-study-detail.ts');
      db.exec(sql);
      const plan = db.prepare('EXPLAIN QUERY PLAN SELECT id FROM audit WHERE subject = ?').all('s');
      expect(JSON.stringify(plan)).toContain('audit_subject');
      expect(db.prepare('SELECT count(*) FROM audit').pluck().get()).toBe(1);
    } finally {
      db.close();
    }
  });
});
