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
  /** Keys whose new value is kept in the file and counts after a restart only. */
  waiting: readonly string[] = [];

  constructor(settings: Settings) {
    this.#current = settings;
    this.view = viewOf(() => this.#current) as Settings;
  }

  get current(): Settings {
    return this.#current;
  }

  replace(settings: Settings): void {
    this.#current = settings;
  }
}

/**
 * Groups stay groups; a list or an optional group is given as it is at the time. What a group holds is asked for each
 * time: an optional value may come and go.
 */
function viewOf(now: () => Group): Group {
  const groups = new Map<string, Group>();
  const read = (key: string): unknown => {
    const value = now()[key];
    if (!isGroup(value) || key === 'sharing') return value;
    const known = groups.get(key);
    if (known !== undefined) return known;
    const made = viewOf(() => now()[key] as Group);
    groups.set(key, made);
    return made;
  };
  return new Proxy<Group>(
    {},
    {
      get: (_target, key) => (typeof key === 'string' ? read(key) : undefined),
      has: (_target, key) => Reflect.has(now(), key),
      ownKeys: () => Reflect.ownKeys(now()),
      getOwnPropertyDescriptor: (_target, key) =>
        typeof key === 'string' && Object.hasOwn(now(), key)
          ? { configurable: true, enumerable: true, writable: false, value: read(key) }
          : undefined,
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    },
  );
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
