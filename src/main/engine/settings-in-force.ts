/** The settings that the engine goes by right now, as an object whose values change under those who hold it. */
import { isDeepStrictEqual } from 'node:util';
import { appliesOf, settingFacts } from '../../shared/settings-facts.ts';
import type { Settings } from '../../shared/settings.ts';
import { getIn, setIn, unsetIn, type SettingsTree } from './system/settings-source.ts';

type Group = Readonly<Record<string, unknown>>;

export class SettingsInForce {
  #current: Settings;
  /**
   * Reads like the settings, groups included, and always as they are now. What is copied out of it (by spreading or
   * destructuring a single value) stays as it was at that moment.
   */
  readonly view: Settings;

  constructor(settings: Settings) {
    this.#current = settings;
    this.view = viewOf(settings, () => this.#current) as Settings;
  }

  get current(): Settings {
    return this.#current;
  }

  replace(settings: Settings): void {
    this.#current = settings;
  }
}

/** Groups stay groups; a list or an optional group is given as it is at the time. */
function viewOf(shape: Group, now: () => unknown): Group {
  const view = {};
  for (const [key, value] of Object.entries(shape)) {
    const current = (): unknown => (now() as Group)[key];
    const inner = isGroup(value) && key !== 'sharing' ? viewOf(value, current) : undefined;
    Object.defineProperty(view, key, { enumerable: true, get: inner === undefined ? current : () => inner });
  }
  // Absent at first, and may come.
  if ('destinations' in shape && !('sharing' in shape))
    Object.defineProperty(view, 'sharing', { enumerable: true, get: () => (now() as Group)['sharing'] });
  return view;
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `before`, with those values of `after` that a running engine takes over. */
export function withLive(before: Settings, after: Settings): Settings {
  let merged = before as unknown as SettingsTree;
  for (const { key, path } of settingFacts()) {
    if (appliesOf(key) !== 'live') continue;
    const value = getIn(after, path);
    merged = value === undefined ? unsetIn(merged, path) : setIn(merged, path, value);
  }
  return merged as unknown as Settings;
}

/** Keys of single settings that differ. */
export function changedKeys(before: unknown, after: unknown): readonly string[] {
  return settingFacts()
    .filter(({ path }) => !isDeepStrictEqual(getIn(before, path), getIn(after, path)))
    .map(({ key }) => key);
}
