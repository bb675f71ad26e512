/**
 * `npm test [-- VITEST ARGUMENTS]` and `npm run test:soak`: builds if needed, runs every vitest project, says in one
 * line which suites this machine left out and how to get them, and ends with `N passed, N failed, N skipped`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { howToGet, leftOut, repositoryRoot, suitesWithNeeds } from './required-tools.ts';
import { countResults, type VitestReport } from './test-report.ts';

/** In CI a red run must mean a broken change, so its slice is always the same; elsewhere each run looks elsewhere. */
const ciSeed = 20_260_105;
const inCi = process.env['CI'] === 'true';

async function main(): Promise<number> {
  const vitestArguments = process.argv.slice(2).filter((argument) => argument !== '--soak');
  const soak = process.argv.includes('--soak');
  const seed = process.env['EDGE_SYNC_SEED'] ?? String(inCi ? ciSeed : randomInt(2 ** 31));
  console.log(`${soak ? 'full counts' : 'short counts'}, seed ${seed} (repeat with EDGE_SYNC_SEED=${seed})`);

  const build = spawnSync(process.execPath, [join(repositoryRoot, 'scripts/build.ts'), '--if-missing'], {
    cwd: repositoryRoot,
    stdio: 'inherit',
  });
  if (build.status !== 0) {
    console.error('test: the build failed, nothing was tested');
    return 1;
  }

  const resultFolder = mkdtempSync(join(tmpdir(), 'edge-sync-test-'));
  try {
    const resultFile = join(resultFolder, 'result.json');
    const environment = { ...process.env, EDGE_SYNC_SEED: seed, ...(soak ? { EDGE_SYNC_SOAK: '1' } : {}) };
    const exitCode = await runVitest(vitestArguments, resultFile, environment);
    return tell(resultFile, exitCode);
  } finally {
    rmSync(resultFolder, { recursive: true, force: true });
  }
}

function runVitest(
  vitestArguments: readonly string[],
  resultFile: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...vitestArguments], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  // Ctrl-C reaches vitest too, which ends by itself; waiting for it lets the temp folder go.
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Prints the two closing lines; returns the exit code. */
function tell(resultFile: string, exitCode: number): number {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(resultFile, 'utf8')) as VitestReport;
  } catch {
    console.error('test: vitest ended without a result');
    return exitCode === 0 ? 1 : exitCode;
  }
  const { suites, missing } = leftOut(suitesWithNeeds());
  if (missing.length > 0) {
    const files = suites.map(({ file }) => file).join(', ');
    console.log(`left out here: suites in ${files}; to run them: ${howToGet(missing)}`);
  }
  const { passed, failed, skipped } = countResults(report);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return exitCode === 0 && (failed > 0 || (inCi && missing.length > 0)) ? 1 : exitCode;
}

process.exitCode = await main();
