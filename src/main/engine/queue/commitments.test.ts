import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, proof, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { Queue } from './queue.ts';
import type { NewCommitment, OpenCommitment, Standing } from './commitments.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const us = '1.2.840.10008.5.1.4.1.1.6.1';
const isStored = (uid: string): boolean => uid === ct || uid === us;

let kit: QueueKit;
let queue: Queue;

beforeEach(() => {
  kit = new QueueKit();
  queue = kit.queue;
  queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => kit.dispose());

function asked(names: readonly string[], wishes: Partial<NewCommitment> = {}): NewCommitment {
  return {
    transactionUid: '1.2.7.1',
    callingAeTitle: 'CT_ROOM_1',
    remoteAddress: '192.168.1.20',
    deviceId: null,
    references: names.map((name) => ({ sopClassUid: ct, sopInstanceUid: `1.2.3.${name}` })),
    contentSha256: names.join(),
    day: '2026-01-05',
    ...wishes,
  };
}

function rows(table: string): number {
  const db = new Database(join(kit.dir, 'queue.db'), { readonly: true });
  try {
    return db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? -1;
  } finally {
    db.close();
  }
}

async function record(commitment: NewCommitment): Promise<OpenCommitment> {
  const recorded = await queue.commitments.record(commitment);
  if (recorded.tag !== 'recorded') throw new Error('known already');
  return recorded.commitment;
}

async function standings(id: number): Promise<Standing[]> {
  await queue.commitments.settle(1000, isStored);
  return queue.commitments.standings(id, -1, 1000).map(({ standing }) => standing);
}

describe('how an instance that a device names stands', () => {
  it('is verified only when its image is verified', async () => {
    await queue.recordReceived(newInstance('1'));
    const { id } = await record(asked(['1']));
    expect(await standings(id)).toEqual(['waits']);
    const [job] = kit.claimAll();
    await queue.markUploaded(job?.instanceId ?? 0, 'cloud', proof());
    expect(await standings(id)).toEqual(['waits']);
    await kit.verifyAll();
    expect(await standings(id)).toEqual(['verified']);
    expect(queue.commitments.facts(id)).toMatchObject({ total: 1, unsettled: 0, unknown: 0, refused: 0 });
  });

  it('waits for every required destination and for no other', async () => {
    queue.setDestinations([
      { name: 'cloud', required: true },
      { name: 'nas', required: true },
      { name: 'friend', required: false },
    ]);
    await queue.recordReceived(newInstance('1'));
    const { id } = await record(asked(['1']));
    await kit.verifyAll('cloud');
    expect(await standings(id)).toEqual(['waits']);
    await kit.verifyAll('nas');
    expect(await standings(id)).toEqual(['verified']);
  });

  it('is verified under a UID with several contents only when each of them is', async () => {
    await queue.recordReceived(newInstance('1'));
    await kit.verifyAll();
    const other = newInstance('1-other', 'study-1', { details: { sopInstanceUid: '1.2.3.1' } });
    await queue.recordReceived(other);
    const { id } = await record(asked(['1']));
    expect(await standings(id)).toEqual(['waits']);
    await kit.verifyAll();
    expect(await standings(id)).toEqual(['verified']);
  });

  it('is unknown, of another class, or of a class that is not stored', async () => {
    await queue.recordReceived(newInstance('1'));
    await kit.verifyAll();
    const { id } = await record(
      asked([], {
        references: [
          { sopClassUid: ct, sopInstanceUid: '1.2.3.99' },
          { sopClassUid: us, sopInstanceUid: '1.2.3.1' },
          { sopClassUid: '1.2.840.10008.5.1.4.1.2.1.1', sopInstanceUid: '1.2.3.98' },
        ],
      }),
    );
    expect(await standings(id)).toEqual(['unknown', 'conflict', 'unsupported']);
    expect(queue.commitments.facts(id)).toMatchObject({ unsettled: 0, unknown: 1, refused: 2 });
  });

  it('is taken up again when its image comes later, and when the cloud copy is found damaged', async () => {
    const { id } = await record(asked(['1']));
    expect(await standings(id)).toEqual(['unknown']);
    await queue.recordReceived(newInstance('1'));
    expect(queue.commitments.standings(id, -1, 10)[0]?.standing).toBe('new');
    expect(await standings(id)).toEqual(['waits']);
    await kit.verifyAll();
    expect(await standings(id)).toEqual(['verified']);
    const [row] = [...queue.instances({ tag: 'all' })];
    await queue.markParked(row?.instanceId ?? 0, 'cloud', 'object-tampered', undefined);
    expect(await standings(id)).toEqual(['waits']);
    expect(queue.commitments.facts(id)).toMatchObject({ unsettled: 1 });
  });

  it('costs a look only where something changed', async () => {
    for (const name of ['1', '2', '3']) await queue.recordReceived(newInstance(name));
    const { id } = await record(asked(['1', '2']));
    expect(await queue.commitments.settle(100, isStored)).toEqual({ looked: 2, commitments: new Set([id]) });
    expect(await queue.commitments.settle(100, isStored)).toEqual({ looked: 0, commitments: new Set() });
    const third = kit.claimAll().find((job) => job.details.sopInstanceUid === '1.2.3.3');
    await queue.markParked(third?.instanceId ?? 0, 'cloud', 'object-tampered', undefined);
    expect((await queue.commitments.settle(100, isStored)).looked).toBe(0);
  });
});

describe('recording a request', () => {
  it('takes one of several thousand references and gives them back in order', async () => {
    const names = Array.from({ length: 2_345 }, (_, index) => String(index));
    const { id, total } = await record(asked(names));
    expect(total).toBe(2_345);
    const page = queue.commitments.standings(id, 1_999, 400);
    expect(page).toHaveLength(345);
    expect(page[0]).toEqual({
      position: 2_000,
      sopClassUid: ct,
      sopInstanceUid: '1.2.3.2000',
      standing: 'new',
    });
  });

  it('knows the same request again while it is open, from the same caller', async () => {
    const first = await record(asked(['1', '2']));
    expect(await queue.commitments.record(asked(['1', '2']))).toEqual({ tag: 'known', id: first.id });
    const elsewhere = await record(asked(['1', '2'], { remoteAddress: '192.168.1.21' }));
    expect(elsewhere.isDuplicate).toBe(false);
    await queue.commitments.delivered(first.id, new Set());
    expect((await record(asked(['1', '2']))).isDuplicate).toBe(false);
  });

  it('marks another request under a Transaction UID in use', async () => {
    await record(asked(['1']));
    const second = await record(asked(['2', '3']));
    expect(second).toMatchObject({ isDuplicate: true, total: 2, unsettled: 0 });
    expect(await standings(second.id)).toEqual(['duplicate', 'duplicate']);
    await queue.recordReceived(newInstance('2'));
    expect(await standings(second.id)).toEqual(['duplicate', 'duplicate']);
  });

  it('is one request when it comes over two associations at once', async () => {
    const names = Array.from({ length: 600 }, (_, index) => String(index));
    const both = await Promise.all([
      queue.commitments.record(asked(names)),
      queue.commitments.record(asked(names)),
    ]);
    expect(both.map(({ tag }) => tag).sort()).toEqual(['known', 'recorded']);
    expect(await queue.commitments.open()).toHaveLength(1);
  });

  it('is paired device by device, wherever a device calls from', async () => {
    const first = await record(asked(['1'], { deviceId: 'a'.repeat(32) }));
    const moved = asked(['1'], { deviceId: 'a'.repeat(32), remoteAddress: '192.168.1.99' });
    expect(await queue.commitments.record(moved)).toEqual({ tag: 'known', id: first.id });
  });
});

describe('after a restart', () => {
  it('has every open request with its state, and not one that was cut off', async () => {
    const open = await record(asked(['1'], { transactionUid: '1.2.7.2' }));
    await queue.commitments.setReady(open.id, 5);
    await queue.commitments.attempted(open.id, 77.4);
    const cut = queue.commitments.record(asked(Array.from({ length: 900 }, (_, index) => String(index))));
    cut.catch(() => undefined);
    queue.flush();
    queue = kit.reopen();
    await expect(cut).rejects.toThrow();
    const [again, ...others] = await queue.commitments.open();
    expect(others).toEqual([]);
    expect(again).toMatchObject({ id: open.id, readyAtMs: 5, attempts: 1, nextAttemptAtMs: 77, total: 1 });
    expect(queue.commitments.transactionUid(open.id)).toBe('1.2.7.2');
    expect(queue.checkConsistency()).toEqual([]);
  });

  it('forgets ended requests after their time, and keeps what is committed', async () => {
    await queue.recordReceived(newInstance('1'));
    const { id } = await record(asked(['1']));
    await queue.commitments.delivered(id, new Set());
    expect(queue.commitments.facts(id)).toBeUndefined();
    expect(queue.commitments.standings(id, -1, 10)).toEqual([]);
    expect(await queue.commitments.forgetEnded(kit.clock.nowMs(), '2026-01-05', 10)).toBe(0);
    expect(await queue.commitments.forgetEnded(kit.clock.nowMs() + 1, '2026-01-05', 10)).toBe(1);
    expect(queue.commitments.days('2026-01-05')).toMatchObject([{ named: 1, committed: 1 }]);
    expect(await queue.commitments.forgetEnded(kit.clock.nowMs() + 1, '2026-01-06', 10)).toBe(1);
    expect(queue.commitments.days('2026-01-01')).toEqual([]);
    expect(queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 1]]));
  });

  it('forgets answers of long ago that were no success', async () => {
    await queue.recordReceived(newInstance('1'));
    const { id } = await record(asked(['1']));
    await queue.commitments.delivered(id, new Set([0]));
    expect(rows('commitment_answer')).toBe(1);
    await queue.commitments.forgetEnded(0, '2026-01-06', 10);
    expect(rows('commitment_answer')).toBe(0);
  });
});

