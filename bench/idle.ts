/**
 * `npm run bench -- idle`: what the engine costs while nothing comes and everything is verified: processor time as a
 * share of one core, and bytes it wrote to the disk, over `--seconds N` (60) (Linux: /proc). At most 0.2 percent and
 * no write is asked for. `--settle N` (90): seconds before that, so that the first look at a
 * cloud copy (the scrub) is over.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createEngineClient } from '../src/main/rpc/client.ts';
import { startLocalAzure } from './support/local-azure.ts';
import { makeCtFiles } from './support/material.ts';
import { ensurePeers, sendFolders, startEdgeSync } from './support/peers.ts';

const images = 20;
const mostPercent = 0.2;

interface Spent {
  /** User and system time of the process, seconds (proc(5), stat: fields 14 and 15). */
  readonly cpuSeconds: number;
  /** proc(5), io: what it caused to be written, bytes. */
  readonly writtenBytes: number;
  /** Calls that write to files or sockets. */
  readonly writeCalls: number;
}

function spentBy(pid: number): Spent {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1]);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    writtenBytes: figure('write_bytes'),
    writeCalls: figure('syscw'),
  };
}

/** Runs the bench. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      settle: { type: 'string', default: '90' },
    },
  });
  const [seconds, settle] = [Number(values.seconds), Number(values.settle)];
  if (!(seconds > 0) || !(settle >= 0)) throw new Error('--seconds and --settle take numbers');
  await ensurePeers(['dcmtk'], (line) => console.error(line));
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-bench-idle-'));
  const azure = await startLocalAzure(join(folder, 'azure'));
  try {
    await azure.makeContainer('idle');
    const destinations = [{ name: 'cloud', kind: 'azure', container: 'idle' }];
    const start = startEdgeSync(destinations, { EDGE_SYNC_SECRET_CLOUD: azure.connectionString });
    const engine = await start(folder, 'off');
    try {
      const client = createEngineClient({ dataDir: join(folder, 'data') });
      const { words } = await client.recovery.create({ replace: false });
      await client.recovery.check({ words: [...words] });
      await sendFolders(engine, await makeCtFiles(join(folder, 'ct'), images, 1), 'off');
      while ((await client.agent.status()).counts.verified < images) await sleep(200);
      await sleep(settle * 1000);
      const before = spentBy(engine.pid);
      await sleep(seconds * 1000);
      const after = spentBy(engine.pid);
      const percent = (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds;
      const writtenBytes = after.writtenBytes - before.writtenBytes;
      const writeCalls = after.writeCalls - before.writeCalls;
      console.log(
        `idle for ${seconds} s: ${percent.toFixed(2)} percent of one core (at most ${mostPercent}), ` +
          `${writtenBytes} bytes written (none wanted), ${writeCalls} write calls`,
      );
      console.log(JSON.stringify({ bench: 'idle', seconds, percent, writtenBytes, writeCalls }));
    } finally {
      await engine.stop();
    }
  } finally {
    await azure.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
