/** `edge-sync study`: its subcommands. */
import type { Command } from 'commander';
import { runStudyShow } from './commands/study.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

export function addStudyCommand(program: Command, parts: CommandKit): void {
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
            format: formatOf(options),
            images: options.images === true ? 'listed' : 'counted',
          },
          output,
        ),
      ),
    );
}
