/**
 * Brings the generated tables of docs/conformance-statement.md up to date.
 *
 *   npm run docs                                   writes them
 *   node scripts/conformance-statement.ts --check  only says whether they are
 *
 * What stands between `<!-- generated: NAME -->` and `<!-- end -->` is made from the code; the rest is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { conformanceBlocks } from './conformance-tables.ts';

export const conformanceStatementFile = join(import.meta.dirname, '..', 'docs', 'conformance-statement.md');

const marked = /(<!-- generated: ([a-z ]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** `text` with every block made anew. Throws when a block is not known, or one that is made stands nowhere. */
export async function withBlocks(text: string): Promise<string> {
  const blocks = await conformanceBlocks();
  const placed = new Set<string>();
  const filled = text.replace(marked, (_all, begin: string, name: string, end: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`conformance statement: no block is called "${name}"`);
    placed.add(name);
    return `${begin}\n${block}\n\n${end}`;
  });
  const missing = [...blocks.keys()].filter((name) => !placed.has(name));
  if (missing.length > 0) throw new Error(`conformance statement: no place for ${missing.join(', ')}`);
  const config = await resolveConfig(conformanceStatementFile);
  return format(filled, { ...config, filepath: conformanceStatementFile });
}

/** The blocks as they stand in `text`, by name. */
export function readBlocks(text: string): ReadonlyMap<string, string> {
  return new Map(Array.from(text.matchAll(marked), ([block, , name = '']) => [name, block]));
}

if (process.argv[1] === import.meta.filename) {
  const before = readFileSync(conformanceStatementFile, 'utf8');
  const after = await withBlocks(before);
  if (after === before) console.log('docs/conformance-statement.md is up to date');
  else if (process.argv.includes('--check')) {
    console.error('docs/conformance-statement.md is not what the code gives: run `npm run docs`');
    process.exitCode = 1;
  } else {
    writeFileSync(conformanceStatementFile, after);
    console.log('docs/conformance-statement.md written');
  }
}
