import { spawnSync } from 'node:child_process';
import type { Logger } from '../ports.ts';

/**
 * Keeps the keys in this process's memory out of crash files: no environment in Node's reports, no core dumps.
 * Node cannot set resource limits itself; on Linux util-linux' prlimit does it. macOS writes none unless told to;
 * Windows' error reporting is a setting of the PC.
 */
export function keepSecretsOutOfCrashes(logger: Logger): void {
  process.report.excludeEnv = true;
  if (process.platform !== 'linux') return;
  const { status } = spawnSync('prlimit', ['--core=0:0', '--pid', String(process.pid)], { stdio: 'ignore' });
  if (status !== 0)
    logger.warn('core-dumps-not-switched-off', { hint: 'install util-linux or set ulimit -c 0' });
}
