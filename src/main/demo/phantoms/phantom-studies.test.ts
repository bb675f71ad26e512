import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { makePhantomStudies, type PhantomInstance } from './phantom-studies.ts';

const nowMs = Date.UTC(2026, 0, 5, 9, 0, 0);

function studies(seed = 'phantom'): readonly PhantomInstance[] {
  return [...makePhantomStudies({ random: new FakeRandom(seed), nowMs })];
}

function digest(instance: PhantomInstance | undefined): string {
  return createHash('sha256')
    .update(instance?.part10() ?? '')
    .digest('hex');
}

describe('the phantom studies', () => {
  it('are a CT series, an ultrasound clip with a still, and an X-ray, of three patients', () => {
    const all = studies();
    const perStudy = Map.groupBy(all, ({ studyInstanceUid }) => studyInstanceUid);

    expect([...perStudy.values()].map((study) => [study[0]?.modality, study.length])).toEqual([
      ['CT', 64],
      ['US', 2],
      ['DX', 1],
    ]);
  });

  it('have UIDs under 2.25, each one once', () => {
    const uids = studies().map(({ sopInstanceUid }) => sopInstanceUid);

    expect(new Set(uids).size).toBe(uids.length);
    for (const uid of uids) expect(uid).toMatch(/^2\.25\.[1-9][0-9]{30,38}$/);
  });

  it('are the same bytes for the same seed, however often and in whatever order they are asked for', () => {
    const one = studies();
    const other = studies();
    const later = digest(one[40]);

    expect(digest(other[7])).toBe(digest(one[7]));
    expect(digest(other[40])).toBe(later);
    expect(digest(one[7])).toBe(digest(one[7]));
  });

  it('are other bytes for another seed', () => {
    expect(digest(studies('other')[20])).not.toBe(digest(studies()[20]));
  });

  it('name their patients PHANTOM and hold no other name', () => {
    const dataset = studies()[65]?.dataset().subarray(0, 2000).toString('utf8');

    expect(dataset).toContain('PHANTOM^BJÖRN');
  });

  it('change little from one CT slice to the next: the anatomy is continuous', () => {
    const [before, here, far] = [30, 31, 50].map((index) => pixelsOf(studies()[index]));

    expect(meanDifference(before, here)).toBeLessThan(0.5 * meanDifference(before, far));
  });
});

/** 512 x 512 pixels of 16 bits at the dataset's end. */
function pixelsOf(instance: PhantomInstance | undefined): Uint16Array {
  const dataset = instance?.dataset() ?? Buffer.alloc(0);
  return new Uint16Array(Uint8Array.from(dataset.subarray(-512 * 512 * 2)).buffer);
}

function meanDifference(one: Uint16Array | undefined, other: Uint16Array | undefined): number {
  let sum = 0;
  one?.forEach((value, index) => {
    sum += Math.abs(value - (other?.[index] ?? 0));
  });
  return sum / (one?.length ?? 1);
}
