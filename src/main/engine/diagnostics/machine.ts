/** What the runtime says of the machine, without its name, its user or its folders. */
import { arch, availableParallelism, freemem, platform, release, totalmem } from 'node:os';
import type { DiagnosticsReport } from '../../../shared/diagnostics.ts';

const platforms = ['linux', 'win32', 'darwin'] as const;
const architectures = ['x64', 'arm64', 'ia32', 'arm'] as const;

export function machineFacts(): DiagnosticsReport['machine'] {
  return {
    platform: platforms.find((one) => one === platform()) ?? 'other',
    architecture: architectures.find((one) => one === arch()) ?? 'other',
    // Whoever builds a kernel may name it: the leading numbers say enough.
    systemRelease: /^[0-9]{1,6}(\.[0-9]{1,6}){0,2}/.exec(release())?.[0] ?? null,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
  };
}

export function runtimeFacts(): Pick<DiagnosticsReport['program'], 'runtime' | 'runtimeVersion'> {
  // The types of Node alone do not know that it may be missing.
  const { electron, node } = process.versions as { readonly electron?: string; readonly node: string };
  return electron === undefined
    ? { runtime: 'node', runtimeVersion: node }
    : { runtime: 'electron', runtimeVersion: electron };
}
