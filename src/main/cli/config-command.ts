/** `edge-sync config`: its subcommands. */
import type { Command } from 'commander';
import { EdgeSyncError } from '../../shared/errors.ts';
import { createEngineClient } from '../rpc/client.ts';
import {
  openDesk,
  runConfigGet,
  runConfigList,
  runConfigReload,
  runConfigRestart,
  runConfigSet,
  runConfigUndo,
  runConfigUnset,
  runForgetSecret,
  runStoreSecret,
} from './commands/config.ts';
import { runConfigCheck } from './commands/config-check.ts';
import type { CommandKit } from './command-kit.ts';
import { openInstallation, placesOf, type InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

type Options = InstallationOptions & { readonly json?: boolean; readonly anyway?: boolean };

const secretPrefix = 'secret.';

export function addConfigCommand(program: Command, parts: CommandKit): void {
  const { ofInstallation, withClient, environment, clock, done, output } = parts;
  const config = program
    .command('config')
    .description('settings: list, get, set, unset, undo, reload, restart, check');
  const add = (nameAndArgs: string, description: string): Command =>
    ofInstallation(config, nameAndArgs, description).option('--json', 'as JSON');
  const formOf = (options: Options) =>
    ({ format: formatOf(options), keep: options.anyway === true ? 'anyway' : 'when-it-works' }) as const;
  const deskFor = (options: Options) => openDesk(placesOf(options), environment, clock);
  const anyway = ['--anyway', 'keep it even if it does not work right now'] as const;

  add('list', 'every setting, its value, and where it comes from').action(async (options: Options) => {
    done(await runConfigList(await deskFor(options), formOf(options), output));
  });
  add('get [key]', 'the settings of file, environment and defaults').action(
    async (key: string | undefined, options: Options) => {
      done(await runConfigGet(placesOf(options), key, environment, output, formOf(options)));
    },
  );
  add('set <key> [value]', 'change a setting; secret.NAME reads a credential from standard input')
    .option(...anyway)
    .action(async (key: string, value: string | undefined, options: Options) => {
      if (key.startsWith(secretPrefix)) {
        if (value !== undefined)
          throw new EdgeSyncError(
            'usage',
            'a credential is read from standard input, not from the command line',
          );
        const name = key.slice(secretPrefix.length);
        await withClient(options, (client) => runStoreSecret(client, name, output));
        return;
      }
      if (value === undefined) throw new EdgeSyncError('usage', 'config set KEY VALUE');
      done(await runConfigSet(await deskFor(options), { key, value, ...formOf(options) }, output));
    });
  add('unset <key>', 'back to the default; secret.NAME forgets a credential')
    .option(...anyway)
    .action(async (key: string, options: Options) => {
      if (key.startsWith(secretPrefix)) {
        const name = key.slice(secretPrefix.length);
        await withClient(options, (client) => runForgetSecret(client, name, output));
        return;
      }
      done(await runConfigUnset(await deskFor(options), { key, ...formOf(options) }, output));
    });
  add('undo', 'take the last change back').action(async (options: Options) => {
    done(await runConfigUndo(await deskFor(options), formOf(options), output));
  });
  add('reload', 'a running engine goes by the file as it was edited')
    .option('--put-back', 'restore what is in use instead')
    .action(async (options: Options & { readonly putBack?: boolean }) => {
      const choice = options.putBack === true ? 'put-back' : 'use-file';
      done(await runConfigReload(await deskFor(options), { ...formOf(options), choice }, output));
    });
  add('restart', 'a running engine begins anew, after what is under way').action(async (options: Options) => {
    done(await runConfigRestart(createEngineClient(placesOf(options)), formOf(options), output));
  });
  add('check', 'check settings, key store and every destination').action(async (options: Options) => {
    const { format } = formOf(options);
    done(await runConfigCheck(await openInstallation(options, environment), format, output));
  });
}
