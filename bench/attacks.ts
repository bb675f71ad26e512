/**
 * `npm run bench -- attacks`: what an honest sender keeps of its rate while somebody attacks, and what the engine's
 * memory grows by. Undisturbed and attacked take turns on one engine, every run with images of its own.
 * Flags: --runs N (5), --count N (100 images of 0.5 MB per run), --only NAME,NAME.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from './harness.ts';
import { attacks, type AttackerTally } from './support/attacker.ts';
import { makeCtFiles } from './support/material.ts';
import { ensurePeers, sendFolders, startEdgeSync } from './support/peers.ts';
import { background, processorMs, watchResidentGrowth } from './support/process.ts';

/** Issue 3. */
const leastRatio = 0.8;
const mostGrowthMb = 64;
/** The attacker's own work is its own machine's in life; here it may not take the cores from those it attacks. */
const attackerNice = 19;
const afterAttackMs = 500;

interface AttackResult {
  readonly attack: string;
  readonly undisturbedRate: number;
  readonly attackedRate: number;
  readonly ratio: number;
  readonly growthMb: number;
  readonly undisturbedSeconds: readonly number[];
  readonly attackedSeconds: readonly number[];
  /** Over all its runs: what it got through beside the sender. */
  readonly attacker: { readonly connectionsPerSecond: number; readonly megabytesPerSecond: number };
  /** Mean load of the machine over the last minute, at the end. */
  readonly load: number;
  /** Processor time of the engine for an image of the sender, milliseconds: undisturbed, attacked. */
  readonly engineMsPerImage: readonly [number, number];
}

async function measure(
  attack: string,
  groups: readonly string[],
  runs: number,
  count: number,
  folder: string,
): Promise<AttackResult> {
  const receiver = await startEdgeSync()(folder, 'off');
  const undisturbedSeconds: number[] = [];
  const attackedSeconds: number[] = [];
  const tallies: AttackerTally[] = [];
  let growthBytes = 0;
  let cpuMs = 0;
  const timed = async (group: string): Promise<number> => {
    const startMs = performance.now();
    const cpuBeforeMs = processorMs(receiver.pid);
    await sendFolders(receiver, [group], 'off');
    cpuMs = processorMs(receiver.pid) - cpuBeforeMs;
    return (performance.now() - startMs) / 1000;
  };
  const engineMs = { calm: 0, attacked: 0 };
  try {
    const [warmUp = '', ...rest] = groups;
    await timed(warmUp);
    for (let run = 0; run < runs; run += 1) {
      const [one = '', other = ''] = rest.slice(2 * run, 2 * run + 2);
      const calm = async (group: string): Promise<void> => {
        undisturbedSeconds.push(await timed(group));
        engineMs.calm += cpuMs;
      };
      const attacked = async (group: string): Promise<void> => {
        const growth = watchResidentGrowth(receiver.pid);
        const script = join(import.meta.dirname, 'support/attacker.ts');
        const attacker = background('nice', [
          ...['-n', String(attackerNice), process.execPath, script, attack, String(receiver.port)],
        ]);
        try {
          await attacker.line((line) => (line === 'attacking' ? true : undefined));
          attackedSeconds.push(await timed(group));
          engineMs.attacked += cpuMs;
        } finally {
          await attacker.stop();
        }
        tallies.push(await attacker.line(tallyIn));
        growthBytes = Math.max(growthBytes, growth());
        await sleep(afterAttackMs);
      };
      if (run % 2 === 0) {
        await calm(one);
        await attacked(other);
      } else {
        await attacked(one);
        await calm(other);
      }
    }
  } finally {
    await receiver.stop();
  }
  const undisturbedRate = count / median(undisturbedSeconds);
  const attackedRate = count / median(attackedSeconds);
  return {
    attack,
    undisturbedRate,
    attackedRate,
    ratio: attackedRate / undisturbedRate,
    growthMb: growthBytes / 1_048_576,
    undisturbedSeconds,
    attackedSeconds,
    attacker: {
      connectionsPerSecond: perSecond(tallies, ({ connections }) => connections),
      megabytesPerSecond: perSecond(tallies, ({ sentBytes }) => sentBytes / 1_048_576),
    },
    load: loadavg()[0] ?? NaN,
    engineMsPerImage: [engineMs.calm / runs / count, engineMs.attacked / runs / count],
  };
}

function tallyIn(line: string): AttackerTally | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as AttackerTally) : undefined;
}

function perSecond(tallies: readonly AttackerTally[], of: (tally: AttackerTally) => number): number {
  const sum = (value: (tally: AttackerTally) => number): number =>
    tallies.reduce((total, tally) => total + value(tally), 0);
  return sum(of) / sum(({ seconds }) => seconds);
}

/** Runs the bench. @throws Error naming the flag for anything not understood */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      count: { type: 'string', default: '100' },
      only: { type: 'string', default: '' },
    },
  });
  const runs = Number(values.runs);
  const count = Number(values.count);
  if (!(runs >= 1 && count >= 1)) throw new Error('--runs and --count take whole numbers above 0');
  const chosen = values.only === '' ? Object.keys(attacks) : values.only.split(',');
  const unknown = chosen.filter((name) => attacks[name] === undefined);
  if (unknown.length > 0) throw new Error(`--only knows ${Object.keys(attacks).join(', ')}`);
  const say = (line: string): void => console.error(line);
  await ensurePeers(['dcmtk'], say);
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-bench-attacks-'));
  const results: AttackResult[] = [];
  try {
    const groupCount = 2 * runs + 1;
    const groups = await makeCtFiles(join(folder, 'ct'), count * groupCount, groupCount);
    for (const attack of chosen) {
      const own = join(folder, attack);
      await mkdir(own);
      const result = await measure(attack, groups, runs, count, own);
      const { connectionsPerSecond, megabytesPerSecond } = result.attacker;
      say(
        `${attack}: ${result.ratio.toFixed(2)} of ${result.undisturbedRate.toFixed(0)}/s, growth ${result.growthMb.toFixed(0)} MB; ` +
          `attacker ${connectionsPerSecond.toFixed(0)} connections/s, ${megabytesPerSecond.toFixed(1)} MB/s; engine ${result.engineMsPerImage.map((ms) => ms.toFixed(1)).join(' -> ')} ms of processor an image; load ${result.load.toFixed(1)}`,
      );
      results.push(result);
      await rm(own, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log('| attack | undisturbed | attacked | ratio | resident growth | attacker | load | |');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const one of results) {
    const good = one.ratio >= leastRatio && one.growthMb < mostGrowthMb;
    const attacker = `${one.attacker.connectionsPerSecond.toFixed(0)} connections/s, ${one.attacker.megabytesPerSecond.toFixed(1)} MB/s`;
    const rates = [one.undisturbedRate, one.attackedRate].map((rate) => `${rate.toFixed(0)} images/s`);
    console.log(
      `| ${[one.attack, ...rates, one.ratio.toFixed(2), `${one.growthMb.toFixed(0)} MB`, attacker, one.load.toFixed(1), good ? 'holds' : 'DOES NOT HOLD'].join(' | ')} |`,
    );
  }
  console.log(JSON.stringify({ bench: 'attacks', runs, count, attackerNice, results }, undefined, 2));
}
