/** The settings of a PC that joins: what was given for it, and what comes from the backup of another. */
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import {
  getIn,
  parseSettings,
  readSettingsTree,
  setIn,
  settingPaths,
  valueFromText,
  type SettingsTree,
} from '../engine/system/settings-source.ts';

export interface JoinPlaceOptions {
  readonly config?: string;
  /** KEY=VALUE, as for `config set`. */
  readonly set?: readonly string[];
  /** Azure: as the kit shows them. */
  readonly container?: string;
  readonly prefix?: string;
}

/** File, then single options over it. Throws config-*, usage. */
export async function givenTree(options: JoinPlaceOptions, defaultFile: string): Promise<SettingsTree> {
  let tree =
    options.config === undefined
      ? await readSettingsTree(defaultFile, 'is-empty')
      : await readSettingsTree(options.config, 'is-an-error');
  if (options.container !== undefined) {
    const { container, prefix = '' } = options;
    tree = { ...tree, destinations: [{ name: 'cloud', kind: 'azure', container, prefix }] };
  } else if (options.prefix !== undefined) {
    throw new EdgeSyncError(
      'usage',
      '--prefix goes with --container; for others use --set destinations=JSON',
    );
  }
  for (const text of options.set ?? []) {
    const at = text.indexOf('=');
    const key = text.slice(0, Math.max(at, 0));
    const leaf = settingPaths().find((one) => one.path.join('.') === key);
    if (leaf === undefined) {
      const known = settingPaths().map((one) => one.path.join('.'));
      throw new EdgeSyncError('config-unknown-key', `"${key}"; settings are: ${known.join(', ')}`);
    }
    tree = setIn(tree, leaf.path, valueFromText(text.slice(at + 1), leaf.kind, key));
  }
  return tree;
}

/**
 * The backup's settings with what was given over them: single values win, destinations join by name. The key store is
 * the one in use here, whatever the other PC had. Throws config-* when the result does not fit this version.
 */
export function joinedTree(
  backup: SettingsTree | undefined,
  given: SettingsTree,
  inForce: Settings,
): SettingsTree {
  let tree: SettingsTree = backup ?? given;
  if (backup !== undefined) {
    for (const { path } of settingPaths()) {
      const value = getIn(given, path);
      if (value === undefined) continue;
      const isDestinations = path.join('.') === 'destinations';
      tree = setIn(tree, path, isDestinations ? byName(getIn(backup, path), value) : value);
    }
  }
  // Given through the environment alone, they would be missing where that is not set.
  if (getIn(tree, ['destinations']) === undefined) {
    tree = setIn(tree, ['destinations'], inForce.destinations);
  }
  tree = setIn(tree, ['keys', 'store'], inForce.keys.store);
  parseSettings(tree);
  return tree;
}

function byName(theirs: unknown, ours: unknown): unknown {
  if (!Array.isArray(theirs) || !Array.isArray(ours)) return ours;
  const names = new Set(ours.map(nameOf));
  const others = (theirs as unknown[]).filter((one) => !names.has(nameOf(one)));
  return [...(ours as unknown[]), ...others];
}

function nameOf(destination: unknown): unknown {
  return typeof destination === 'object' && destination !== null && 'name' in destination
    ? destination.name
    : undefined;
}
