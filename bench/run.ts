/** `npm run bench -- NAME [ARGUMENTS]`: loads NAME.ts beside this file and calls its `run(arguments)`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Bench {
  run(args: readonly string[]): Promise<void>;
}

const notBenches = new Set(['run.ts', 'harness.ts']);
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !notBenches.has(file))
  .map((file) => file.slice(0, -'.ts'.length));

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name) || !existsSync(join(import.meta.dirname, `${name}.ts`))) {
  console.error(`bench: give one of: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run(args);
}
