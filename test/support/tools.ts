/**
 * What a test says about the world it needs: outside programs, long or short runs, a seed.
 * A suite whose tools are missing is left out by name (scripts/test.ts lists it); with CI=true it fails instead.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { describe } from 'vitest';
import {
  findProgram,
  howToGet,
  isPresent,
  repositoryRoot,
  requiredTool,
} from '../../scripts/required-tools.ts';

/**
 * `needs('dcmtk', 'openssl')('suite name', () => { ... })`: vitest's `describe` when all are there, else its skip.
 * Give literal names: scripts/test.ts reads them from the source.
 * @throws Error with CI=true when something is missing (nothing is skipped there), or for a name not in the table.
 */
export function needs(...tools: readonly string[]): typeof describe | typeof describe.skip {
  const missing = tools.map(requiredTool).filter((tool) => !isPresent(tool));
  if (missing.length === 0) return describe;
  if (process.env['CI'] === 'true') {
    const names = missing.map(({ tool }) => tool).join(', ');
    throw new Error(`${names} missing, and nothing is skipped in CI: ${howToGet(missing)}`);
  }
  return describe.skip;
}

/** Absolute path of an outside program that `needs` has made sure of. */
export function programPath(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return path;
}

/** How often a long test repeats: a slice normally, the full count under `npm run test:soak`. */
export function soakCount(ciCount: number, fullCount: number): number {
  return process.env['EDGE_SYNC_SOAK'] === '1' ? fullCount : ciCount;
}

/**
 * The places of a long seeded test, cut into legs: 0 up to `ciCount` normally; under `npm run test:soak` from
 * EDGE_SYNC_SOAK_FROM (0) on EDGE_SYNC_SOAK_COUNT many, at most up to `fullCount`. Draw what is random at a place from
 * `fractionsAt`: then a run can be cut, and gone on with later under the same seed.
 * @throws Error when one of them is not a whole number.
 */
export function soakLegs(ciCount: number, fullCount: number, perLeg: number): readonly SoakLeg[] {
  const isSoak = process.env['EDGE_SYNC_SOAK'] === '1';
  const from = isSoak ? wholeNumber('EDGE_SYNC_SOAK_FROM', 0) : 0;
  const end = isSoak ? Math.min(fullCount, from + wholeNumber('EDGE_SYNC_SOAK_COUNT', fullCount)) : ciCount;
  const legs: SoakLeg[] = [];
  for (let first = from; first < end; first += perLeg) {
    legs.push({ first, count: Math.min(perLeg, end - first) });
  }
  return legs;
}

export interface SoakLeg {
  readonly first: number;
  readonly count: number;
}

function wholeNumber(name: string, otherwise: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return otherwise;
  if (!/^\d{1,9}$/.test(given)) throw new Error(`${name} must be a whole number`);
  return Number(given);
}

/**
 * The seed of this run, 0 to 2^31 - 1: EDGE_SYNC_SEED, which scripts/test.ts sets and prints, or a new one that is
 * printed here when vitest was started directly. Name it in a failure so that the failure can be repeated.
 * @throws Error when EDGE_SYNC_SEED is not such a number.
 */
export function testSeed(): number {
  const given = process.env['EDGE_SYNC_SEED'];
  if (given !== undefined && given !== '') {
    const seed = Number(given);
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
      throw new Error(`EDGE_SYNC_SEED must be a whole number from 0 to ${2 ** 31 - 1}`);
    }
    return seed;
  }
  const seed = randomInt(2 ** 31);
  process.env['EDGE_SYNC_SEED'] = String(seed);
  console.log(`seed ${seed} (repeat with EDGE_SYNC_SEED=${seed})`);
  return seed;
}

/**
 * Folder of a real Electron runtime for the tests (for `needs('electron-rig')` suites): ELECTRON_OVERRIDE_DIST_PATH
 * when .ci/run has set it, else the rig's own installer is asked (slow the first time, then cached).
 */
export function electronRig(): string {
  const given = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (given !== undefined && given !== '') return given;
  const { source } = requiredTool('electron-rig');
  if (source.tag !== 'beside') throw new Error('the electron rig lies beside the checkout');
  const installer = resolve(repositoryRoot, source.path);
  return execFileSync(installer, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
