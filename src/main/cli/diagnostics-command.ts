/** `edge-sync diagnostics`. */
import type { Command } from 'commander';
import { runDiagnostics } from './commands/diagnostics.ts';
import type { CommandKit } from './command-kit.ts';
import { openInstallation, type InstallationOptions } from './installation.ts';

export function addDiagnosticsCommand(program: Command, parts: CommandKit): void {
  const { ofInstallation, environment, done, output } = parts;
  ofInstallation(program, 'diagnostics', 'what helps to find a fault, without names, paths and secrets')
    .option('--out <file>', 'new file to write (default: print it)')
    .action(async (options: InstallationOptions & { readonly out?: string }) => {
      done(await runDiagnostics(await openInstallation(options, environment), options.out, output));
    });
}
