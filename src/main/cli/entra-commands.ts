/** `edge-sync entra`: its subcommands. */
import type { Command } from 'commander';
import { runEntraSignIn, runEntraSignOut } from './commands/entra.ts';
import type { CommandKit } from './command-kit.ts';
import { openInstallation, type InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

export function addEntraCommands(program: Command, parts: CommandKit): void {
  const { ofInstallation, environment, output, done } = parts;
  const entra = program.command('entra').description('signing in to Azure as a person (auth "device-code")');
  ofInstallation(entra, 'sign-in <destination>', 'print a code and where to enter it; wait until it is done')
    .option('--json', 'one JSON object a line')
    .action(async (name: string, options: InstallationOptions & { json?: boolean }) => {
      done(
        await runEntraSignIn(await openInstallation(options, environment), name, formatOf(options), output),
      );
    });
  ofInstallation(entra, 'sign-out <destination>', 'forget the sign-in on this PC').action(
    async (name: string, options: InstallationOptions) => {
      done(await runEntraSignOut(await openInstallation(options, environment), name, output));
    },
  );
}
