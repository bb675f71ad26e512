/**
 * Side-by-side measuring: contenders take turns in one run, each time in a fresh folder, and medians are compared.
 * Nothing here fails because of a time: a bench informs.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runToEnd } from './support/process.ts';

export interface BenchOptions {
  /** Measured runs per contender; the median counts. */
  readonly runs: number;
  /** Images of 0.5 MB; other sizes scale with it. */
  readonly count: number;
  /** Size of the single large object, MB (10^6 bytes). */
  readonly largeMb: number;
  /** Names of the rows to measure; empty means all. */
  readonly only: readonly string[];
  /** `peers`: leaves our own side out, to try the bench itself. */
  readonly contenders: 'all' | 'peers';
}

/** @throws Error naming the flag for anything not understood */
export function parseBenchOptions(
  args: readonly string[],
  defaults: { readonly count: number },
): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      count: { type: 'string', default: String(defaults.count) },
      'large-mb': { type: 'string', default: '500' },
      only: { type: 'string', default: '' },
      'peers-only': { type: 'boolean', default: false },
    },
  });
  return {
    runs: positive('runs', values.runs),
    count: positive('count', values.count),
    largeMb: positive('large-mb', values['large-mb']),
    only: values.only.split(',').filter((name) => name !== ''),
    contenders: values['peers-only'] ? 'peers' : 'all',
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0`);
  return value;
}

/** What one timed run gave. */
export interface Measurement {
  readonly seconds: number;
  /** Growth of resident memory of the measured process during it, bytes. */
  readonly residentGrowthBytes?: number;
}

export interface Contender {
  readonly name: string;
  /** Sets up in `folder` (empty, its own), warms up, measures, checks what arrived, tears down. */
  measure(folder: string): Promise<Measurement>;
}

/** One comparison: ours against one other, with the floor and the aim of the issue. */
export interface Target {
  readonly against: string;
  readonly floor: number;
  readonly aim: number;
}

export interface Work {
  readonly name: string;
  readonly title: string;
  /** Units of work per run, for the rate: images, or megabytes. */
  readonly units: { readonly count: number; readonly name: string };
  /** Ours first. */
  readonly contenders: readonly Contender[];
  readonly targets: readonly Target[];
}

export interface ContenderResult {
  readonly name: string;
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly rate: number;
  readonly residentGrowthMb: number | null;
}

export interface WorkResult {
  readonly work: string;
  readonly title: string;
  readonly unit: string;
  readonly contenders: readonly ContenderResult[];
  readonly ratios: readonly {
    readonly against: string;
    /** Ours divided by theirs, as rates: above 1 means ours is faster. */
    readonly ratio: number;
    /** null where no issue sets one. */
    readonly floor: number | null;
    readonly aim: number | null;
  }[];
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** Order of the contenders in a round: turned round every other time, so that none always comes first. */
export function roundOrder<T>(contenders: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? contenders : contenders.toReversed();
}

/** Measures one work: a warm-up round that does not count, then `runs` rounds. */
export async function measureWork(
  work: Work,
  runs: number,
  say: (line: string) => void,
): Promise<WorkResult> {
  const measured = new Map<string, Measurement[]>(work.contenders.map(({ name }) => [name, []]));
  const root = await mkdtemp(join(tmpdir(), 'edge-sync-bench-'));
  try {
    for (let round = -1; round < runs; round += 1) {
      for (const contender of roundOrder(work.contenders, round + 1)) {
        // A folder of its own each time, removed only at the end: files made just after a mass delete come slower.
        const folder = join(root, `${round + 1}-${contender.name.replaceAll(/[^a-z0-9]+/gi, '-')}`);
        await mkdir(folder);
        const measurement = await contender.measure(folder);
        const label = round < 0 ? 'warm-up' : `run ${round + 1} of ${runs}`;
        say(`${work.name}: ${contender.name}, ${label}: ${measurement.seconds.toFixed(2)} s`);
        if (round >= 0) measured.get(contender.name)?.push(measurement);
      }
    }
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
    await runToEnd('sync', []);
  }
  return summarise(work, measured);
}

function summarise(work: Work, measured: ReadonlyMap<string, readonly Measurement[]>): WorkResult {
  const contenders = work.contenders.map(({ name }): ContenderResult => {
    const all = measured.get(name) ?? [];
    const seconds = all.map((one) => one.seconds);
    const growth = all.flatMap((one) => one.residentGrowthBytes ?? []);
    const medianSeconds = median(seconds);
    return {
      name,
      seconds,
      medianSeconds,
      rate: work.units.count / medianSeconds,
      residentGrowthMb: growth.length === 0 ? null : Math.max(...growth) / 1e6,
    };
  });
  const own = contenders.find(({ name }) => name === ours);
  const others = own === undefined ? [] : contenders.filter((one) => one !== own);
  return {
    work: work.name,
    title: work.title,
    unit: work.units.name,
    contenders,
    ratios: others.map(({ name, rate }) => {
      const target = work.targets.find(({ against }) => against === name);
      const ratio = (own?.rate ?? NaN) / rate;
      return { against: name, ratio, floor: target?.floor ?? null, aim: target?.aim ?? null };
    }),
  };
}

/** Our own contender's name in every work. */
export const ours = 'edge-sync';

/** The table as lines of Markdown. */
export function tableOf(results: readonly WorkResult[]): readonly string[] {
  const rate = (one: ContenderResult | undefined, unit: string): string =>
    one === undefined ? '-' : `${one.rate.toPrecision(3)} ${unit}/s (${one.medianSeconds.toFixed(2)} s)`;
  const lines = [
    '| work | against | ours | theirs | ratio | floor | aim | |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const { title, unit, contenders, ratios } of results) {
    const own = contenders.find(({ name }) => name === ours);
    for (const other of contenders.filter(({ name }) => name !== ours)) {
      const found = ratios.find(({ against }) => against === other.name);
      const verdict = found === undefined ? '' : verdictOf(found);
      const cells = [title, other.name, rate(own, unit), rate(other, unit), found?.ratio.toFixed(2) ?? '-'];
      lines.push(`| ${[...cells, found?.floor ?? '-', found?.aim ?? '-', verdict].join(' | ')} |`);
    }
    for (const { name, residentGrowthMb } of contenders) {
      if (residentGrowthMb !== null)
        lines.push(`| ${title}: resident growth | ${name} | ${residentGrowthMb.toFixed(0)} MB | | | | | |`);
    }
  }
  return lines;
}

function verdictOf({ ratio, floor, aim }: WorkResult['ratios'][number]): string {
  if (floor === null || aim === null) return '';
  return ratio >= aim ? 'aim reached' : ratio >= floor ? 'above the floor' : 'below the floor';
}

/** Prints the table, remarks, and one JSON block with everything. */
export function report(
  bench: string,
  options: BenchOptions,
  results: readonly WorkResult[],
  remarks: readonly string[],
): void {
  console.log('');
  for (const line of tableOf(results)) console.log(line);
  console.log('');
  for (const remark of remarks) console.log(remark);
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model.trim(),
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
  };
  console.log(JSON.stringify({ bench, options, machine, results, remarks }, undefined, 2));
}
