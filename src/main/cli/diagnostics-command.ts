/** `edge-sync diagnostics`. */
import type { Command, CommandOptions } from 'commander';
import { runDiagnostics } from './commands/diagnostics.ts';
import { openInstallation, type InstallationOptions } from './installation.ts';
import type { Output } from './output.ts';

export function addDiagnosticsCommand(
  program: Command,
  parts: {
    readonly ofInstallation: (
      parent: Command,
      nameAndArgs: string,
      description: string,
      kind?: CommandOptions,
    ) => Command;
    readonly environment: NodeJS.ProcessEnv;
    readonly done: (code: number) => void;
    readonly output: Output;
  },
): void {
  const { ofInstallation, environment, done, output } = parts;
  ofInstallation(program, 'diagnostics', 'what helps to find a fault, without names, paths and secrets')
    .option('--out <file>', 'new file to write (default: print it)')
    .action(async (options: InstallationOptions & { readonly out?: string }) => {
      done(await runDiagnostics(await openInstallation(options, environment), options.out, output));
    });
}
