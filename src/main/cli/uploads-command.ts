/** `edge-sync uploads`: its subcommands. */
import type { Command, CommandOptions } from 'commander';
import {
  pauseOf,
  runUploadsPause,
  runUploadsResume,
  runUploadsRetry,
  runUploadsState,
} from './commands/uploads.ts';
import type { InstallationOptions } from './installation.ts';
import type { Output } from './output.ts';
import type { EngineClient } from '../rpc/client.ts';

type Options = InstallationOptions & { readonly json?: boolean };

export function addUploadsCommand(
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
  const uploads = program.command('uploads').description('what is sent right now; pause it for a time');
  const add = (nameAndArgs: string, description: string, kind?: CommandOptions): Command =>
    ofInstallation(uploads, nameAndArgs, description, kind).option('--json', 'as JSON');
  const formatOf = ({ json }: Options): { readonly format: 'json' | 'text' } => ({
    format: json === true ? 'json' : 'text',
  });

  add('show', 'what is sent right now, or what holds it back', { isDefault: true }).action(
    (options: Options) => withClient(options, (client) => runUploadsState(client, formatOf(options), output)),
  );
  add('pause <time>', 'send nothing for 30m, 1h (1m to 24h) or until-tomorrow; receiving goes on').action(
    (time: string, options: Options) => {
      // Said before an engine is asked.
      pauseOf(time);
      return withClient(options, (client) => runUploadsPause(client, { ...formatOf(options), time }, output));
    },
  );
  add('resume', 'end a pause now').action((options: Options) =>
    withClient(options, (client) => runUploadsResume(client, formatOf(options), output)),
  );
  add('retry', 'try again now what failed or was set aside')
    .option('--failure <id>', 'the images of one failure, by its id in `status --json`')
    .option('--study <id>', 'one study, by its id as in the page')
    .option('--all', 'everything')
    .action((options: Options & { failure?: string; study?: string; all?: boolean }) =>
      withClient(options, (client) =>
        runUploadsRetry(
          client,
          {
            ...formatOf(options),
            failure: options.failure,
            study: options.study,
            all: options.all === true,
          },
          output,
        ),
      ),
    );
}
