/** The tables of docs/conformance-statement.md, as its tests read them. */
import { readFileSync } from 'node:fs';
import { conformanceStatementFile, readBlocks } from '../../scripts/conformance-statement.ts';
import { readTable } from '../../scripts/markdown-table.ts';

export type Row = Readonly<Record<string, string>>;

const text = readFileSync(conformanceStatementFile, 'utf8');
const blocks = readBlocks(text);

/** Rows of a generated table by the names of its columns. Throws when there is no such table, or an empty one. */
export function claimed(block: string): readonly Row[] {
  const rows = readTable(blocks.get(block) ?? '');
  if (rows.length === 0) throw new Error(`the conformance statement has no table "${block}"`);
  return rows;
}

/** One column of it. */
export function column(block: string, name: string): readonly string[] {
  return claimed(block).map((row) => cell(row, name));
}

export function cell(row: Row, name: string): string {
  const value = row[name];
  if (value === undefined) throw new Error(`the conformance statement has no column "${name}" there`);
  return value;
}

/** Rows of a table written by hand: the next one below the line given whose first column is `first`. */
export function written(line: string, first: string): readonly Row[] {
  const section = text.slice(text.indexOf(`\n${line}\n`));
  const tables = section.split(/\n\n/).filter((part) => new RegExp(`^\\| ${first} +\\|`).test(part));
  return readTable(tables[0] ?? '');
}