describe('what each device was answered', () => {
  beforeEach(async () => {
    for (const name of ['1', '2', '3', '4']) await queue.recordReceived(newInstance(name));
  });

  it('counts different instances per AE title and day, when the answer is taken', async () => {
    const first = await record(asked(['1', '2', '3']));
    const day = { callingAeTitle: 'CT_ROOM_1', day: '2026-01-05' };
    expect(queue.commitments.days('2026-01-01')).toEqual([]);
    await queue.commitments.delivered(first.id, new Set([1]));
    expect(queue.commitments.days('2026-01-01')).toEqual([{ ...day, named: 3, committed: 2 }]);
    // Asked again the next day, with one more.
    const second = await record(asked(['2', '3', '4'], { day: '2026-01-06' }));
    await queue.commitments.delivered(second.id, new Set());
    expect(queue.commitments.days('2026-01-01')).toEqual([
      { ...day, named: 3, committed: 3 },
      { ...day, day: '2026-01-06', named: 1, committed: 1 },
    ]);
    expect(queue.commitments.days('2026-01-06')).toHaveLength(1);
    expect(queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 4]]));
  });

  it('counts an instance once for its AE title, whatever devices ask under that title', async () => {
    for (const deviceId of ['a'.repeat(32), null, 'b'.repeat(32)]) {
      const { id } = await record(asked(['1', '2'], { deviceId }));
      await queue.commitments.delivered(id, new Set());
    }
    expect(queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 2]]));
    expect(queue.status().sources).toMatchObject([{ received: 4, committed: 2 }]);
    const last = await record(asked(['1', '2'], { deviceId: 'a'.repeat(32) }));
    await queue.commitments.delivered(last.id, new Set([0]));
    expect(queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 1]]));
  });

  it('writes no row about an instance that is not here', async () => {
    const { id } = await record(asked(['77', '78'], { deviceId: 'a'.repeat(32) }));
    await queue.commitments.delivered(id, new Set([0, 1]));
    expect([rows('commitment_answer'), rows('commitment_day'), rows('commitment_source')]).toEqual([0, 0, 0]);
  });

  it('writes no row for an AE title that is neither paired nor has sent anything', async () => {
    const { id } = await record(asked(['1'], { callingAeTitle: 'MADE_UP' }));
    await queue.commitments.delivered(id, new Set());
    expect([rows('commitment_answer'), rows('commitment_day'), rows('commitment_source')]).toEqual([0, 0, 0]);
    const paired = await record(asked(['1'], { callingAeTitle: 'COMMIT_AE', deviceId: 'a'.repeat(32) }));
    await queue.commitments.delivered(paired.id, new Set());
    expect(queue.commitments.committedBySource()).toEqual(new Map([['COMMIT_AE', 1]]));
  });

  it('counts what was named with its class and with a wrong one as it was told last', async () => {
    const references = [
      { sopClassUid: ct, sopInstanceUid: '1.2.3.1' },
      { sopClassUid: us, sopInstanceUid: '1.2.3.1' },
    ];
    const { id } = await record(asked([], { references }));
    await queue.commitments.delivered(id, new Set([1]));
    expect(queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 1]]));
  });

  it('takes a success back when the device is answered otherwise later', async () => {
    const first = await record(asked(['1']));
    await queue.commitments.delivered(first.id, new Set());
    const second = await record(asked(['1']));
    await queue.commitments.delivered(second.id, new Set([0]));
    expect(queue.commitments.days('2026-01-01')).toMatchObject([{ named: 1, committed: 0 }]);
  });

  it('counts nothing for an answer that nobody took', async () => {
    const { id } = await record(asked(['1']));
    await queue.commitments.giveUp(id);
    expect(queue.commitments.days('2026-01-01')).toEqual([]);
    expect(await queue.commitments.open()).toEqual([]);
  });
});

describe('the revision of a request', () => {
  it('changes when an instance stands otherwise, and is none while one is not looked at', async () => {
    await queue.recordReceived(newInstance('1'));
    const { id } = await record(asked(['1']));
    expect(queue.commitments.revision(id)).toBeUndefined();
    await standings(id);
    const waiting = queue.commitments.revision(id);
    expect(waiting).toBeTypeOf('number');
    await kit.verifyAll();
    expect(queue.commitments.revision(id)).toBeUndefined();
    await standings(id);
    const verified = queue.commitments.revision(id);
    expect(verified).not.toBe(waiting);
    await queue.commitments.settle(100, isStored);
    expect(queue.commitments.revision(id)).toBe(verified);
  });
});
