/** `edge-sync uploads`: its subcommands. */
import type { Command, CommandOptions } from 'commander';
import {
  pauseOf,
  runUploadsPause,
  runUploadsResume,
  runUploadsRetry,
  runUploadsState,
} from './commands/uploads.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

type Options = InstallationOptions & { readonly json?: boolean };
type PauseOptions = Options & { readonly destination?: string };

export function addUploadsCommand(program: Command, parts: CommandKit): void {
  const { ofInstallation, withClient, output } = parts;
  const uploads = program.command('uploads').description('what is sent right now; pause it for a time');
  const add = (nameAndArgs: string, description: string, kind?: CommandOptions): Command =>
    ofInstallation(uploads, nameAndArgs, description, kind).option('--json', 'as JSON');
  const shownOf = (options: Options) => ({ format: formatOf(options) });

  add('show', 'what is sent right now, or what holds it back', { isDefault: true }).action(
    (options: Options) => withClient(options, (client) => runUploadsState(client, shownOf(options), output)),
  );
  const wantedOf = (options: PauseOptions) => ({
    ...shownOf(options),
    destination: options.destination,
  });
  // The same under `uploads`, where one looks for them, and at the top, where one is in a hurry.
  for (const parent of [uploads, program]) {
    const nameAndWhy = 'send nothing for 30m, 1h (1m to 24h) or until-tomorrow; receiving goes on';
    ofInstallation(parent, 'pause <time>', nameAndWhy)
      .option('--destination <name>', 'to this destination only')
      .option('--json', 'as JSON')
      .action((time: string, options: PauseOptions) => {
        // Said before an engine is asked.
        pauseOf(time);
        const wanted = { ...wantedOf(options), time };
        return withClient(options, (client) => runUploadsPause(client, wanted, output));
      });
    ofInstallation(parent, 'resume', 'end every pause of the uploads now')
      .option('--destination <name>', 'only that of this destination')
      .option('--json', 'as JSON')
      .action((options: PauseOptions) =>
        withClient(options, (client) => runUploadsResume(client, wantedOf(options), output)),
      );
  }
  add('retry', 'try again now what failed or was set aside')
    .option('--failure <id>', 'the images of one failure, by its id in `status --json`')
    .option('--study <id>', 'one study, by its id as in the page')
    .option('--all', 'everything')
    .action((options: Options & { failure?: string; study?: string; all?: boolean }) =>
      withClient(options, (client) =>
        runUploadsRetry(
          client,
          {
            ...shownOf(options),
            failure: options.failure,
            study: options.study,
            all: options.all === true,
          },
          output,
        ),
      ),
    );
}
