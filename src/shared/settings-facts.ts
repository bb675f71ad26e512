/**
 * What the schema of the configuration says about each setting: kind, range, default, unit. Page, command line and
 * docs/configuration.md are made from it, so that none of them can leave a setting out.
 */
import { z } from 'zod';
import { settingsSchema } from './settings.ts';

export type SettingUnit = 'bytes' | 'bytes-per-second' | 'days' | 'minutes' | 'none';

/** A value that is no list. */
export interface FieldFacts {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'choice' | 'choices';
  /** In the words of the schema, English; '' where it has none. */
  readonly description: string;
  /** undefined: none, the setting may be absent. */
  readonly preset: unknown;
  readonly isRequired: boolean;
  /** Of a number, where there is a bound. */
  readonly least: number | undefined;
  readonly most: number | undefined;
  /** Characters of a text. */
  readonly longest: number | undefined;
  /** Of `choice` and `choices`. */
  readonly choices: readonly string[];
  readonly unit: SettingUnit;
}

/** What one entry of a list is. */
export type ItemFacts =
  | { readonly tag: 'text' }
  | { readonly tag: 'group'; readonly fields: readonly FieldFacts[] }
  /** One of several kinds, told apart by the field `kind`. */
  | { readonly tag: 'kinds'; readonly kinds: readonly KindFacts[] };

export interface KindFacts {
  readonly kind: string;
  readonly fields: readonly FieldFacts[];
}

/** `live`: counts at once. `restart`: the engine has to begin anew. */
export type Applies = 'live' | 'restart';

export interface SettingFacts extends Omit<FieldFacts, 'kind'> {
  readonly kind: FieldFacts['kind'] | 'list';
  readonly key: string;
  readonly path: readonly string[];
  readonly item: ItemFacts | undefined;
  readonly applies: Applies;
}

/** What a running engine takes over. Whatever is not named here waits for its restart. */
const livePlaces = [
  'dicom',
  'network.proxy',
  'folders',
  'upload',
  'verify',
  'disk',
  'status.pendingMaxMinutes',
  'log.level',
  'alerts',
] as const;

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

let known: readonly SettingFacts[] | undefined;

/** Every setting that is not itself a group, in the order of the schema. */
export function settingFacts(): readonly SettingFacts[] {
  known ??= leavesOf(
    z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode,
    [],
    true,
  );
  return known;
}

export function factsOf(key: string): SettingFacts | undefined {
  return settingFacts().find((one) => one.key === key);
}

export function appliesOf(key: string): Applies {
  return livePlaces.some((place) => key === place || key.startsWith(`${place}.`)) ? 'live' : 'restart';
}

function leavesOf(node: SchemaNode, path: readonly string[], isRequired: boolean): readonly SettingFacts[] {
  if (node.properties !== undefined) {
    const { required = [] } = node;
    return Object.entries(node.properties)
      .filter(([name]) => name !== '$schema')
      .flatMap(([name, child]) => leavesOf(child, [...path, name], required.includes(name)));
  }
  const key = path.join('.');
  const field = fieldOf(path.at(-1) ?? '', node, isRequired);
  const isList = node.type === 'array' && field.kind !== 'choices';
  return [
    {
      ...field,
      kind: isList ? 'list' : field.kind,
      key,
      path,
      item: isList && node.items !== undefined ? itemOf(node.items) : undefined,
      applies: appliesOf(key),
    },
  ];
}

function itemOf(node: SchemaNode): ItemFacts {
  const variants = node.anyOf ?? node.oneOf;
  if (variants !== undefined) {
    return {
      tag: 'kinds',
      kinds: variants.map((variant) => ({
        kind: textOf(variant.properties?.['kind']?.const),
        fields: fieldsOf(variant).filter(({ name }) => name !== 'kind'),
      })),
    };
  }
  return node.properties === undefined ? { tag: 'text' } : { tag: 'group', fields: fieldsOf(node) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf({ properties = {}, required = [] }: SchemaNode): readonly FieldFacts[] {
  return Object.entries(properties).map(([name, child]) => fieldOf(name, child, required.includes(name)));
}

function fieldOf(name: string, node: SchemaNode, isRequired: boolean): FieldFacts {
  const choices = (node.items?.enum ?? node.enum ?? (node.const === undefined ? [] : [node.const])).map(
    String,
  );
  return {
    name,
    kind: kindOf(node, choices),
    description: node.description ?? '',
    preset: node.default,
    isRequired,
    least: bound(node.minimum),
    most: bound(node.maximum),
    longest: node.maxLength,
    choices,
    unit: unitOf(name),
  };
}

function kindOf(node: SchemaNode, choices: readonly string[]): FieldFacts['kind'] {
  if (node.type === 'array' && choices.length > 0) return 'choices';
  if (choices.length > 0) return 'choice';
  if (node.type === 'boolean') return 'boolean';
  return node.type === 'integer' || node.type === 'number' ? 'number' : 'text';
}

/** The bounds of whole numbers as such say nothing. */
function bound(value: number | undefined): number | undefined {
  return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
}

/** Every number has its unit in its name. */
function unitOf(name: string): SettingUnit {
  if (/BytesPerSecond$/i.test(name)) return 'bytes-per-second';
  if (/Bytes$/i.test(name)) return 'bytes';
  if (/Days$/.test(name)) return 'days';
  return /Minutes$/.test(name) ? 'minutes' : 'none';
}
