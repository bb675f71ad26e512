/** The words of single settings. The catalogues follow the schema's names; what has no words is called by its name. */
import i18next from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { FieldFacts, SettingFacts, SettingUnit } from '../../../shared/settings-facts.ts';
import { esValueProblems } from '../../i18n/es-settings.ts';
import { useFormat } from '../../i18n/format.ts';
import type { Format } from '../../i18n/format.ts';
import { inUnit } from './settings-form.ts';

export interface SettingWords {
  readonly label: (key: string) => string;
  readonly help: (facts: SettingFacts) => string;
  /** Of a field of an entry in the list `key`. */
  readonly itemLabel: (key: string, name: string) => string;
  /** `place`: a setting's key, or a list's with the field's name behind it. */
  readonly choice: (place: string, value: string) => string;
  readonly kind: (kind: string) => string;
  readonly unit: (unit: SettingUnit) => string | undefined;
  /** Allowed values and default, for the help of a field. */
  readonly limits: (facts: Pick<FieldFacts, 'least' | 'most' | 'unit'>) => string | undefined;
  /** A value in words, for what is in use or the default. */
  readonly value: (facts: SettingFacts, value: unknown) => string;
}

export function useSettingWords(): SettingWords {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo((): SettingWords => {
    const of = (path: string, otherwise: string): string =>
      i18next.exists(`settings.${path}`) ? t(`settings.${path}` as 'settings.save') : otherwise;
    const unit = (one: SettingUnit): string | undefined =>
      one === 'none' ? undefined : t(`settings.units.${one}`);
    const withUnit = (value: number, one: SettingUnit): string => {
      const name = unit(one);
      const text = format.count(inUnit(value, one));
      return name === undefined ? text : `${text} ${name}`;
    };
    const choice = (place: string, value: string): string => of(`choice.${place}.${value}`, value);
    return {
      label: (key) => of(`label.${key}`, key),
      help: (facts) => of(`help.${facts.key}`, facts.description),
      itemLabel: (key, name) => of(`item.${key}.${name}`, name),
      choice,
      kind: (kind) => of(`kinds.${kind}`, kind),
      unit,
      limits: ({ least, most, unit: one }) => {
        // A port from 0 to 65535 is worth a word; a size from 0 on is not.
        if (least !== undefined && most !== undefined)
          return t('settings.range', { least: withUnit(least, 'none'), most: withUnit(most, one) });
        if (least === undefined || least === 0) return undefined;
        return t('settings.atLeast', { least: withUnit(least, one) });
      },
      value: (facts, value) => {
        if (value === null || value === undefined || value === '') return t('settings.none');
        if (typeof value === 'boolean') return value ? t('settings.on') : t('settings.off');
        if (typeof value === 'number')
          return facts.unit === 'none' ? String(value) : withUnit(value, facts.unit);
        if (Array.isArray(value)) return listText(value, format) || t('settings.none');
        if (typeof value !== 'string') return t('settings.none');
        return facts.kind === 'choice' ? choice(facts.key, value) : value;
      },
    };
  }, [t, format]);
}

function listText(values: readonly unknown[], format: Format): string {
  const names = values.map((one) => {
    if (typeof one !== 'object' || one === null) return String(one);
    const { name, path, from, to } = one as Readonly<Record<string, unknown>>;
    if (typeof from === 'string' && typeof to === 'string') return `${from}–${to}`;
    return [name, path].find((part) => typeof part === 'string') ?? '';
  });
  return format.list(names);
}

/** What is wrong with a value, without the name of its key, in the reader's language where there are words for it. */
export function valueProblem(message: string, key: string, language: Format['language']): string {
  const at = message.indexOf(`${key}: `);
  const text = at === -1 ? message : message.slice(at + key.length + 2);
  if (language !== 'es') return text;
  const known = esValueProblems[text];
  if (known !== undefined) return known;
  for (const [english, spanish] of Object.entries(esValueProblems)) {
    const [before, after] = english.split('#');
    if (after === undefined || before === undefined || !text.startsWith(before)) continue;
    return spanish.replace('#', text.slice(before.length));
  }
  return text;
}
