import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  measureWork,
  median,
  ours,
  parseBenchOptions,
  roundOrder,
  tableOf,
  type Contender,
} from '../../bench/harness.ts';

describe('the bench harness', () => {
  it('takes the middle of an odd count and the mean of the two middle ones of an even count', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
  });

  it('lets nobody always come first', () => {
    expect([0, 1, 2].map((round) => roundOrder(['a', 'b'], round).join(''))).toEqual(['ab', 'ba', 'ab']);
  });

  it('refuses a count that is not a whole number above 0, naming the flag', () => {
    expect(() => parseBenchOptions(['--count', '0'], { count: 10 })).toThrow('--count');
    expect(() => parseBenchOptions(['--runs', 'two'], { count: 10 })).toThrow('--runs');
  });

  it('measures in turns, each time in a new folder, leaves the first round out and removes the folders', async () => {
    const order: string[] = [];
    const folders: string[] = [];
    const contender = (name: string, seconds: readonly number[]): Contender => {
      let turn = 0;
      return {
        name,
        measure: async (folder) => {
          expect(existsSync(join(folder, 'mark'))).toBe(false);
          await writeFile(join(folder, 'mark'), '');
          order.push(name);
          folders.push(folder);
          return { seconds: seconds[turn++] ?? 0 };
        },
      };
    };
    const work = {
      name: 'one',
      title: 'one',
      units: { count: 100, name: 'images' },
      contenders: [contender(ours, [99, 2, 1, 3]), contender('peer', [99, 4, 4, 4])],
      targets: [{ against: 'peer', floor: 1.5, aim: 3 }],
    };

    const result = await measureWork(work, 3, () => undefined);

    expect(order).toEqual([ours, 'peer', 'peer', ours, ours, 'peer', 'peer', ours]);
    expect(result.contenders.map(({ medianSeconds, rate }) => [medianSeconds, rate])).toEqual([
      [2, 50],
      [4, 25],
    ]);
    expect(result.ratios).toEqual([{ against: 'peer', ratio: 2, floor: 1.5, aim: 3 }]);
    expect(tableOf([result])[2]).toBe(
      '| one | peer | 50.0 images/s (2.00 s) | 25.0 images/s (4.00 s) | 2.00 | 1.5 | 3 | above the floor |',
    );
    expect(folders.filter(existsSync)).toEqual([]);
  });
});
