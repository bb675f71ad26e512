/** Between a setting's value and what stands in its fields. Pure. */
import type { FieldFacts, ItemFacts, SettingFacts, SettingUnit } from '../../../shared/settings-facts.ts';

/** What one field holds. Numbers are text while they are typed. */
export type FieldForm = string | boolean | readonly string[];

/** An entry of a list. */
export interface ItemForm {
  /** Of this page only: what is typed stays with its entry when another one is removed. */
  readonly id: number;
  /** Of entries that come in kinds. */
  readonly kind: string | undefined;
  /** Not saved yet. */
  readonly isNew: boolean;
  readonly values: Readonly<Record<string, FieldForm>>;
}

export type SettingForm = FieldForm | { readonly items: readonly ItemForm[] };

/** Powers of ten, as sizes are shown everywhere else on the page. */
const unitSizes: Readonly<Record<SettingUnit, number>> = {
  bytes: 1e9,
  'bytes-per-second': 1e3,
  days: 1,
  minutes: 1,
  none: 1,
};

/** In the unit that the field is labelled with, at most two decimals. */
export function inUnit(value: number, unit: SettingUnit): number {
  return Math.round((value / unitSizes[unit]) * 100) / 100;
}

export function formOf(facts: SettingFacts, value: unknown): SettingForm {
  if (facts.item === undefined || facts.item.tag === 'text') return fieldForm(facts, value);
  const entries = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return { items: entries.map((entry, index) => itemForm(facts.item, entry, index)) };
}

function itemForm(item: ItemFacts | undefined, entry: unknown, id: number): ItemForm {
  const values = (typeof entry === 'object' && entry !== null ? entry : {}) as Readonly<
    Record<string, unknown>
  >;
  const kind = item?.tag === 'kinds' ? String(values['kind']) : undefined;
  return {
    id,
    kind,
    isNew: false,
    values: Object.fromEntries(
      fieldsOf(item, kind).map((field) => [field.name, fieldForm(field, values[field.name])]),
    ),
  };
}

/** An empty entry, with the defaults filled in. */
export function newItem(item: ItemFacts, kind: string | undefined, id: number): ItemForm {
  return {
    id,
    kind,
    isNew: true,
    values: Object.fromEntries(
      fieldsOf(item, kind).map((field) => [field.name, fieldForm(field, field.preset)]),
    ),
  };
}

export function fieldsOf(item: ItemFacts | undefined, kind: string | undefined): readonly FieldFacts[] {
  if (item === undefined || item.tag === 'text') return [];
  return item.tag === 'group' ? item.fields : (item.kinds.find((one) => one.kind === kind)?.fields ?? []);
}

function fieldForm(
  facts: Pick<FieldFacts, 'unit'> & { readonly kind: SettingFacts['kind'] },
  value: unknown,
): FieldForm {
  switch (facts.kind) {
    case 'boolean':
      return value === true;
    case 'choices':
      return Array.isArray(value) ? value.map(String) : [];
    case 'list':
      return Array.isArray(value) ? value.map(String).join('\n') : '';
    case 'number':
      return typeof value === 'number' ? String(inUnit(value, facts.unit)) : '';
    case 'text':
    case 'choice':
      return typeof value === 'string' ? value : '';
  }
}

/** What is asked of the engine; undefined: the setting goes back to its default. What is no number stays text. */
export function valueOf(facts: SettingFacts, form: SettingForm): unknown {
  if (typeof form === 'object' && 'items' in form)
    return form.items.map((item) => itemValue(facts.item, item));
  return fieldValue(facts, form);
}

function itemValue(item: ItemFacts | undefined, { kind, values }: ItemForm): unknown {
  const entries = fieldsOf(item, kind).flatMap((field): readonly (readonly [string, unknown])[] => {
    const value = fieldValue(field, values[field.name] ?? '');
    const isDefault = JSON.stringify(value) === JSON.stringify(field.preset);
    return value === undefined || isDefault ? [] : [[field.name, value]];
  });
  return { ...(kind === undefined ? {} : { kind }), ...Object.fromEntries(entries) };
}

function fieldValue(
  facts: Pick<FieldFacts, 'unit' | 'preset' | 'isRequired'> & { readonly kind: SettingFacts['kind'] },
  form: FieldForm,
): unknown {
  switch (facts.kind) {
    case 'boolean':
    case 'choices':
      return form;
    case 'list':
      return String(form)
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    case 'number':
      return numberOf(String(form), facts.unit);
    case 'text':
    case 'choice':
      return form === '' && facts.preset === undefined && !facts.isRequired ? undefined : form;
  }
}

function numberOf(text: string, unit: SettingUnit): unknown {
  const typed = text.trim().replace(',', '.');
  if (typed === '') return undefined;
  const value = Number(typed);
  if (!Number.isFinite(value)) return text;
  const size = unitSizes[unit];
  return size === 1 ? value : Math.round(value * size);
}

/** Whether somebody changed it. */
export function isSameForm(one: SettingForm, other: SettingForm): boolean {
  return JSON.stringify(bare(one)) === JSON.stringify(bare(other));
}

function bare(form: SettingForm): unknown {
  return typeof form === 'object' && 'items' in form
    ? form.items.map(({ kind, values }) => [kind, values])
    : form;
}
