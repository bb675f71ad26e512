import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../../engine/ports.ts';
import { writeFileDurably } from '../../engine/system/durable-file.ts';
import {
  getIn,
  parseSettings,
  readSettingsTree,
  setIn,
  settingPaths,
  valueFromText,
  withEnvironment,
} from '../../engine/system/settings-source.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

/** `config get [KEY]`: the settings in force (file, environment, defaults) as JSON. */
export async function runConfigGet(
  places: { readonly configFile: string },
  key: string | undefined,
  environment: NodeJS.ProcessEnv,
  output: Output,
): Promise<number> {
  const settings = parseSettings(
    withEnvironment(await readSettingsTree(places.configFile, 'is-empty'), environment),
  );
  if (key === undefined) {
    output.out(JSON.stringify(settings, undefined, 2));
    return exitCode.ok;
  }
  const value = getIn(settings, key.split('.'));
  if (value === undefined) throw unknownKey(key);
  output.out(typeof value === 'string' ? value : JSON.stringify(value));
  return exitCode.ok;
}

/** `config set KEY VALUE`: checked before anything is written; the engine reads it at its next start. */
export async function runConfigSet(
  places: { readonly configFile: string },
  key: string,
  value: string,
  clock: Clock,
  output: Output,
): Promise<number> {
  const leaf = settingPaths().find((one) => one.path.join('.') === key);
  if (leaf === undefined) throw unknownKey(key);
  const tree = setIn(
    await readSettingsTree(places.configFile, 'is-empty'),
    leaf.path,
    valueFromText(value, leaf.kind, key),
  );
  parseSettings(tree);
  await mkdir(dirname(places.configFile), { recursive: true, mode: 0o700 });
  await writeFileDurably(places.configFile, Buffer.from(`${JSON.stringify(tree, undefined, 2)}\n`), {
    clock,
    mode: 0o600,
  });
  output.out(`${key} is set. The engine uses it from its next start.`);
  return exitCode.ok;
}

/** `config set secret.NAME`: the value comes from standard input, so that it is in no history and no argument list. */
export async function runStoreSecret(client: EngineClient, name: string, output: Output): Promise<number> {
  const value = (await text(process.stdin)).trim();
  if (value === '')
    throw new EdgeSyncError(
      'usage',
      `give the credential on standard input: config set secret.${name} < FILE`,
    );
  await client.secrets.store({ name, value });
  output.out(`The credential of ${name} is stored.`);
  return exitCode.ok;
}

/** Long lists of keys help more than a bare no. */
function unknownKey(key: string): EdgeSyncError {
  const known = settingPaths().map((leaf) => leaf.path.join('.'));
  return new EdgeSyncError('config-unknown-key', `"${key}"; settings are: ${known.join(', ')}`);
}
