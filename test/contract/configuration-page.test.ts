/** docs/configuration.md and assets/edge-sync.schema.json say what the schema of the settings says. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { settingsJsonSchema, settingsJsonSchemaFile } from '../../scripts/build.ts';
import { configurationPage, configurationPageFile } from '../../scripts/configuration-page.ts';
import { environmentName } from '../../src/main/engine/system/settings-source.ts';
import { settingFacts } from '../../src/shared/settings-facts.ts';

it('the page of the configuration is as the schema gives it: node scripts/configuration-page.ts', async () => {
  expect(await readFile(configurationPageFile, 'utf8')).toBe(await configurationPage());
});

it.each(settingFacts().map(({ key }) => key))('%s stands there with its variable', async (key) => {
  const page = await readFile(configurationPageFile, 'utf8');
  expect(page).toContain(`\`${key}\``);
  expect(page).toContain(environmentName(key.split('.')));
});

it('the published JSON schema is that of the settings: node scripts/build.ts', async () => {
  expect(JSON.parse(await readFile(settingsJsonSchemaFile, 'utf8'))).toEqual(
    JSON.parse(settingsJsonSchema()),
  );
});
