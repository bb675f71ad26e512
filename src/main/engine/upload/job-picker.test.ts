import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { largeObjectBytes } from '../queue/large-objects.ts';
import type { UploadJob } from '../queue/queue-types.ts';
import { JobPicker } from './job-picker.ts';

let kit: QueueKit;
let looks: number;
let nextDueFails: boolean;
let picker: JobPicker;

beforeEach(() => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  looks = 0;
  nextDueFails = false;
  picker = new JobPicker({
    destination: 'cloud',
    clock: kit.clock,
    queue: {
      claim: (...asked) => {
        looks += 1;
        return kit.queue.claim(...asked);
      },
      release: (...asked) => kit.queue.release(...asked),
      nextDueAtMs: (...asked) => {
        if (nextDueFails) throw new Error('the disk');
        return kit.queue.nextDueAtMs(...asked);
      },
    },
  });
});

afterEach(() => kit.dispose());

async function receive(name: string, study: string, sizeBytes = 500_000): Promise<void> {
  await kit.queue.recordReceived(newInstance(name, study, { sizeBytes }));
}

/** Takes `count` jobs, one every `everyMs`, as slots come free. */
async function pickOneByOne(count: number, everyMs: number): Promise<UploadJob[]> {
  const jobs: UploadJob[] = [];
  for (let one = 0; one < count; one += 1) {
    jobs.push(...picker.pick({ all: 1, large: 1 }).jobs);
    await kit.clock.advance(everyMs);
  }
  return jobs;
}

function idsOf(jobs: readonly UploadJob[]): number[] {
  return jobs.map(({ instanceId }) => instanceId);
}

describe('jobs', () => {
  it('are taken along over a fast line: five slots, one look at the queue; each job once', async () => {
    for (let index = 0; index < 20; index += 1) await receive(`i${index}`, 'one');
    const jobs = await pickOneByOne(16, 6);
    expect(new Set(idsOf(jobs)).size).toBe(16);
    // The first one alone, then by fives.
    expect(looks).toBe(4);
  });

  it('are asked for one by one over a slow line, so that the newest study goes first', async () => {
    for (let index = 0; index < 6; index += 1) await receive(`old${index}`, 'old');
    await pickOneByOne(3, 500);
    expect(looks).toBe(3);
    await receive('new', 'new');
    const jobs = await pickOneByOne(2, 500);
    expect(jobs.map(({ details }) => details.studyInstanceUid)).toContain(
      newInstance('new', 'new').details.studyInstanceUid,
    );
  });

  it('that were taken along go back when the line turns slow, and are not lost', async () => {
    for (let index = 0; index < 6; index += 1) await receive(`i${index}`, 'one');
    const fast = await pickOneByOne(2, 6);
    await kit.clock.advance(1_000);
    const slow = await pickOneByOne(4, 1_000);
    expect(new Set(idsOf([...fast, ...slow])).size).toBe(6);
    expect(looks).toBe(2 + 4);
  });

  it('that were taken along are anybody’s again when nothing may begin', async () => {
    for (let index = 0; index < 6; index += 1) await receive(`i${index}`, 'one');
    await pickOneByOne(2, 6);
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(0);
    picker.putBack();
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(4);
  });

  it('that were taken along do not wait for a slot for long', async () => {
    for (let index = 0; index < 6; index += 1) await receive(`i${index}`, 'one');
    await pickOneByOne(2, 6);
    expect(picker.pick({ all: 0, large: 0 })).toEqual({ jobs: [], waitMs: 100 });
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(0);
    await kit.clock.advance(100);
    expect(picker.pick({ all: 0, large: 0 })).toEqual({ jobs: [], waitMs: undefined });
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(4);
  });

  it('are nobody’s when the queue fails before they begin', async () => {
    await receive('a', 'one');
    nextDueFails = true;
    expect(() => picker.pick({ all: 2, large: 2 })).toThrow('the disk');
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs())).toHaveLength(1);
  });

  it('are never large when taken along: how many of those may begin is asked each time', async () => {
    for (let index = 0; index < 3; index += 1) await receive(`i${index}`, 'one');
    for (let index = 0; index < 3; index += 1) await receive(`l${index}`, 'two', largeObjectBytes + 1);
    const large: UploadJob[] = [];
    for (let slot = 0; slot < 6; slot += 1) {
      const allowed = slot === 0 ? 1 : 0;
      const { jobs } = picker.pick({ all: 1, large: allowed });
      large.push(...jobs.filter(({ sizeBytes }) => sizeBytes > largeObjectBytes));
      await kit.clock.advance(6);
    }
    expect(large.length).toBeLessThanOrEqual(1);
    picker.putBack();
    expect(kit.queue.claim('cloud', 10, kit.clock.nowMs()).length).toBeGreaterThanOrEqual(2);
  });
});
