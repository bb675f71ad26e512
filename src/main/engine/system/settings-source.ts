import { basename } from 'node:path';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { checkSettings, type SettingProblem, type SettingsTree } from '../../../shared/settings-check.ts';
import { settingFacts, type SettingFacts } from '../../../shared/settings-facts.ts';
import type { Settings } from '../../../shared/settings.ts';
import { readFileBounded } from './durable-file.ts';

export type { SettingsTree } from '../../../shared/settings-check.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

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
  const bytes = await readSettingsBytes(file);
  if (bytes !== undefined) return treeOf(bytes, file);
  if (missing === 'is-an-error') throw new EdgeSyncError('config-not-readable', file);
  return {};
}

/** Far above what any practice configures. */
export const longestConfigBytes = 1024 * 1024;

/** The file's bytes; undefined when there is none. Throws config-not-readable, also for one that is too long. */
export async function readSettingsBytes(file: string): Promise<Buffer | undefined> {
  const tooLong = (): EdgeSyncError =>
    new EdgeSyncError('config-not-readable', `${basename(file)} is longer than 1 MiB`);
  try {
    return await readFileBounded(file, longestConfigBytes, tooLong);
  } catch (error) {
    if (error instanceof EdgeSyncError && error.code === 'config-not-readable') throw error;
    throw new EdgeSyncError('config-not-readable', file, { cause: error });
  }
}

/** Throws config-not-json, naming the place. */
export function treeOf(bytes: Uint8Array, file: string): SettingsTree {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
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
  const checked = checkSettings(tree);
  if (checked.tag === 'good') return checked.settings;
  throw problemError(checked.problems);
}

/** What is told of a configuration that is not allowed: the first problem, and how many more there are. */
export function problemError(problems: readonly SettingProblem[]): EdgeSyncError {
  const [first, ...rest] = problems;
  if (first === undefined) return new EdgeSyncError('config-bad-value');
  const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
  return new EdgeSyncError(first.code, problemDetail(first) + more);
}

export function problemDetail({ code, key, text }: SettingProblem): string {
  if (code === 'config-unknown-key') return text === '' ? `"${key}"` : `"${key}"; ${text}`;
  return `${key === '' ? 'configuration' : key}: ${text}`;
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

/** Every setting that is not itself a group, from the published JSON schema. */
export function settingPaths(): readonly Leaf[] {
  return settingFacts().map((facts) => ({
    path: facts.path,
    kind: leafKind(facts),
    description: facts.description === '' ? undefined : facts.description,
  }));
}

function leafKind({ kind }: SettingFacts): LeafKind {
  switch (kind) {
    case 'text':
    case 'choice':
      return 'text';
    case 'number':
    case 'boolean':
      return kind;
    case 'list':
    case 'choices':
      return 'json';
  }
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

/** Without that key, and without groups that are empty now. */
export function unsetIn(tree: SettingsTree, path: readonly string[]): SettingsTree {
  const [head, ...rest] = path;
  if (head === undefined || !Object.hasOwn(tree, head)) return tree;
  const { [head]: below, ...others } = tree;
  if (rest.length === 0) return others;
  if (typeof below !== 'object' || below === null || Array.isArray(below)) return tree;
  const left = unsetIn(below as SettingsTree, rest);
  return Object.keys(left).length === 0 ? others : { ...tree, [head]: left };
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

/** JSON.parse names a position; people look for a line. The text itself is not repeated: it may hold a secret. */
function jsonPlace(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return 'the JSON ends too early or is empty';
  const before = text.slice(0, Number(position)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
