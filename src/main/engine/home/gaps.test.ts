import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudyNumbers } from './gaps.ts';

function gaps(series: Readonly<Record<string, readonly (number | string)[]>>, modality = 'CT') {
  const study = new StudyNumbers();
  for (const [name, numbers] of Object.entries(series))
    for (const number of numbers)
      study.add({ series: name, seriesNumber: name, modality, number: String(number) });
  return study.gaps();
}

describe('numbers missing in a series', () => {
  it('are told as ranges, between its first and its last', () => {
    expect(gaps({ 3: [1, 2, 4, 5, 9, 10] })).toEqual([
      {
        modality: 'CT',
        seriesNumber: '3',
        present: 6,
        missing: 4,
        ranges: [
          { from: 3, to: 3 },
          { from: 6, to: 8 },
        ],
        moreRanges: 0,
      },
    ]);
  });

  it('are none where numbers run on from anywhere, in any order, some of them twice', () => {
    expect(gaps({ 1: [0, 1, 2, 3], 2: [101, 103, 102, 102] })).toEqual([]);
  });

  it('are none where a device counts by two', () => {
    expect(gaps({ 1: [1, 3, 5, 7] })).toEqual([]);
    expect(gaps({ 1: [1, 3, 7, 9] })).toMatchObject([{ missing: 1, ranges: [{ from: 5, to: 5 }] }]);
  });

  it('are none where they stand in another series of the study: it numbers through all of it', () => {
    expect(gaps({ 1: [1, 2, 5, 6], 2: [3, 4, 7] }, 'US')).toEqual([]);
  });

  it('are none where numbers mean something else than a count', () => {
    expect(gaps({ 1: [1, 2, 1001] })).toEqual([]);
    expect(gaps({ 1: ['', 'x', '-3', '12345678901'] })).toEqual([]);
    expect(gaps({ 1: [1, 2, 4] }, 'SR')).toEqual([]);
  });

  it('show no free text of a header, and no endless list', () => {
    const study = new StudyNumbers();
    for (let number = 0; number < 60; number += 1)
      if (number % 3 !== 1 || number < 3)
        study.add({ series: 'a', seriesNumber: 'Doe Jane', modality: 'x y', number: ` ${number} ` });
    expect(study.gaps()).toMatchObject([{ seriesNumber: null, modality: 'OT', missing: 19, moreRanges: 11 }]);
  });

  it('never count more than is there, nor a number that is there', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 }),
        (numbers) => {
          for (const gap of gaps({ 1: numbers })) {
            expect(gap.missing).toBeLessThanOrEqual(gap.present);
            for (const { from, to } of gap.ranges)
              expect([numbers.includes(from), numbers.includes(to)]).toEqual([false, false]);
          }
        },
      ),
    );
  });
});
