/** Type-checks every layer with only the globals it may use, then everything together. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const layers = [
  'tsconfig.engine.json',
  'tsconfig.shell.json',
  'tsconfig.renderer.json',
  'tsconfig.viewer.json',
  'tsconfig.json',
];

for (const layer of layers) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', layer], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`typecheck: ${layer} failed`);
    process.exit(1);
  }
}
