import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

export interface BuiltPage {
  readonly dir: string;
  readonly remove: () => Promise<void>;
}

/** The page as it ships, built into a folder of its own so that a test never looks at an older build. */
export async function buildPage(): Promise<BuiltPage> {
  const dir = await mkdtemp(join(tmpdir(), 'edge-sync-page-'));
  // The test runner's own value would give libraries as they behave in tests: lists that draw every row, for one.
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await build({
      configFile: resolve(import.meta.dirname, '../../vite.renderer.config.ts'),
      mode: 'production',
      logLevel: 'warn',
      build: { outDir: dir, emptyOutDir: true },
    });
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
