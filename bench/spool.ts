/**
 * Making one file durable: blanks made ahead (ours) beside temp name, flush, rename, folder flush. Same process, same
 * folder layout, same content; one file at a time and four in parallel. docs/decisions/0005-spool-blanks.md.
 *
 *     npm run bench -- spool [--runs N] [--count N]
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSpool } from '../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../src/main/engine/system/clock.ts';
import { createLogger } from '../src/main/engine/system/logger.ts';
import { SystemRandom } from '../src/main/engine/system/random.ts';
import { measureWork, ours, parseBenchOptions, report, type Contender, type Work } from './harness.ts';

const fileBytes = 500_000;
/** As the sealer hands it over: segments of 256 KiB. */
const content = randomBytes(fileBytes);
const pieces = [content.subarray(0, 262_144), content.subarray(262_144)];

async function timed(count: number, lanes: number, one: () => Promise<void>): Promise<number> {
  let left = count;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (left > 0) {
        left -= 1;
        await one();
      }
    }),
  );
  return (performance.now() - start) / 1000;
}

function blanks(count: number, lanes: number): Contender {
  return {
    name: ours,
    measure: async (folder) => {
      const spool = await FileSpool.open({
        dir: join(folder, 'spool'),
        random: new SystemRandom(),
        clock: new SystemClock(),
        logger: createLogger('error'),
      });
      const seconds = await timed(count, lanes, async () => {
        const writer = spool.create();
        for (const piece of pieces) await writer.write([piece]);
        await writer.commit();
      });
      await spool.close();
      return { seconds };
    },
  };
}

function renames(count: number, lanes: number): Contender {
  return {
    name: 'temp, rename, folder flush',
    measure: async (folder) => {
      for (let value = 0; value < 256; value += 1)
        await mkdir(join(folder, value.toString(16).padStart(2, '0')));
      const seconds = await timed(count, lanes, async () => {
        const id = randomBytes(16).toString('hex');
        const fanOut = join(folder, id.slice(0, 2));
        const file = await open(join(fanOut, `${id}.tmp`), 'wx', 0o600);
        for (const piece of pieces) await file.writev([piece]);
        await file.datasync();
        await file.close();
        await rename(join(fanOut, `${id}.tmp`), join(fanOut, id));
        const entry = await open(fanOut, 'r');
        await entry.sync();
        await entry.close();
      });
      return { seconds };
    },
  };
}

export async function run(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args, { count: 500 });
  const works = [1, 4].map((lanes): Work => ({
    name: `lanes-${lanes}`,
    title: `${options.count} files of 0.5 MB, ${lanes === 1 ? 'one at a time' : `${lanes} in parallel`}`,
    units: { count: options.count, name: 'files' },
    contenders: [blanks(options.count, lanes), renames(options.count, lanes)],
    targets: [],
  }));
  const results = [];
  for (const work of works)
    results.push(await measureWork(work, options.runs, (line) => console.error(line)));
  report('spool', options, results, []);
}
