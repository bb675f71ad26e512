/** The `share` group of the command line. */
import type { Command } from 'commander';
import { EdgeSyncError } from '../../shared/errors.ts';
import {
  runShare,
  runShareCheck,
  runShareCredential,
  runShareList,
  runShareRevoke,
  runShareViewer,
  type ShareOptions,
} from './commands/share.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

export function addShareCommand(program: Command, kit: CommandKit): void {
  const { ofInstallation, withClient, done, output } = kit;
  const share = program.command('share').description('give a study to somebody outside, and take it back');

  ofInstallation(share, 'study', 'share one study (the default: edge-sync share --study UID ...)', {
    isDefault: true,
  })
    .option('--study <uid>', 'Study Instance UID')
    .option('--link', 'as a link that opens in the viewer')
    .option('--expires <time>', 'how long the link lives: 12h, 7d; 1 hour to 90 days (default: 7d)')
    .option('--no-passcode', 'whoever has the link can read the study')
    .option('--own-passcode', 'ask for a passcode instead of making one')
    .option('--passcode-file <file>', 'file with your passcode')
    .option('--viewer <file>', 'write the viewer page there too, to send it along')
    .option('--to <certificate>', 'as files for this certificate (PEM or DER, P-256)')
    .option('--out <dir>', 'folder for these files; empty or not there yet')
    .option('--fingerprint <sha256>', 'SHA-256 of the certificate, as the recipient told it')
    .option('--json', 'result as JSON')
    .action((options: InstallationOptions & Partial<ShareOptions>) => {
      const { study } = options;
      if (study === undefined)
        throw new EdgeSyncError('usage', 'share --study UID --link | --to CERTIFICATE --out DIR');
      return withClient(options, (client) => runShare(client, { ...options, study }, output));
    });
  ofInstallation(share, 'list', 'what was shared, with whom, until when')
    .option('--json', 'as JSON')
    .action((options: InstallationOptions & { json?: boolean }) =>
      withClient(options, (client) => runShareList(client, formatOf(options), output)),
    );
  ofInstallation(share, 'revoke [id]', 'end a share: its objects are deleted from the cloud')
    .option('--all', 'every link that is not over')
    .action((id: string | undefined, options: InstallationOptions & { all?: boolean }) =>
      withClient(options, (client) => runShareRevoke(client, { id, all: options.all === true }, output)),
    );
  ofInstallation(share, 'check', 'can the place for shares be used, and may browsers read there')
    .option('--allow-browsers', 'set the rule (CORS) that lets them')
    .action((options: InstallationOptions & { allowBrowsers?: boolean }) =>
      withClient(options, (client) =>
        runShareCheck(client, options.allowBrowsers === true ? 'allow' : 'look', output),
      ),
    );
  ofInstallation(
    share,
    'credential',
    'store the credential of the place for shares, from standard input',
  ).action((options: InstallationOptions) =>
    withClient(options, (client) => runShareCredential(client, output)),
  );
  share
    .command('viewer')
    .description('write the viewer page, to send it along or to host it')
    .option('--out <file>', 'where to (default: edge-sync-viewer.html in this folder)')
    .action(async (options: { out?: string }) => {
      done(await runShareViewer(options.out, output));
    });
}
