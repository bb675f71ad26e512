import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import type { QueueChange } from './queue-types.ts';

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});

afterEach(() => {
  expect(kit.queue.checkConsistency()).toEqual([]);
  kit.dispose();
});

describe('recording what was received', () => {
  it('makes the instance count, and it is there after reopening', async () => {
    expect(await kit.queue.recordReceived(newInstance('a'))).toEqual({ tag: 'recorded', uidConflict: false });
    const queue = kit.reopen();
    expect(queue.status()).toMatchObject({ received: 1, pending: 1, spoolBytes: 1000, studies: 1 });
    expect(kit.instance(newInstance('a').objectName)).toMatchObject({
      spoolId: newInstance('a').spoolId,
      details: newInstance('a').details,
      source: 'CT_ROOM_1',
      state: 'pending',
      deliveries: [{ destination: 'cloud', state: 'queued' }],
    });
  });

  it('shares one commit among the calls of one turn', async () => {
    let commits = 0;
    kit.queue.onChange(() => (commits += 1));
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => kit.queue.recordReceived(newInstance(`${index}`))),
    );
    expect(commits).toBe(1);
    expect(kit.queue.status().received).toBe(50);
  });

  it('answers a second copy with duplicate and keeps the first', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const again = newInstance('a', 'study-1', { spoolId: hex('second', 16) });
    expect(await kit.queue.recordReceived(again)).toEqual({ tag: 'duplicate' });
    expect(kit.queue.status().received).toBe(1);
    expect(kit.instance(again.objectName)?.spoolId).toBe(newInstance('a').spoolId);
  });

  it('answers two copies in one turn with recorded and duplicate', async () => {
    const outcomes = await Promise.all([
      kit.queue.recordReceived(newInstance('a')),
      kit.queue.recordReceived(newInstance('a', 'study-1', { spoolId: hex('second', 16) })),
    ]);
    expect(outcomes.map(({ tag }) => tag)).toEqual(['recorded', 'duplicate']);
  });

  it('lets a resend take the place of a copy whose file is missing', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    kit.missing.add(newInstance('a').spoolId);
    const again = newInstance('a', 'study-1', { spoolId: hex('second', 16), sizeBytes: 1200 });
    expect(await kit.queue.recordReceived(again)).toEqual({
      tag: 'replaced',
      oldSpoolId: newInstance('a').spoolId,
    });
    expect(kit.queue.status()).toMatchObject({ received: 1, pending: 1, spoolBytes: 1200 });
    expect(kit.claimAll()).toMatchObject([{ spoolId: hex('second', 16) }]);
  });

  it('lets a resend take the place of a parked copy, and queues it again', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const [job] = kit.claimAll();
    await kit.queue.markParked(job!.instanceId, 'cloud', 'object-tampered', undefined);
    expect(kit.queue.status()).toMatchObject({ pending: 0, parked: 1 });
    const again = newInstance('a', 'study-1', { spoolId: hex('second', 16) });
    expect((await kit.queue.recordReceived(again)).tag).toBe('replaced');
    expect(kit.queue.status()).toMatchObject({ pending: 1, parked: 0, failures: [] });
    expect(kit.claimAll()).toHaveLength(1);
  });

  it('drops what an upload of the replaced copy reports afterwards', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const [job] = kit.claimAll();
    kit.missing.add(newInstance('a').spoolId);
    await kit.queue.recordReceived(newInstance('a', 'study-1', { spoolId: hex('second', 16) }));
    expect(kit.claimAll()).toEqual([]);
    expect(await kit.queue.setSpool(job!.instanceId, hex('re-headed', 16), 1100, 'f')).toBeUndefined();
    await kit.queue.markParked(job!.instanceId, 'cloud', 'object-missing', undefined);
    expect(kit.queue.status()).toMatchObject({ pending: 1, parked: 0 });
    expect(kit.claimAll()).toMatchObject([{ spoolId: hex('second', 16) }]);
  });

  it('calls a verified image a duplicate even when its local copy is gone', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    await kit.verifyAll();
    const [object] = kit.queue.evictable(kit.clock.nowMs() + 1, 10);
    expect(await kit.queue.markEvicted(object!)).toBe(true);
    expect(kit.queue.status().spoolBytes).toBe(0);
    const again = newInstance('a', 'study-1', { spoolId: hex('second', 16) });
    expect((await kit.queue.recordReceived(again)).tag).toBe('duplicate');
  });

  it('keeps both images with one SOP Instance UID and flags both', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const other = newInstance('b', 'study-1', { details: { sopInstanceUid: '1.2.3.a' } });
    expect(await kit.queue.recordReceived(other)).toEqual({ tag: 'recorded', uidConflict: true });
    expect(kit.queue.status().received).toBe(2);
    const rows = [...kit.queue.instances({ tag: 'all' })];
    expect(rows.map(({ flags }) => flags)).toEqual([['uid-conflict'], ['uid-conflict']]);
    expect(kit.queue.status().incidents).toMatchObject([{ code: 'uid-conflict', count: 1 }]);
  });

  it('undoes alone what cannot be recorded', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    const outcomes = await Promise.allSettled([
      kit.queue.recordReceived(newInstance('b')),
      kit.queue.recordReceived(newInstance('c', 'new-study', { spoolId: newInstance('a').spoolId })),
      kit.queue.recordReceived(newInstance('d', 'new-study')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(kit.queue.status()).toMatchObject({ received: 3, studies: 2 });
  });

  it('refuses malformed names instead of storing them', async () => {
    await expect(
      kit.queue.recordReceived(newInstance('a', 's', { objectName: 'abc' })),
    ).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('counts per device, and not for files', async () => {
    await kit.queue.recordReceived(newInstance('a'));
    await kit.queue.recordReceived(newInstance('b', 'study-1', { source: 'US_2' }));
    await kit.queue.recordReceived(newInstance('c', 'study-1', { source: null }));
    await kit.verifyAll();
    expect(kit.queue.status().sources).toEqual([
      { aeTitle: 'CT_ROOM_1', received: 1, verified: 1, committed: 0, lastReceivedAtMs: kit.clock.nowMs() },
      { aeTitle: 'US_2', received: 1, verified: 1, committed: 0, lastReceivedAtMs: kit.clock.nowMs() },
    ]);
  });

  it('waits without a destination, and is sent once there is one', async () => {
    kit.queue.setDestinations([]);
    await kit.queue.recordReceived(newInstance('a'));
    expect(kit.queue.status()).toMatchObject({ received: 1, pending: 1 });
    kit.queue.setDestinations([{ name: 'other', required: true }]);
    expect(kit.claimAll('other')).toHaveLength(1);
  });

  it('tells which studies changed', async () => {
    const changes: QueueChange[] = [];
    const stop = kit.queue.onChange((change) => changes.push(change));
    await kit.queue.recordReceived(newInstance('a'));
    const [study] = kit.queue.studies(10);
    expect(changes).toEqual([{ tag: 'studies', studyIds: [study!.id] }]);
    stop();
    await kit.queue.recordReceived(newInstance('b'));
    expect(changes).toHaveLength(1);
  });
});

describe('studies', () => {
  it('come newest first with their counters', async () => {
    await kit.queue.recordReceived(newInstance('a', 'one'));
    await kit.clock.advance(1000);
    await kit.queue.recordReceived(newInstance('b', 'two'));
    await kit.clock.advance(1000);
    await kit.queue.recordReceived(newInstance('c', 'one', { sizeBytes: 500 }));
    const studies = kit.queue.studies(10);
    expect(studies.map(({ instances, sizeBytes }) => [instances, sizeBytes])).toEqual([
      [2, 1500],
      [1, 1000],
    ]);
    expect(studies[0]!.lastReceivedAtMs - studies[0]!.firstReceivedAtMs).toBe(2000);
    expect(kit.queue.studies(1)).toHaveLength(1);
    kit.claimAll();
    expect(kit.queue.study(studies[1]!.id)?.uploading).toBe(true);
  });

  it('fill their display details from later images and keep what is there', async () => {
    await kit.queue.recordReceived(
      newInstance('a', 'one', { details: { modality: 'SR', studyDescription: '', patientName: 'Doe^Jane' } }),
    );
    await kit.queue.recordReceived(
      newInstance('b', 'one', {
        details: { modality: 'US', studyDescription: 'Abdomen', patientName: 'Other^Name' },
      }),
    );
    const [study] = kit.queue.studies(1);
    expect(kit.queue.studyDetails(study!.id)).toEqual({
      patientName: 'Doe^Jane',
      patientId: 'ID-1',
      studyDescription: 'Abdomen',
      studyDate: '',
      modality: 'US',
    });
    expect(kit.queue.studyDetails('unknown')).toBeUndefined();
    expect(kit.queue.studyInstanceUid('unknown')).toBeUndefined();
    const [image] = [...kit.queue.instances({ tag: 'all' })];
    expect(kit.queue.studyInstanceUid(study!.id)).toBe(image!.details.studyInstanceUid);
  });

  it('are not thrown together when images name no study', async () => {
    await kit.queue.recordReceived(
      newInstance('a', 'x', { details: { studyInstanceUid: '', seriesInstanceUid: '' } }),
    );
    await kit.queue.recordReceived(
      newInstance('b', 'x', { details: { studyInstanceUid: '', seriesInstanceUid: '' } }),
    );
    expect(kit.queue.status().studies).toBe(2);
  });

  it('give their instances by the DICOM study, page by page', async () => {
    const names = Array.from({ length: 450 }, (_, index) => `n${index}`);
    await Promise.all(names.map((name) => kit.queue.recordReceived(newInstance(name, 'one'))));
    await kit.queue.recordReceived(newInstance('other', 'two'));
    const seen = [...kit.queue.instances({ tag: 'study', studyInstanceUid: '1.2.9.one' })];
    expect(new Set(seen.map(({ objectName }) => objectName)).size).toBe(450);
    expect([...kit.queue.instances({ tag: 'all' })]).toHaveLength(451);
    expect([...kit.queue.instances({ tag: 'study', studyInstanceUid: '9.9' })]).toEqual([]);
  });
});
