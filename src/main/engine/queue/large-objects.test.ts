import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { largeObjectBytes } from './large-objects.ts';
import type { UploadJob } from './queue-types.ts';

const large = largeObjectBytes + 1;
const uid = (job: UploadJob): string => job.details.sopInstanceUid.replace('1.2.3.', '');

let kit: QueueKit;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
});
afterEach(() => kit.dispose());

async function receive(name: string, study: string, sizeBytes = 1000): Promise<void> {
  await kit.queue.recordReceived(newInstance(name, study, { sizeBytes }));
  await kit.clock.advance(1000);
}

function claim(limit: number, mostLarge: number): string[] {
  return kit.queue.claim('cloud', limit, kit.clock.nowMs(), mostLarge).map(uid);
}

describe('large objects', () => {
  it('take no more slots than they may, newest study first, and the rest goes to small ones', async () => {
    for (const name of ['v1', 'v2', 'v3', 'v4']) await receive(name, 'volume', large);
    for (const name of ['x1', 'x2']) await receive(name, 'radiograph');
    const first = claim(4, 2);
    expect(first.filter((name) => name.startsWith('v'))).toHaveLength(2);
    expect(first.filter((name) => name.startsWith('x'))).toHaveLength(2);
    expect(claim(4, 0)).toEqual([]);
    expect(kit.queue.nextDueAtMs('cloud')).toBe(0);
    expect(claim(4, 1)).toHaveLength(1);
  });

  it('do not hide a small one behind them, however many wait', async () => {
    await receive('x', 'radiograph');
    for (let index = 0; index < 600; index += 1) {
      void kit.queue.recordReceived(newInstance(`v${index}`, 'backlog', { sizeBytes: large }));
    }
    await receive('last', 'backlog', large);
    expect(claim(1, 0)).toEqual(['x']);
  });

  it('that failed do not hide a small one that failed', async () => {
    for (let index = 0; index < 20; index += 1) await receive(`v${index}`, 'volume', large);
    await receive('x', 'radiograph');
    const jobs = kit.claimAll();
    for (const [index, job] of jobs.entries()) {
      const dueAtMs = kit.clock.nowMs() + (uid(job) === 'x' ? 1000 : index);
      await kit.queue.markFailed(job.instanceId, 'cloud', 'cloud-unreachable', undefined, dueAtMs);
    }
    await kit.clock.advance(2000);
    expect(claim(1, 0)).toEqual(['x']);
  });

  it('are sent in their turn by the age of their study when there is room', async () => {
    await receive('x', 'radiograph');
    await receive('v', 'volume', large);
    expect(claim(1, 1)).toEqual(['v']);
  });
});
