import { expect, it } from 'vitest';
import { settingFacts } from '../../../shared/settings-facts.ts';
import { pathSettings } from './path-settings.ts';
import { fieldsOf } from './settings-form.ts';

/** Every setting and every field of an entry, as the page names them. */
const places = settingFacts().flatMap(({ key, item }) => {
  const kinds = item?.tag === 'kinds' ? item.kinds.map(({ kind }) => kind) : [undefined];
  return [key, ...kinds.flatMap((kind) => fieldsOf(item, kind).map(({ name }) => `${key}.${name}`))];
});

it('names places of the configuration that exist', () => {
  for (const place of Object.keys(pathSettings)) expect(places).toContain(place);
});

it('leaves out no place whose name says that it is a path or a file', () => {
  const byName = places.filter((place) => /(path|file|folder|pac)$/i.test(place));
  expect(byName.filter((place) => pathSettings[place] === undefined)).toEqual([]);
  expect(byName).not.toHaveLength(0);
});
