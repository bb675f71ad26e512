/** Markdown tables, written and read, and values in words. */
import { z } from 'zod';

/** A row per array; a pipe in a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The rows of the one table in `markdown` by the names of its columns, without the back-ticks of code. */
export function readTable(markdown: string): readonly Readonly<Record<string, string>>[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
  );
  const [head = [], , ...rows] = cells;
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])));
}

export function mark(text: string): string {
  return `\`${text}\``;
}

/** With a comma between thousands. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function size(bytes: number): string {
  return `${count(bytes / 1_048_576)} MiB`;
}

export function duration(ms: number): string {
  const units = [
    [24 * 3_600_000, 'days'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  const [unitMs, name] = units.find(([unit]) => ms >= unit && ms % unit === 0) ?? [1, 'ms'];
  return `${count(ms / unitMs)} ${name}`;
}

/** What is used here of a JSON schema. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly format?: string;
}

/**
 * Every value of a schema, or of its `parts`, with what it may be and what it is unless set. `meanings` are for those that
 * the schema does not describe. Throws when one has no meaning.
 */
export function settingRows(
  schema: z.ZodType,
  meanings: Readonly<Record<string, string>>,
  parts?: readonly string[],
): string {
  const whole = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const rows = leaves(whole, '').filter(
    ([name]) => parts === undefined || parts.some((part) => name === part || name.startsWith(`${part}.`)),
  );
  return table(
    ['Parameter', 'Values', 'Default', 'Meaning'],
    rows.map(([name, leaf]) => {
      const meaning = leaf.description ?? meanings[name];
      if (meaning === undefined) throw new Error(`a parameter that is not described: ${name}`);
      return [mark(name), range(leaf), defaultOf(leaf), meaning];
    }),
  );
}

function leaves(schema: JsonSchema, path: string): [string, JsonSchema][] {
  if (schema.properties === undefined) return [[path, schema]];
  return Object.entries(schema.properties).flatMap(([name, part]) =>
    leaves(part, path === '' ? name : `${path}.${name}`),
  );
}

function range(leaf: JsonSchema): string {
  if (leaf.anyOf !== undefined) return leaf.anyOf.map(range).join(' or ');
  if (leaf.const !== undefined) return mark(JSON.stringify(leaf.const));
  if (leaf.enum !== undefined) return leaf.enum.map((one) => mark(JSON.stringify(one))).join(', ');
  switch (leaf.type) {
    case 'integer':
      return span(leaf.minimum, leaf.maximum, '');
    case 'string':
      return leaf.format ?? span(leaf.minLength, leaf.maxLength, ' characters');
    case 'array':
      return `list, ${span(leaf.minItems ?? 0, leaf.maxItems, ' entries')}`;
    case 'object':
      return Object.keys(leaf.properties ?? {})
        .map(mark)
        .join(', ');
    case 'boolean':
      return '`true`, `false`';
    default:
      return leaf.type ?? '';
  }
}

function span(least: number | undefined, most: number | undefined, unit: string): string {
  const isBounded = most !== undefined && most !== Number.MAX_SAFE_INTEGER;
  if (isBounded) return `${count(least ?? 0)} to ${count(most)}${unit}`;
  return `${count(least ?? 0)} or more${unit}`;
}

function defaultOf(leaf: JsonSchema): string {
  return leaf.default === undefined ? 'none' : mark(JSON.stringify(leaf.default));
}
