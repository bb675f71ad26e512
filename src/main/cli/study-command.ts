/** `edge-sync study`: its subcommands. */
import type { Command, CommandOptions } from 'commander';
import type { EngineClient } from '../rpc/client.ts';
import { runStudyShow } from './commands/study.ts';
import type { InstallationOptions } from './installation.ts';
import type { Output } from './output.ts';

export function addStudyCommand(
  program: Command,
  parts: {
    readonly ofInstallation: (
      parent: Command,
      nameAndArgs: string,
      description: string,
      kind?: CommandOptions,
    ) => Command;
    readonly withClient: (
      options: InstallationOptions,
      use: (client: EngineClient) => Promise<number>,
    ) => Promise<void>;
    readonly output: Output;
  },
): void {
  const { ofInstallation, withClient, output } = parts;
  const study = program.command('study').description('one study: its images, where they are, what happened');
  ofInstallation(study, 'show <study>', 'by Study Instance UID, or by its id in the page; without names')
    .option('--images', 'every image, not only counts')
    .option('--json', 'as JSON')
    .action((wanted: string, options: InstallationOptions & { images?: boolean; json?: boolean }) =>
      withClient(options, (client) =>
        runStudyShow(
          client,
          {
            study: wanted,
            format: options.json === true ? 'json' : 'text',
            images: options.images === true ? 'listed' : 'counted',
          },
          output,
        ),
      ),
    );
}
