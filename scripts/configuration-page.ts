/**
 * Writes docs/configuration.md from the schema of the settings and the words of the settings screen.
 *
 *   node scripts/configuration-page.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { environmentName } from '../src/main/engine/system/settings-source.ts';
import { groupOrder } from '../src/renderer/features/settings/groups.ts';
import { enSettings } from '../src/renderer/i18n/en-settings.ts';
import { settingFacts } from '../src/shared/settings-facts.ts';
import type { FieldFacts, SettingFacts } from '../src/shared/settings-facts.ts';

export const configurationPageFile = join(import.meta.dirname, '..', 'docs', 'configuration.md');

/** The page as it should stand in docs/, formatted as every file here. */
export async function configurationPage(): Promise<string> {
  const options = await resolveConfig(configurationPageFile);
  return format(draft(), { ...options, parser: 'markdown' });
}

function draft(): string {
  const groups = [...new Set<string>([...groupOrder, ...settingFacts().map(({ path }) => path[0] ?? '')])];
  return `# Configuration

Made from the schema by \`node scripts/configuration-page.ts\`; a test holds it to the schema.

One JSON file, \`config.json\` in the data folder or what \`--config\` names; its schema for editors is
[assets/edge-sync.schema.json](../assets/edge-sync.schema.json). The page ("Settings") and \`edge-sync config\` change it by the
same checks and say the same. A value comes from the environment if its variable is set, else from the file, else it is
the default. Lists are given as JSON in the environment and on the command line.

    edge-sync config list                          every setting, its value, and where it comes from
    edge-sync config set dicom.aeTitle FRONTDESK
    edge-sync config unset dicom.aeTitle           back to the default
    edge-sync config undo                          the last change is taken back; once more brings it back
    edge-sync config check                         settings, key store and every destination

**Changes are tried before they are kept.** A port in use, an address that is not of this PC, a folder that cannot be reached
or written, a destination that refuses: nothing is changed, and the reason is named. \`--anyway\` ("Save all the same")
keeps what is allowed and only does not work right now.

**A running engine takes a change over at once** where the table says "at once": associations that are open are finished
under the old settings, uploads go on from their last block. The others wait for a restart: \`edge-sync config restart\`,
or "Restart the engine now" on the page; what is under way is finished first. Without a running engine the file is changed,
and the next start goes by it.

**The file may be edited by hand.** A running engine notices, changes nothing over it, and asks: \`edge-sync config reload\`
goes by the file, \`--put-back\` restores what is in use. What the last change replaced lies beside the file
(\`config.previous.json\`).

**Secrets are never in the file.** \`edge-sync config set secret.NAME < FILE\` stores the credential of a destination or of the
\`proxy\` in the key store, \`unset secret.NAME\` forgets it; neither page nor command line ever shows one. \`EDGE_SYNC_SECRET_NAME\`
takes its place. Changes are audited by their keys, not by their values.

${groups.map(groupText).join('\n')}`;
}

function groupText(name: string): string {
  const settings = settingFacts().filter(({ path }) => path[0] === name);
  const rows = settings.map(
    (facts) =>
      `| \`${facts.key}\` | ${wordsOf(facts)} | ${cell(allowed(facts))} | ${preset(facts.preset)} | ${
        facts.applies === 'live' ? 'at once' : 'restart'
      } |`,
  );
  const lists = settings.filter(({ item }) => item !== undefined && item.tag !== 'text').map(listText);
  const title = textAt('groups', [name]) ?? name;
  const variables = settings.map(({ path }) => `\`${environmentName(path)}\``).join(', ');
  return `## ${title}

| Setting | Meaning | Allowed | Default | Counts |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

${lists.join('\n')}
Environment: ${variables}.
`;
}

function listText({ key, path, item }: SettingFacts): string {
  if (item === undefined || item.tag === 'text') return '';
  const kinds = item.tag === 'group' ? [{ kind: '', fields: item.fields }] : item.kinds;
  return kinds
    .map(({ kind, fields }) => {
      const rows = fields.map(
        (field) =>
          `| \`${field.name}\`${field.isRequired ? ' (needed)' : ''} | ${cell(
            [textAt('item', [...path, field.name]), field.description].filter(Boolean).join('. '),
          )} | ${cell(allowed(field))} | ${preset(field.preset)} |`,
      );
      const head =
        kind === '' ? `Each entry of \`${key}\`:` : `An entry of \`${key}\` with \`"kind": "${kind}"\`:`;
      return `${head}

| Field | Meaning | Allowed | Default |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
    })
    .join('\n');
}

function wordsOf(facts: SettingFacts): string {
  const label = textAt('label', facts.path) ?? facts.key;
  const help = textAt('help', facts.path) ?? facts.description;
  return cell(`${label}. ${help}`);
}

function allowed(facts: Omit<FieldFacts, 'kind'> & { readonly kind: SettingFacts['kind'] }): string {
  const { kind, choices, least, most, longest, unit } = facts;
  if (choices.length > 0) return choices.map((one) => `\`${one}\``).join(', ');
  if (kind === 'boolean') return '`true`, `false`';
  if (kind === 'list') return 'a list';
  if (kind === 'text') return longest === undefined ? 'text' : `text, at most ${longest} characters`;
  const units = unit === 'none' ? '' : ` ${unit.replace('bytes-per-second', 'bytes per second')}`;
  if (least !== undefined && most !== undefined) return `${least} to ${most}${units}`;
  return least === undefined ? `a number${units}` : `from ${least} on${units && `,${units}`}`;
}

function preset(value: unknown): string {
  if (value === undefined) return 'none';
  return `\`${JSON.stringify(value)}\``;
}

function textAt(part: 'groups' | 'label' | 'help' | 'item', path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>(
    (node, name) =>
      typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[name] : undefined,
    enSettings[part],
  );
  return typeof found === 'string' ? found : undefined;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (import.meta.main) writeFileSync(configurationPageFile, await configurationPage());
