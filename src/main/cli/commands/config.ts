/** `edge-sync config`: the settings, by the same checks and with the same words as on the page. */
import { text } from 'node:stream/consumers';
import type { ChangeResult, SettingChange, SettingsReport } from '../../../shared/contract-settings.ts';
import { EdgeSyncError, errorFacts, isErrorCode } from '../../../shared/errors.ts';
import { factsOf } from '../../../shared/settings-facts.ts';
import type { Clock } from '../../engine/ports.ts';
import { hasKeys } from '../../engine/settings-calls.ts';
import { SettingsDesk, unknownKey } from '../../engine/settings-desk.ts';
import { SystemNetworkInterfaces } from '../../engine/system/network-interfaces.ts';
import {
  getIn,
  parseSettings,
  readSettingsTree,
  settingPaths,
  valueFromText,
  withEnvironment,
} from '../../engine/system/settings-source.ts';
import { createEngineClient, type EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';

export interface ConfigPlaces {
  readonly dataDir: string;
  readonly configFile: string;
}

type Format = { readonly format: 'text' | 'json' };
type Keep = { readonly keep: 'when-it-works' | 'anyway' };

/** What changes settings: the engine that runs, or the file alone. */
interface Desk {
  readonly isRunning: boolean;
  list(): Promise<SettingsReport>;
  change(revision: string, changes: readonly SettingChange[], keep: Keep['keep']): Promise<ChangeResult>;
  undo(revision: string): Promise<ChangeResult>;
  outside(revision: string, choice: 'use-file' | 'put-back'): Promise<ChangeResult>;
}

/** The engine of this data folder where it runs and goes by this file. Else the file: it counts from the next start. */
export async function openDesk(
  places: ConfigPlaces,
  environment: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<Desk> {
  const client = createEngineClient(places);
  try {
    const { file } = await client.settings.list();
    if (file === places.configFile) return deskOf(client);
  } catch (error) {
    if (!(error instanceof EdgeSyncError) || error.code !== 'engine-not-running') throw error;
  }
  const desk = new SettingsDesk({
    configFile: places.configFile,
    environment,
    clock,
    trial: {
      clock,
      interfaces: new SystemNetworkInterfaces(),
      ownPorts: () => [],
      hasKeys: () => hasKeys(places.dataDir),
    },
  });
  return {
    isRunning: false,
    list: () => desk.report(),
    change: (revision, changes, keep) => desk.change(revision, changes, keep),
    undo: (revision) => desk.undo(revision),
    outside: (revision, choice) => desk.outside(revision, choice),
  };
}

function deskOf({ settings }: EngineClient): Desk {
  return {
    isRunning: true,
    list: () => settings.list(),
    change: (revision, changes, keep) => settings.change({ revision, changes: [...changes], keep }),
    undo: (revision) => settings.undo({ revision }),
    outside: (revision, choice) => settings.outside({ revision, choice }),
  };
}

/** `config get [KEY]`: the settings of file, environment and defaults, as JSON; one alone as plain text, or JSON too. */
export async function runConfigGet(
  places: Pick<ConfigPlaces, 'configFile'>,
  key: string | undefined,
  environment: NodeJS.ProcessEnv,
  output: Output,
  { format }: Format = { format: 'text' },
): Promise<number> {
  const settings = parseSettings(
    withEnvironment(await readSettingsTree(places.configFile, 'is-empty'), environment),
  );
  if (key === undefined) {
    output.out(JSON.stringify(settings, undefined, 2));
    return exitCode.ok;
  }
  const value = getIn(settings, key.split('.'));
  if (value === undefined && factsOf(key) === undefined) throw unknownKey(key);
  output.out(format === 'text' && typeof value === 'string' ? value : JSON.stringify(value ?? null));
  return exitCode.ok;
}

/** `config list`: every setting with its value, where it comes from, and what still waits for a restart. */
export async function runConfigList(desk: Desk, { format }: Format, output: Output): Promise<number> {
  const report = await desk.list();
  if (format === 'json') {
    output.out(JSON.stringify(report));
    return exitCode.ok;
  }
  for (const { key, value, source, variable, inForce } of report.settings) {
    const from = source === 'environment' ? variable : source;
    output.out(
      `${key} = ${shown(value)}  (${from}${inForce === undefined ? '' : `; in use: ${shown(inForce.value)}`})`,
    );
  }
  for (const { name, state, variable } of report.secrets)
    output.out(`secret.${name}: ${state === 'environment' ? variable : state}`);
  if (report.waiting.length > 0) output.err(`After a restart of the engine: ${report.waiting.join(', ')}`);
  if (report.outside !== null) {
    const { problem } = report.outside;
    output.err(
      `The file was changed since the engine read it${problem === null ? '' : `: ${problem.message}`}. ` +
        '`edge-sync config reload` goes by it, `--put-back` restores what is in use.',
    );
  }
  return exitCode.ok;
}

function shown(value: unknown): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `config set KEY VALUE`: checked and tried before anything is written; a running engine takes it over. */
export async function runConfigSet(
  desk: Desk,
  wanted: { readonly key: string; readonly value: string } & Keep & Format,
  output: Output,
): Promise<number> {
  const { key, value } = wanted;
  const leaf = settingPaths().find(({ path }) => path.join('.') === key);
  if (leaf === undefined) throw unknownKey(key);
  const change = { tag: 'set', key, value: valueFromText(value, leaf.kind, key) } as const;
  return run(desk, change, wanted, `${key} is set.`, output);
}

/** `config unset KEY`: back to the default. */
export async function runConfigUnset(
  desk: Desk,
  wanted: { readonly key: string } & Keep & Format,
  output: Output,
): Promise<number> {
  const { key } = wanted;
  if (factsOf(key) === undefined) throw unknownKey(key);
  return run(desk, { tag: 'unset', key }, wanted, `${key} is at its default.`, output);
}

async function run(
  desk: Desk,
  change: SettingChange,
  wanted: Keep & Format,
  done: string,
  output: Output,
): Promise<number> {
  const { revision } = await desk.list();
  return told(desk, await desk.change(revision, [change], wanted.keep), wanted, done, output);
}

/** `config undo`: the last change is taken back; once more brings it back. */
export async function runConfigUndo(desk: Desk, wanted: Format, output: Output): Promise<number> {
  const { revision, undo } = await desk.list();
  const done = `Taken back: ${undo?.keys.join(', ') ?? ''}.`;
  return told(desk, await desk.undo(revision), wanted, done, output);
}

/** `config reload`: a running engine goes by the file that was edited, or puts back what was there. */
export async function runConfigReload(
  desk: Desk,
  wanted: Format & { readonly choice: 'use-file' | 'put-back' },
  output: Output,
): Promise<number> {
  const { outside } = await desk.list();
  if (!desk.isRunning) throw new EdgeSyncError('engine-not-running');
  if (outside === null) {
    output.out(
      wanted.format === 'json' ? JSON.stringify({ tag: 'unchanged' }) : 'The file is as the engine knows it.',
    );
    return exitCode.ok;
  }
  const result = await desk.outside(outside.revision, wanted.choice);
  const done = wanted.choice === 'use-file' ? 'The file is in use.' : 'The file is as it was.';
  return told(desk, result, wanted, done, output);
}

function told(desk: Desk, result: ChangeResult, { format }: Format, done: string, output: Output): number {
  if (result.tag === 'refused') {
    const [first, ...rest] = result.problems;
    if (format === 'json') {
      output.out(JSON.stringify(result));
      return first !== undefined && first.kind === 'trial' ? exitCode.failed : exitCode.usage;
    }
    throw refusalOf(first, rest.length);
  }
  if (format === 'json') {
    const { live, waiting } = result;
    output.out(JSON.stringify({ tag: 'kept', live, waiting }));
    return exitCode.ok;
  }
  const counts = !desk.isRunning
    ? ' The engine uses it from its next start.'
    : result.waiting.length > 0
      ? ' It counts after a restart of the engine: `edge-sync config restart`.'
      : ' It counts now.';
  output.out(done + counts);
  return exitCode.ok;
}

function refusalOf(
  problem: Extract<ChangeResult, { tag: 'refused' }>['problems'][number] | undefined,
  more: number,
): EdgeSyncError {
  if (problem === undefined || !isErrorCode(problem.report.code))
    return new EdgeSyncError('config-bad-value');
  const { code, message } = problem.report;
  const detail = message.slice(errorFacts[code].message.length).replace(/^: /, '');
  const others = more === 0 ? '' : ` (and ${more} more)`;
  const anyway = problem.kind === 'trial' ? ' (nothing was changed; --anyway keeps it all the same)' : '';
  return new EdgeSyncError(code, `${detail}${others}${anyway}`.trim());
}

/** `config restart`: the running engine finishes what is under way and begins anew with the file as it is. */
export async function runConfigRestart(
  client: EngineClient,
  { format }: Format,
  output: Output,
): Promise<number> {
  const answer = await client.settings.restart();
  output.out(format === 'json' ? JSON.stringify(answer) : 'The engine restarts.');
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

/** `config unset secret.NAME`. */
export async function runForgetSecret(client: EngineClient, name: string, output: Output): Promise<number> {
  await client.settings.forgetSecret({ name });
  output.out(`The credential of ${name} is forgotten.`);
  return exitCode.ok;
}
