import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';
import { slotMs } from './home-counts.ts';
import type { Queue } from './queue.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const hour = 3_600_000;

let kit: QueueKit;
let queue: Queue;

beforeEach(() => {
  kit = new QueueKit();
  queue = kit.queue;
  queue.setDestinations([{ name: 'cloud', required: true }]);
});
afterEach(() => {
  expect(queue.checkConsistency()).toEqual([]);
  kit.dispose();
});

/** The device names them, and takes the answer; `failed` were not committed. */
async function commit(names: readonly string[], failed: readonly number[] = [], aeTitle = 'CT_ROOM_1') {
  const recorded = await queue.commitments.record({
    transactionUid: `1.2.7.${names.join('')}${failed.length}${kit.clock.nowMs()}`,
    callingAeTitle: aeTitle,
    remoteAddress: '192.168.1.20',
    deviceId: null,
    references: names.map((name) => ({ sopClassUid: ct, sopInstanceUid: `1.2.3.${name}` })),
    contentSha256: names.join(),
    day: '2026-01-05',
  });
  if (recorded.tag !== 'recorded') throw new Error('known already');
  await queue.commitments.settle(1000, () => true);
  await queue.commitments.delivered(recorded.commitment.id, new Set(failed));
}

function today() {
  const now = kit.clock.nowMs();
  return queue.home
    .arrivals(now - 12 * hour, now + 12 * hour)
    .map(({ aeTitle, images, verified, committed }) => ({ aeTitle, images, verified, committed }));
}

describe('what is counted of the images that came', () => {
  it('is verified when every required destination has it, and no more when one is added', async () => {
    await queue.recordReceived(newInstance('1'));
    await queue.recordReceived(newInstance('2'));
    expect(today()).toEqual([{ aeTitle: 'CT_ROOM_1', images: 2, verified: 0, committed: 0 }]);
    await kit.verifyAll();
    expect(today()).toEqual([{ aeTitle: 'CT_ROOM_1', images: 2, verified: 2, committed: 0 }]);
    queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
    ]);
    expect(today()).toEqual([{ aeTitle: 'CT_ROOM_1', images: 2, verified: 0, committed: 0 }]);
  });

  it('is committed only when the device that sent it was told so, and while it is verified', async () => {
    for (const name of ['1', '2', '3']) await queue.recordReceived(newInstance(name));
    await kit.verifyAll();
    await commit(['1', '2'], [1]);
    expect(today()).toEqual([{ aeTitle: 'CT_ROOM_1', images: 3, verified: 3, committed: 1 }]);
    await commit(['3'], [], 'SOMEBODY');
    expect(today()).toMatchObject([{ committed: 1 }]);
    await commit(['2']);
    expect(today()).toMatchObject([{ committed: 2 }]);
    // Committed once, and refused when asked again.
    await kit.clock.advance(1000);
    await commit(['1'], [0]);
    expect(today()).toMatchObject([{ committed: 1 }]);
    queue.setDestinations([{ name: 'nas', required: true }]);
    expect(today()).toEqual([{ aeTitle: 'CT_ROOM_1', images: 3, verified: 0, committed: 0 }]);
  });

  it('is committed no more when another content came under its UID, on whatever day', async () => {
    await queue.recordReceived(newInstance('1'));
    await kit.verifyAll();
    await commit(['1']);
    expect(today()).toMatchObject([{ images: 1, committed: 1 }]);
    await kit.clock.advance(24 * hour);
    const other = newInstance('other', 'study-1', { details: { sopInstanceUid: '1.2.3.1' } });
    await queue.recordReceived(other);
    await kit.verifyAll();
    const all = queue.home.arrivals(0, kit.clock.nowMs() + slotMs);
    expect(all.map(({ verified, committed }) => [verified, committed])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('moves to the day on which a lost image was sent again', async () => {
    const image = newInstance('1');
    await queue.recordReceived(image);
    const [row] = queue.spoolRows(undefined, 10);
    await queue.markLost(row!, 'object-missing');
    kit.missing.add(image.spoolId);
    await kit.clock.advance(24 * hour);
    const again = newInstance('1', 'study-1', { spoolId: 'ab'.repeat(16) });
    expect((await queue.recordReceived(again)).tag).toBe('replaced');
    const all = queue.home.arrivals(0, kit.clock.nowMs() + slotMs);
    expect(all.length).toBe(1);
    expect(all[0]!.slot).toBe(Math.floor(kit.clock.nowMs() / slotMs));
  });

  it('counts files by their bytes only, and learns no rhythm from them', async () => {
    await queue.recordReceived(newInstance('1', 'study-1', { source: null }));
    await kit.verifyAll();
    expect(today()).toEqual([{ aeTitle: '', images: 1, verified: 0, committed: 0 }]);
    expect(queue.home.rhythm(0, kit.clock.nowMs() + slotMs)).toEqual([]);
  });
});

describe('what was proven', () => {
  it('is counted per destination and quarter of an hour', async () => {
    queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: false },
    ]);
    for (const name of ['1', '2']) await queue.recordReceived(newInstance(name));
    await kit.verifyAll('cloud');
    await kit.clock.advance(slotMs);
    await kit.verifyAll('nas');
    const slots = queue.home.proofs(0, kit.clock.nowMs() + slotMs);
    const slot = Math.floor(kit.clock.nowMs() / slotMs);
    expect(slots).toEqual([
      { slot: slot - 1, destination: 'cloud', images: 2, bytes: 2000 },
      { slot, destination: 'nas', images: 2, bytes: 2000 },
    ]);
  });

  it('dates a study only when all of it is verified', async () => {
    await queue.recordReceived(newInstance('1'));
    await queue.recordReceived(newInstance('2'));
    const [job] = kit.claimAll();
    await queue.markUploaded(job?.instanceId ?? 0, 'cloud', proof());
    expect(queue.home.provenStudies(0, 10)).toEqual([]);
    await kit.clock.advance(5000);
    await kit.verifyAll();
    queue.release(job?.instanceId ?? 0, 'cloud');
    await kit.verifyAll();
    const whole = queue.status().verified === 2 ? [expect.anything()] : [];
    expect(queue.home.provenStudies(0, 10)).toEqual(whole);
  });
});

