import { describe, expect, it } from 'vitest';
import { settingFacts } from '../../../shared/settings-facts.ts';
import type { FieldFacts, SettingFacts } from '../../../shared/settings-facts.ts';
import { settingsSchema } from '../../../shared/settings.ts';
import { en } from '../../i18n/en.ts';
import { esValueProblems } from '../../i18n/es-settings.ts';
import { checkSettings } from '../../../shared/settings-check.ts';
import { groupOrder } from './groups.ts';
import { valueProblem } from './setting-words.ts';
import { fieldsOf, formOf, isSameForm, newItem, valueOf } from './settings-form.ts';

const facts = (key: string): SettingFacts => {
  const found = settingFacts().find((one) => one.key === key);
  if (found === undefined) throw new Error(key);
  return found;
};

function textAt(...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, part) =>
      typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[part] : undefined,
    en.settings,
  );
}

describe('every key of the schema has a place on the page', () => {
  it.each(settingFacts().map(({ key }) => key))('%s: group, name and help', (key) => {
    const { path } = facts(key);
    expect(groupOrder).toContain(path[0]);
    expect(textAt('groups', path[0] ?? '')).toMatch(/\S/);
    expect(textAt('label', ...path)).toMatch(/\S/);
    expect(textAt('help', ...path)).toMatch(/\S/);
  });

  it.each(
    settingFacts()
      .filter(({ kind }) => kind === 'choice')
      .map(({ key }) => key),
  )('%s: a word for each choice', (key) => {
    const { path, choices } = facts(key);
    for (const choice of choices) expect(textAt('choice', ...path, choice)).toMatch(/\S/);
  });

  it.each(entryFields())('an entry of %s', (_name, path, kind, field) => {
    if (kind !== undefined) expect(textAt('kinds', kind)).toMatch(/\S/);
    expect(textAt('item', ...path, field.name)).toMatch(/\S/);
    for (const choice of field.choices) expect(textAt('choice', ...path, field.name, choice)).toMatch(/\S/);
  });
});

type EntryField = readonly [string, readonly string[], string | undefined, FieldFacts];

function entryFields(): readonly EntryField[] {
  return settingFacts().flatMap(({ path, key, item }): readonly EntryField[] => {
    if (item === undefined || item.tag === 'text') return [];
    if (item.tag === 'group')
      return item.fields.map((field) => [`${key}: ${field.name}`, path, undefined, field]);
    return item.kinds.flatMap(({ kind, fields }) =>
      fields.map((field): EntryField => [`${key}, ${kind}: ${field.name}`, path, kind, field]),
    );
  });
}

describe('a value and its fields', () => {
  const defaults = settingsSchema.parse({}) as unknown as Record<string, unknown>;
  const valueAt = (path: readonly string[]): unknown =>
    path.reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], defaults);

  it.each(settingFacts().map((one) => [one.key, one] as const))(
    '%s: what is read into the field is no change',
    (_key, one) => {
      const form = formOf(one, valueAt(one.path) ?? null);
      expect(isSameForm(form, formOf(one, valueAt(one.path) ?? null))).toBe(true);
    },
  );

  it('sizes are typed in GB, with a point or a comma', () => {
    expect(formOf(facts('disk.refuseBelowBytes'), 20_000_000_000)).toBe('20');
    expect(valueOf(facts('disk.refuseBelowBytes'), '2.5')).toBe(2_500_000_000);
    expect(valueOf(facts('disk.refuseBelowBytes'), '2,5')).toBe(2_500_000_000);
  });

  it('what is no number goes to the check as it is', () => {
    expect(valueOf(facts('dicom.port'), 'many')).toBe('many');
    expect(valueOf(facts('dicom.port'), '1.5')).toBe(1.5);
  });

  it('an empty field is the default', () => {
    expect(valueOf(facts('dicom.port'), '')).toBeUndefined();
    expect(valueOf(facts('network.proxy.address'), '')).toBeUndefined();
  });

  it('a list of lines leaves out empty ones', () => {
    expect(valueOf(facts('network.proxy.bypass'), ' nas.local \n\n.example.org')).toEqual([
      'nas.local',
      '.example.org',
    ]);
  });

  it('an entry keeps what differs from its defaults, in the kind it was made in', () => {
    const { item } = facts('destinations');
    if (item === undefined) throw new Error('no list');
    const entry = newItem(item, 'folder', 1);
    expect(fieldsOf(item, 'folder').map(({ name }) => name)).toContain('path');
    const filled = { ...entry, values: { ...entry.values, name: 'attic', path: '/srv/attic' } };
    const value = valueOf(facts('destinations'), { items: [filled] });
    expect(value).toEqual([{ kind: 'folder', name: 'attic', path: '/srv/attic' }]);
    expect(settingsSchema.safeParse({ destinations: value }).success).toBe(true);
  });

  it('entries that were read are written back to the same settings', () => {
    const destinations = [
      { name: 'cloud', kind: 'azure', container: 'clinic-images', maxBytesPerSecond: 50_000 },
      { name: 'attic', kind: 'folder', path: '/srv/attic', required: false },
      { name: 'own', kind: 's3', bucket: 'own-bucket', addressing: 'path', endpoint: 'https://nas.local' },
    ];
    const parsed = settingsSchema.parse({ destinations });
    const form = formOf(facts('destinations'), parsed.destinations);
    const again = settingsSchema.parse({ destinations: valueOf(facts('destinations'), form) });
    expect(again.destinations).toEqual(parsed.destinations);
  });
});

describe('what is wrong with a value', () => {
  it.each([
    ['dicom.aeTitle', { dicom: { aeTitle: 'A'.repeat(17) } }],
    ['dicom.aeTitle', { dicom: { aeTitle: 'A\\B' } }],
    ['dicom.aeTitle', { dicom: { aeTitle: ' A' } }],
    ['dicom.host', { dicom: { host: '0.0.0.0' } }],
    ['dicom.port', { dicom: { port: 70_000 } }],
    ['dicom.port', { dicom: { port: 'x' } }],
    ['dicom.port', { dicom: { port: 1.5 } }],
    ['keys.store', { keys: { store: 'file' } }],
    ['upload.maxBytesPerSecond', { upload: { maxBytesPerSecond: 3 } }],
    ['upload.windows.0.from', { upload: { windows: [{ from: '25:00', to: '06:00' }] } }],
    ['upload.windows.0.days', { upload: { windows: [{ from: '20:00', to: '06:00', days: [] }] } }],
    ['network.proxy.address', { network: { proxy: { mode: 'manual', address: 'nas' } } }],
    ['network.proxy', { network: { proxy: { mode: 'manual' } } }],
    ['destinations.0.container', { destinations: [{ name: 'a', kind: 'azure', container: 'A_B' }] }],
    ['destinations', { destinations: [{ name: 'a', kind: 'folder', path: '/a', required: false }] }],
    ['sharing.viewerUrl', { sharing: { container: 'shares', viewerUrl: 'http://example.org' } }],
  ])('%s is said in Spanish too: %j', (key, tree) => {
    const checked = checkSettings(tree);
    if (checked.tag === 'good') throw new Error('was accepted');
    const problem = checked.problems.find((one) => one.key === key);
    if (problem === undefined) throw new Error(JSON.stringify(checked.problems));
    const said = valueProblem(
      `A setting has a value that is not allowed: ${key}: ${problem.text}`,
      key,
      'es',
    );
    expect(Object.values(esValueProblems).some((one) => said.startsWith(one.split('#')[0] ?? one))).toBe(
      true,
    );
    expect(said).not.toBe(problem.text);
  });
});
