/**
 * A process that receives like the engine does (spool, then row, then "Success") until it is killed, or reports what
 * an injected fault did. Started by tests: `node spool-queue-child.ts MODE DIR SEED`.
 * MODE receive: prints a line per image that may count on being kept. MODE once: one image,
 * prints its outcome. MODE row: the same without a file.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { toEdgeSyncError } from '../../src/shared/errors.ts';
import { Queue } from '../../src/main/engine/queue/queue.ts';
import { FileSpool } from '../../src/main/engine/spool/file-spool.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { FakeColumnSealer } from '../fakes/fake-column-sealer.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';
import { hex, newInstance } from './queue-kit.ts';

const lanes = 4;

/** Content that follows from the name, so that the parent can check every byte. */
export function contentOf(name: string): Buffer {
  const size = 1000 + (Number.parseInt(hex(name, 3), 16) % 700_000);
  const block = createHash('sha512').update(name).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(size / block.length) }, () => block)).subarray(0, size);
}

async function receive(queue: Queue, spool: FileSpool, name: string): Promise<void> {
  const content = contentOf(name);
  const writer = spool.create();
  for (let start = 0; start < content.length; start += 100_000) {
    await writer.write([
      content.subarray(start, start + 50_000),
      content.subarray(start + 50_000, start + 100_000),
    ]);
  }
  const { sizeBytes } = await writer.commit();
  const study = `study ${name.slice(-1)}`;
  await queue.recordReceived(newInstance(name, study, { spoolId: writer.id, sizeBytes }));
}

async function recordRowOnly(dir: string, name: string): Promise<void> {
  const shared = { random: new SystemRandom(), clock: new SystemClock(), logger: new FakeLogger() };
  const queue = Queue.open({ dir, sealer: new FakeColumnSealer(), ...shared });
  const outcome = await queue.recordReceived(newInstance(name)).then(
    () => 'kept',
    (error: unknown) => toEdgeSyncError(error).code,
  );
  fs.writeSync(1, `${outcome}\n`);
  process.exit(0);
}

async function main(mode: string, dir: string, seed: string): Promise<void> {
  // A file size limit must show as a failed write, not end the process.
  process.on('SIGXFSZ', () => undefined);
  if (mode === 'row') {
    await recordRowOnly(dir, seed);
    return;
  }
  const shared = { random: new SystemRandom(), clock: new SystemClock(), logger: new FakeLogger() };
  const spool = await FileSpool.open({ dir: path.join(dir, 'spool'), ...shared });
  const queue = Queue.open({ dir, sealer: new FakeColumnSealer(), ...shared });
  queue.setDestinations([{ name: 'cloud', required: true }]);
  if (mode === 'once') {
    fs.writeSync(1, 'ready\n');
    const outcome = await receive(queue, spool, seed).then(
      () => 'kept',
      (error: unknown) => toEdgeSyncError(error).code,
    );
    fs.writeSync(1, `${outcome}\n`);
    process.exit(0);
  }
  fs.writeSync(1, 'ready\n');
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let index = 0; ; index += 1) {
        const name = `${seed}-${lane}-${index}`;
        await receive(queue, spool, name);
        fs.writeSync(1, `${name}\n`);
      }
    }),
  );
}

if (process.argv[1] === import.meta.filename) {
  const [mode = '', dir = '', seed = ''] = process.argv.slice(2);
  await main(mode, dir, seed);
}