describe('what waits', () => {
  it('is kept as it stood last, and the most of it', async () => {
    const now = kit.clock.nowMs();
    await queue.home.noteWaiting(now, 5, 9);
    await queue.home.noteWaiting(now + 1000, 2, 2);
    await queue.home.noteWaiting(now + slotMs, 0, 1);
    const slot = Math.floor(now / slotMs);
    expect(queue.home.waiting(now + slotMs, now + 3 * slotMs)).toEqual({
      before: 2,
      slots: [{ slot: slot + 1, last: 0, most: 1 }],
    });
    expect(queue.home.waiting(now, now + slotMs).slots).toEqual([{ slot, last: 2, most: 9 }]);
  });
});

describe('a silenced device', () => {
  it('stays so over a restart, until its time or until somebody wants to hear of it', async () => {
    await queue.home.silence('OLD', null);
    await queue.home.silence('XRAY', kit.clock.nowMs() + hour);
    queue = kit.reopen();
    expect(queue.home.silenced().map(({ aeTitle }) => aeTitle)).toEqual(['OLD', 'XRAY']);
    await kit.clock.advance(hour);
    expect(queue.home.silenced().map(({ aeTitle }) => aeTitle)).toEqual(['OLD']);
    await queue.home.speak('OLD');
    expect(queue.home.silenced()).toEqual([]);
  });
});

describe('migration 14', () => {
  it('counts what was there before it, and leaves studies to be indexed', async () => {
    for (const name of ['1', '2']) await queue.recordReceived(newInstance(name));
    await kit.verifyAll();
    await commit(['1']);
    const before = today();
    queue.close();
    const db = new Database(join(kit.dir, 'queue.db'));
    for (const name of db
      .prepare<[], string>(
        `SELECT name FROM sqlite_master WHERE type = 'trigger'
           AND (name LIKE 'arrival_%' OR name IN ('proof_slot_verified', 'study_reindex'))`,
      )
      .pluck()
      .all())
      db.exec(`DROP TRIGGER ${name}`);
    db.exec(`DROP TABLE arrival; DROP TABLE proof_slot; DROP TABLE waiting_slot; DROP TABLE search_token;
      DROP TABLE silenced_device; DROP INDEX study_unindexed; ALTER TABLE study DROP COLUMN unindexed;
      ALTER TABLE study DROP COLUMN proven_at;`);
    const { sql } = await import('./migrations/0014-home.ts');
    db.transaction(() => db.exec(sql))();
    db.close();
    queue = kit.reopen();
    expect(today()).toEqual(before);
    expect(queue.search.isBehind).toBe(true);
  });
});
