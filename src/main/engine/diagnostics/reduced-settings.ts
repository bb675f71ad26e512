/**
 * The settings as a bundle may hold them: numbers, switches and words of the schema as they are; of every other text
 * only that it is there, of the address listened on what kind it is; of a list how long it is, and of its entries the
 * same again. Names, paths, hosts, accounts, addresses of mail and web are gone.
 */
import type { DiagnosticsReport, EntryValue, PlainValue } from '../../../shared/diagnostics.ts';
import { settingFacts, type FieldFacts, type SettingFacts } from '../../../shared/settings-facts.ts';
import { addressScope, plainAddress } from '../system/ip-address.ts';
import type { Aliases } from './aliases.ts';

export interface GivenSetting {
  readonly key: string;
  readonly value: unknown;
  readonly source: 'file' | 'environment' | 'default';
}

type ReducedSetting = DiagnosticsReport['settings'][number];

const mostEntries = 100;

export function reducedSettings(given: readonly GivenSetting[], aliases: Aliases): ReducedSetting[] {
  return settingFacts().flatMap((facts): ReducedSetting[] => {
    const one = given.find(({ key }) => key === facts.key);
    if (one === undefined) return [];
    return [{ key: facts.key, source: one.source, value: reduced(facts, one.value, aliases) }];
  });
}

function reduced(facts: SettingFacts, value: unknown, aliases: Aliases): ReducedSetting['value'] {
  if (facts.kind === 'list') return reducedList(facts, value, aliases);
  if (facts.kind === 'choices')
    return Array.isArray(value)
      ? value.filter((one): one is string => facts.choices.includes(String(one)))
      : 'not-set';
  return reducedField(facts, value, facts.key === 'dicom.host' ? 'address' : 'text');
}

function reducedList({ item }: SettingFacts, value: unknown, aliases: Aliases): ReducedSetting['value'] {
  if (!Array.isArray(value)) return { total: 0 };
  if (item === undefined || item.tag === 'text') return { total: value.length };
  const entries = value.slice(0, mostEntries).map((one: unknown): EntryValue => {
    if (typeof one !== 'object' || one === null) return {};
    const given = one as Readonly<Record<string, unknown>>;
    if (item.tag === 'group') return reducedFields(item.fields, given);
    const kind = item.kinds.find((known) => known.kind === given['kind']);
    if (kind === undefined) return {};
    return {
      alias: aliases.destination(typeof given['name'] === 'string' ? given['name'] : ''),
      kind: kind.kind,
      ...reducedFields(
        kind.fields.filter(({ name }) => name !== 'name'),
        given,
      ),
    };
  });
  return { entries, total: value.length };
}

function reducedFields(
  fields: readonly FieldFacts[],
  given: Readonly<Record<string, unknown>>,
): Record<string, PlainValue | { entries: number }> {
  return Object.fromEntries(
    fields.map((field): [string, PlainValue | { entries: number }] => {
      const value = given[field.name];
      if (Array.isArray(value)) return [field.name, { entries: value.length }];
      return [field.name, reducedField(field, value, 'text')];
    }),
  );
}

function reducedField(
  field: Pick<SettingFacts, 'kind' | 'choices'>,
  value: unknown,
  as: 'text' | 'address',
): PlainValue {
  if (value === undefined || value === null || value === '') return 'not-set';
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : 'set';
  if (typeof value !== 'string') return 'set';
  if (field.kind === 'choice' && field.choices.includes(value)) return value;
  if (as === 'text') return 'set';
  return plainAddress(value) === undefined ? 'interface-or-name' : addressScope(value);
}
