/** `edge-sync verify`: its options, and which way it goes. */
import type { Command } from 'commander';
import {
  runVerifyCommand,
  runVerifyManifests,
  verifySelectionOf,
  type VerifyFlags,
} from './commands/verify.ts';
import { verifyManifestsWithWords, verifyWithWords } from './commands/verify-with-words.ts';
import type { CommandKit } from './command-kit.ts';
import { openInstallation, type InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';
import { withEngine } from './with-engine.ts';

type Options = InstallationOptions & VerifyFlags & { readonly json?: boolean; readonly wordsFile?: string };

export function addVerifyCommand(program: Command, parts: CommandKit): void {
  const { ofInstallation, environment, done, output } = parts;
  ofInstallation(
    program,
    'verify',
    'download cloud copies, open them, compare them; bad ones are stored again',
  )
    .option('--sample <percent>', 'so many of a hundred, chosen at random (default: 10)')
    .option('--all', 'everything; goes on where an earlier one stopped')
    .option('--restart', 'with --all: from the beginning')
    .option('--study <uid>', 'one study, by its Study Instance UID')
    .option('--destination <name>', 'only there (default: every destination)')
    .option('--manifests', 'instead of images the lists that name them: gaps, forks, where each chain ends')
    .option('--words-file <file>', 'with the recovery words alone, as on a new PC; mends nothing')
    .option('--json', 'result as JSON')
    .action(async (options: Options) => {
      const selection = verifySelectionOf(options);
      const destination = options.destination ?? null;
      const wanted = { destination, format: formatOf(options) } as const;
      const installation = await openInstallation(options, environment);
      const { wordsFile } = options;
      if (wordsFile !== undefined) {
        const run = options.manifests === true ? verifyManifestsWithWords : verifyWithWords;
        done(await run(installation, { ...wanted, selection, wordsFile }, output));
        return;
      }
      done(
        await withEngine(installation, (client) =>
          options.manifests === true
            ? runVerifyManifests(client, wanted, output)
            : runVerifyCommand(client, { ...wanted, selection }, output),
        ),
      );
    });
}
