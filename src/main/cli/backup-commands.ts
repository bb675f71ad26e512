/** The options of `edge-sync join` and `edge-sync backup`, and what each runs. */
import type { Command } from 'commander';
import { EdgeSyncError } from '../../shared/errors.ts';
import { runBackupList, runBackupNow, runRefresh } from './commands/backup.ts';
import { runJoin, type JoinOptions } from './commands/join.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

type Options = InstallationOptions & { readonly json?: boolean };

export function addBackupCommands(program: Command, kit: CommandKit): void {
  const { ofInstallation, withClient, environment, clock, done, output } = kit;
  const backup = program
    .command('backup')
    .description('the sealed backup of settings, pairings and CA in the cloud');
  ofInstallation(backup, 'list', 'the newest one of every PC of the archive')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runBackupList(client, formatOf(options), output)),
    );
  ofInstallation(backup, 'now', 'write one now, if anything has changed since the last')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runBackupNow(client, formatOf(options), output)),
    );

  ofInstallation(
    program,
    'join',
    'make this PC one of an archive that is in the cloud, with the recovery words',
  )
    .option('--replace', 'it takes the place of a PC that is gone: settings, AE title, pairings, CA')
    .option('--second', 'one more PC of the same archive: keys and images only')
    .option('--with-ca', 'with --second: the CA too, so that devices know both PCs')
    .option('--words-file <file>', 'file with the 24 words or two shares (default: asked for)')
    .option(
      '--secret-file <file>',
      'file with the credential of the cloud (default: environment, key store, asked for)',
    )
    .option('--container <name>', 'Azure container, as the kit shows it')
    .option('--prefix <prefix>', 'folder inside the container, as the kit shows it')
    .option('--set <key=value...>', 'a setting, as for `config set`')
    .option('--installation <id>', 'whose backup to take over, where several have written')
    .option('--new', 'with --replace: without a backup')
    .option('--refresh', 'on a PC that belongs already: learn what the others have stored')
    .option('--yes', 'do not ask')
    .option('--json', 'result as JSON')
    .action(async (options: JoinOptions & { readonly refresh?: boolean }) => {
      if (options.refresh === true) {
        if (options.replace === true || options.second === true)
          throw new EdgeSyncError('usage', '--refresh stands alone');
        await withClient(options, (client) => runRefresh(client, formatOf(options), clock, output));
        return;
      }
      done(await runJoin(options, environment, output));
    });
}
