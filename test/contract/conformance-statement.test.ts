import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conformanceStatementFile, withBlocks } from '../../scripts/conformance-statement.ts';
import { readTable, table } from '../../scripts/markdown-table.ts';

const text = readFileSync(conformanceStatementFile, 'utf8');

describe('the conformance statement', () => {
  it('has the tables that the code gives (`npm run docs` brings them up to date)', async () => {
    expect(await withBlocks(text)).toBe(text);
  });

  it('would not pass with another value in a table', async () => {
    const other = text.replace('1.2.840.10008.5.1.4.1.1.2`', '1.2.840.10008.5.1.4.1.1.999`');
    expect(other).not.toBe(text);
    expect(await withBlocks(other)).toBe(text);
  });

  it('may not lose a table, nor hold one that nothing makes', async () => {
    await expect(withBlocks(text.replace('<!-- generated: aborts -->', ''))).rejects.toThrow('aborts');
    await expect(withBlocks(`${text}\n<!-- generated: moods -->\n<!-- end -->\n`)).rejects.toThrow('moods');
  });

  it('has the sections of PS3.2 annex A in their order', () => {
    const headings = [...text.matchAll(/^## (\d) /gm)].map(([, number]) => Number(number));
    expect(headings).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('leads to pages that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(dirname(conformanceStatementFile), link)))).toEqual([]);
  });
});

describe('a table', () => {
  it('is read as it was written', () => {
    const written = table(
      ['A', 'B'],
      [
        ['`x`', 'one | two'],
        ['', 'z'],
      ],
    );
    expect(readTable(`before\n\n${written}\n\nafter`)).toEqual([
      { A: 'x', B: 'one | two' },
      { A: '', B: 'z' },
    ]);
  });
});
