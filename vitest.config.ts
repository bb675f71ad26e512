import { defineConfig } from 'vitest/config';

/** One project per kind of test; scripts/test.ts chooses which run on this machine and says which are left out. */
function project(name: string, include: readonly string[], timeoutMs: number, fileParallelism = true) {
  return {
    test: {
      name,
      include: [...include],
      environment: 'node' as const,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      fileParallelism,
    },
  };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project('unit', ['src/**/*.test.ts', 'src/**/*.test.tsx'], 20_000),
      project('contract', ['test/contract/**/*.test.ts'], 60_000),
      project('integration', ['test/integration/**/*.test.ts'], 120_000),
      project('ui', ['test/ui/**/*.test.ts'], 120_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 180_000, false),
    ],
  },
});
