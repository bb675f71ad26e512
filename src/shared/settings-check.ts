/**
 * Whether a configuration may be used as it is: one answer for command line, engine and page. Pure.
 */
import { z } from 'zod';
import { destinationKinds } from './destination-settings.ts';
import { settingsSchema, type Settings } from './settings.ts';

/** A configuration as JSON, not checked. */
export type SettingsTree = Readonly<Record<string, unknown>>;

export interface SettingProblem {
  readonly code: 'config-unknown-key' | 'config-bad-value';
  /** Where: dotted, with numbers for places in lists; empty for the configuration as a whole. */
  readonly key: string;
  /** What is wrong and what is allowed, without the key. */
  readonly text: string;
}

export type SettingsCheck =
  | { readonly tag: 'good'; readonly settings: Settings }
  /** At least one. */
  | { readonly tag: 'bad'; readonly problems: readonly SettingProblem[] };

/** Checks a tree against the schema and fills in the defaults. */
export function checkSettings(tree: SettingsTree): SettingsCheck {
  const result = settingsSchema.safeParse(tree);
  if (result.success) return { tag: 'good', settings: result.data };
  const problems = result.error.issues.flatMap(problemsOf);
  return {
    tag: 'bad',
    problems: problems.length > 0 ? problems : [{ code: 'config-bad-value', key: '', text: '' }],
  };
}

function problemsOf(issue: z.core.$ZodIssue): readonly SettingProblem[] {
  const place = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys')
    return [{ code: 'config-bad-value', key: place.join('.'), text: plainMessage(issue) }];
  const known = knownKeysAt(issue.path);
  const text = known.length === 0 ? '' : `allowed here: ${known.join(', ')}`;
  return issue.keys.map((key) => ({
    code: 'config-unknown-key',
    // Any text can stand there; nobody reads more of it.
    key: [...place, key.length > longestShownKey ? `${key.slice(0, longestShownKey)}…` : key].join('.'),
    text,
  }));
}

const longestShownKey = 100;

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  let node: SchemaNode | undefined = z.toJSONSchema(settingsSchema, {
    io: 'input',
    unrepresentable: 'any',
  }) as SchemaNode;
  for (const part of path) node = typeof part === 'string' ? node?.properties?.[part] : undefined;
  return Object.keys(node?.properties ?? {}).filter((name) => name !== '$schema');
}

function plainMessage(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `allowed: ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_union':
      return `allowed: ${destinationKinds.map((kind) => JSON.stringify(kind)).join(', ')}`;
    case 'too_big':
      return issue.origin === 'string' ? issue.message : `must be at most ${String(issue.maximum)}`;
    case 'too_small':
      return issue.origin === 'string' ? issue.message : `must be at least ${String(issue.minimum)}`;
    case 'invalid_type':
      return issue.message.replace(/^Invalid input: /, '');
    default:
      return issue.message;
  }
}
