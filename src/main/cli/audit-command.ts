/** `edge-sync audit`: its subcommands. */
import { Option, type Command } from 'commander';
import { auditActions } from '../../shared/audit-actions.ts';
import type { AuditReach } from '../../shared/contract-audit.ts';
import {
  momentOf,
  mostListed,
  runAuditExport,
  runAuditList,
  type AuditFilter,
  usualLimit,
} from './commands/audit.ts';
import { runAuditVerify } from './commands/audit-verify.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf, numberOf } from './option-values.ts';

interface FilterOptions {
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: 'success' | 'failure';
}

/** Who is told to have done something. */
const actors = ['engine', 'web', 'local-socket', 'command-line'] as const;

export function addAuditCommand(program: Command, parts: CommandKit): void {
  const { ofInstallation, withClient, clock, output } = parts;
  const filterOf = ({ since, until, actor, action, outcome }: FilterOptions): AuditFilter => ({
    since: since === undefined ? null : momentOf(since, 'since', clock.nowMs()),
    until: until === undefined ? null : momentOf(until, 'until', clock.nowMs()),
    actor: actor ?? null,
    action: action ?? null,
    outcome: outcome ?? null,
  });

  const audit = program.command('audit').description('the audit trail: who did what and when; without names');
  filtered(ofInstallation(audit, 'list', 'the last entries, the newest last', { isDefault: true }))
    .option('--limit <number>', `so many entries, up to ${mostListed} (default: ${usualLimit})`)
    .option('--json', 'one JSON object in a line for each')
    .action((options: InstallationOptions & FilterOptions & { limit?: string; json?: boolean }) => {
      const limit = numberOf(options.limit, { name: '--limit', usual: usualLimit, most: mostListed });
      const wanted = { filter: filterOf(options), limit, format: formatOf(options) };
      return withClient(options, (client) => runAuditList(client, wanted, output));
    });
  ofInstallation(audit, 'verify', 'prove that no entry was changed, removed or cut off since it was written')
    .addOption(
      new Option(
        '--compare <with>',
        'here: what this PC remembers; newest: the newest list in each cloud; all: every list',
      )
        .choices(['here', 'newest', 'all'])
        .default('newest'),
    )
    .option('--against <file>', 'compare with an export that was kept elsewhere, too')
    .option('--json', 'one JSON object')
    .action((options: InstallationOptions & { compare: AuditReach; against?: string; json?: boolean }) => {
      const wanted = { reach: options.compare, against: options.against, format: formatOf(options) };
      return withClient(options, (client) => runAuditVerify(client, wanted, output, clock));
    });
  filtered(ofInstallation(audit, 'export', 'all of it, the oldest first, one JSON object in a line for each'))
    .option('--out <file>', 'new file to write (default: print it)')
    .action((options: InstallationOptions & FilterOptions & { out?: string }) => {
      const wanted = { filter: filterOf(options), outFile: options.out };
      return withClient(options, (client) => runAuditExport(client, wanted, output));
    });
}

function filtered(command: Command): Command {
  return command
    .option('--since <time>', 'from then on: YYYY-MM-DD, YYYY-MM-DDTHH:MM, or 90m, 24h, 7d for so long ago')
    .option('--until <time>', 'up to then; a day is taken whole')
    .addOption(new Option('--actor <who>', 'done by').choices(actors))
    .addOption(new Option('--action <what>', 'of this kind alone').choices(auditActions))
    .addOption(new Option('--outcome <outcome>', 'with this outcome alone').choices(['success', 'failure']));
}
