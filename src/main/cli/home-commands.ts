/** `edge-sync erase-list` and `edge-sync find`: their options. */
import type { Command } from 'commander';
import { EdgeSyncError } from '../../shared/errors.ts';
import { daysOf, runEraseList, runFind, searchText } from './commands/home.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf, numberOf } from './option-values.ts';

type Options = InstallationOptions & { readonly json?: boolean };

/** Results shown unless --most says otherwise. */
const usualMost = 50;
const mostMost = 2000;

export function addHomeCommands(program: Command, parts: CommandKit): void {
  const { ofInstallation, withClient, output } = parts;

  ofInstallation(program, 'erase-list', 'what each device may erase, by the day on which its images came')
    .option('--day <day>', 'one day, YYYY-MM-DD')
    .option('--days <number>', 'so many days up to today (default: 7)')
    .option('--json', 'as JSON')
    .action((options: Options & { day?: string; days?: string }) => {
      // Said before an engine is asked.
      daysOf(options.days);
      if (options.day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(options.day))
        throw new EdgeSyncError('usage', 'a day is written YYYY-MM-DD');
      return withClient(options, (client) =>
        runEraseList(client, { day: options.day, days: options.days, format: formatOf(options) }, output),
      );
    });

  ofInstallation(program, 'find', 'find studies by name, patient id or accession number, which is asked for')
    .option('--reveal', 'show names and ids of what is found; each one is audited')
    .option('--most <number>', `studies to show (default: ${usualMost})`)
    .option('--json', 'as JSON')
    .action(async (options: Options & { reveal?: boolean; most?: string }) => {
      const most = numberOf(options.most, { name: '--most', usual: usualMost, most: mostMost });
      const text = await searchText();
      const names = options.reveal === true ? 'revealed' : 'hidden';
      await withClient(options, (client) =>
        runFind(client, { text, names, most, format: formatOf(options) }, output),
      );
    });
}
