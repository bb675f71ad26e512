import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { destinationKinds } from '../../../shared/destination-settings.ts';
import { settingsSchema, type Settings } from '../../../shared/settings.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type SettingsTree = Readonly<Record<string, unknown>>;

const prefix = 'EDGE_SYNC_';

/**
 * Reads the configuration: file, then environment over it, then the schema's defaults.
 * A missing file is an empty one only where `missing` allows it (the default path); a path the user named must exist.
 * Throws EdgeSyncError config-* with the key, what is wrong with it and what is allowed.
 */
export async function loadSettings(source: {
  readonly file: string;
  readonly missing: 'is-empty' | 'is-an-error';
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<Settings> {
  const tree = await readSettingsTree(source.file, source.missing);
  return parseSettings(withEnvironment(tree, source.environment));
}

/** The file as JSON, unchecked but for being an object. */
export async function readSettingsTree(
  file: string,
  missing: 'is-empty' | 'is-an-error',
): Promise<SettingsTree> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (missing === 'is-empty' && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new EdgeSyncError('config-not-readable', file, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new EdgeSyncError('config-not-json', `${file}: ${jsonPlace(error, text)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new EdgeSyncError('config-not-json', `${file}: the file must hold one JSON object`);
  }
  return parsed as SettingsTree;
}

/** Checks a tree against the schema and fills in the defaults. */
export function parseSettings(tree: SettingsTree): Settings {
  const result = settingsSchema.safeParse(tree);
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues;
  if (first === undefined) throw new EdgeSyncError('config-bad-value');
  const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
  if (first.code === 'unrecognized_keys') {
    const key = [...first.path.map(String), first.keys[0] ?? ''].join('.');
    const known = knownKeysAt(first.path);
    const hint = known.length === 0 ? '' : `; allowed here: ${known.join(', ')}`;
    throw new EdgeSyncError('config-unknown-key', `"${key}"${hint}${more}`);
  }
  const key = first.path.map(String).join('.');
  throw new EdgeSyncError(
    'config-bad-value',
    `${key === '' ? 'configuration' : key}: ${plainMessage(first)}${more}`,
  );
}

/**
 * Environment overrides: `dicom.aeTitle` is EDGE_SYNC_DICOM_AE_TITLE, objects and arrays are given as JSON.
 * Names that are no setting's are left alone: secrets, passphrase and switches share the prefix.
 */
export function withEnvironment(
  tree: SettingsTree,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsTree {
  let result: SettingsTree = tree;
  for (const leaf of settingPaths()) {
    const name = environmentName(leaf.path);
    const text = environment[name];
    if (text === undefined) continue;
    result = setIn(result, leaf.path, valueFromText(text, leaf.kind, name));
  }
  return result;
}

export function environmentName(path: readonly string[]): string {
  return prefix + path.map((part) => part.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_');
}

/** `cloud` -> EDGE_SYNC_SECRET_CLOUD; dashes become underscores. */
export function secretEnvironmentName(destination: string): string {
  return `${prefix}SECRET_${destination.toUpperCase().replaceAll('-', '_')}`;
}

/** The credential of the place for shares: apart from the destinations'. */
export const shareSecretEnvironmentName = `${prefix}SHARING_SECRET`;

export const passphraseEnvironmentName = `${prefix}PASSPHRASE`;

type LeafKind = 'text' | 'number' | 'boolean' | 'json';
interface Leaf {
  readonly path: readonly string[];
  readonly kind: LeafKind;
  readonly description: string | undefined;
}

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Every setting that is not itself a group, from the published JSON schema. */
export function settingPaths(): readonly Leaf[] {
  const schema = z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  return leavesOf(schema, []);
}

function leavesOf(node: SchemaNode, path: readonly string[]): readonly Leaf[] {
  if (node.properties === undefined) {
    const kind: LeafKind =
      node.type === 'string'
        ? 'text'
        : node.type === 'integer' || node.type === 'number'
          ? 'number'
          : node.type === 'boolean'
            ? 'boolean'
            : 'json';
    return [{ path, kind, description: node.description }];
  }
  return Object.entries(node.properties)
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, child]) => leavesOf(child, [...path, name]));
}

/** A value typed by a person, read by the kind the schema wants at that place. */
export function valueFromText(text: string, kind: LeafKind, where: string): unknown {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'json':
      try {
        return JSON.parse(text) as Json;
      } catch {
        throw new EdgeSyncError('config-bad-value', `${where}: must be JSON`);
      }
  }
}

export function setIn(tree: SettingsTree, path: readonly string[], value: unknown): SettingsTree {
  const [head, ...rest] = path;
  if (head === undefined) return tree;
  const below = tree[head];
  const child =
    typeof below === 'object' && below !== null && !Array.isArray(below) ? (below as SettingsTree) : {};
  return { ...tree, [head]: rest.length === 0 ? value : setIn(child, rest, value) };
}

export function getIn(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, part) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, part)
        ? (node as Record<string, unknown>)[part]
        : undefined,
    tree,
  );
}

function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  let node: SchemaNode | undefined = z.toJSONSchema(settingsSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as SchemaNode;
  for (const part of path) node = typeof part === 'string' ? node?.properties?.[part] : undefined;
  return Object.keys(node?.properties ?? {}).filter((name) => name !== '$schema');
}

function plainMessage(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `allowed: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_union':
      return `allowed: ${destinationKinds.map((kind) => JSON.stringify(kind)).join(', ')}`;
    case 'too_big':
      return issue.origin === 'string' ? issue.message : `must be at most ${String(issue.maximum)}`;
    case 'too_small':
      return issue.origin === 'string' ? issue.message : `must be at least ${String(issue.minimum)}`;
    case 'invalid_type':
      return issue.message.replace(/^Invalid input: /, '');
    default:
      return issue.message;
  }
}

/** JSON.parse names a position; people look for a line. The text itself is not repeated: it may hold a secret. */
function jsonPlace(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return 'the JSON ends too early or is empty';
  const before = text.slice(0, Number(position)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
