import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../scripts/markdown-table.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
const lint = readFileSync(join(root, 'eslint.config.js'), 'utf8');

/** `receive/(a|b)\\.ts$` as receive/a.ts, receive/b.ts. */
function paths(pattern: string): readonly string[] {
  const path = pattern.replaceAll('\\\\.', '.').replace(/\$$/, '');
  const [all, names = ''] = /\(([^)]*)\)/.exec(path) ?? [];
  return all === undefined ? [path] : names.split('|').map((name) => path.replace(all, name));
}

/** By folder of the engine, what lint lets it import. */
const rules = new Map(
  [...lint.matchAll(/^ {2}mayImport\('([a-z]+)', \[([^\]]*)\]\)/gm)].map(([, folder = '', list = '']) => [
    folder,
    [...list.matchAll(/'([^']+)'/g)].flatMap(([, pattern = '']) => paths(pattern)).sort(),
  ]),
);

/** By folder, what the page says. Folders of other layers are told in words. */
const told = new Map(
  readTable(page.slice(page.indexOf('## Who may import whom')).split('\n\nOnly ')[0] ?? '').flatMap((row) => {
    const [folders = '', imports = ''] = Object.values(row);
    const list = imports === 'nothing' ? [] : imports.split(', ').sort();
    return folders.split(', ').map((folder) => [folder, list] as const);
  }),
);

describe('the page on architecture', () => {
  it('says of every folder of the engine what lint lets it import', () => {
    expect(rules.size).toBeGreaterThan(15);
    for (const [folder, imports] of rules) expect([folder, told.get(folder)]).toEqual([folder, imports]);
  });

  it('leaves out no folder of the engine, and names none that is not there', () => {
    const engine = join(root, 'src', 'main', 'engine');
    const folders = readdirSync(engine, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect([...rules.keys()].sort()).toEqual(folders.sort());
    const others = ['shell', 'preload', 'renderer', 'viewer', 'shared'];
    expect([...told.keys()].filter((one) => !others.includes(one)).sort()).toEqual(folders.sort());
  });

  it('leads to pages that exist', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(root, 'docs', link)))).toEqual([]);
  });
});
