import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import { openStore } from '../../engine/cloud/open-store.ts';
import { destinationSecret } from '../../engine/keys/destination-secret.ts';
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
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
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

/**
 * `config check`: settings (already parsed when this runs), key store, and each destination with its stored credential.
 * Prints a line for each; exit 1 when one is not in order.
 */
export async function runConfigCheck(installation: Installation, output: Output): Promise<number> {
  output.out(`settings: in order (${installation.configFile})`);
  const { keyStore, clock } = engineOptions(installation, 'error');
  let problems = 0;
  const tell = async (part: string, check: () => Promise<void>): Promise<void> => {
    try {
      await check();
      output.out(`${part}: in order`);
    } catch (error) {
      problems += 1;
      const { message, nextStep, code } = toEdgeSyncError(error).report;
      output.out(`${part}: ${message}. ${nextStep} [${code}]`);
    }
  };
  await tell(`key store (${keyStore.kind})`, async () => {
    const read = await keyStore.read('config-check');
    if (read.tag === 'unavailable') throw read.error;
  });
  for (const destination of installation.settings.destinations) {
    await tell(`destination ${destination.name} (${destination.kind})`, async () => {
      const secret = await destinationSecret(destination.name, installation.secrets, keyStore);
      const store = openStore(destination, secret, clock);
      try {
        await store.check();
      } finally {
        await store.close();
      }
    });
  }
  if (installation.settings.destinations.length === 0) {
    problems += 1;
    const { message, nextStep, code } = new EdgeSyncError('no-destination').report;
    output.out(`destinations: ${message}. ${nextStep} [${code}]`);
  }
  return problems === 0 ? exitCode.ok : exitCode.failed;
}
