/** Composition root of the command line: builds the program, the system ports, and turns errors into one line. */
import { Command, CommanderError, Option, type CommandOptions } from 'commander';
import { assertNever } from '../../shared/assert-never.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../shared/errors.ts';
import { SystemClock } from '../engine/system/clock.ts';
import { version } from '../version.ts';
import { runAttentionDismiss, runAttentionList, runAttentionRetry } from './commands/attention.ts';
import { addCertificateCommands, withTls } from './certificate-commands.ts';
import { runDemoCommand } from './commands/demo.ts';
import { runDoctor } from './commands/doctor.ts';
import { runImport } from './commands/import.ts';
import { runEcho, runSend } from './commands/nodes.ts';
import { commitWait } from './commands/send-commit.ts';
import { runOpen, runOpenWithWords } from './commands/open.ts';
import {
  kitOptions,
  runRecoveryCheck,
  runRecoveryCreate,
  runRecoveryExportKey,
  runRecoveryPrint,
} from './commands/recovery.ts';
import { runRecoveryReader } from './commands/reader.ts';
import { restoreWithWords, runRestore } from './commands/restore.ts';
import { runServe, type ServeHost } from './commands/serve.ts';
import { runStatus } from './commands/status.ts';
import { addAuditCommand } from './audit-command.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addConfigCommand } from './config-command.ts';
import type { CommandKit } from './command-kit.ts';
import { addDevicesCommand } from './devices-command.ts';
import { addDiagnosticsCommand } from './diagnostics-command.ts';
import { addEntraCommands } from './entra-commands.ts';
import { addHomeCommands } from './home-commands.ts';
import { addShareCommand } from './share-command.ts';
import { exitCode } from './exit-codes.ts';
import { addKeyCommands } from './key-commands.ts';
import { openInstallation, placesOf, type InstallationOptions } from './installation.ts';
import { errorLine, processOutput, type Output } from './output.ts';
import { formatOf } from './option-values.ts';
import { Printed } from './printed.ts';
import { createEngineClient } from '../rpc/client.ts';
import { restoreOptions, restoreWanted, type RestoreOptions } from './restore-options.ts';
import type { TlsOptions } from './tls-options.ts';
import { runAlertsTest } from './commands/alerts.ts';
import { addStudyCommand } from './study-command.ts';
import { addUploadsCommand } from './uploads-command.ts';
import { addVerifyCommand } from './verify-command.ts';
import { withEngine } from './with-engine.ts';

/** Runs one command; resolves with the exit code. `host`: what `serve` runs in. Never throws. */
export async function runCommandLine(args: readonly string[], host: ServeHost = {}): Promise<number> {
  const printed = new Printed([process.stdout, process.stderr]);
  const code = await runCommand(args, host, printed);
  await printed.settled();
  const { trouble } = printed;
  switch (trouble.tag) {
    case 'none':
      return code;
    case 'reader-gone':
      return exitCode.readerGone;
    case 'not-written': {
      const { cause } = trouble;
      process.stderr.write(
        `${errorLine(new EdgeSyncError('file-not-writable', 'standard output', { cause }))}\n`,
      );
      return exitCode.failed;
    }
    default:
      return assertNever(trouble);
  }
}

async function runCommand(args: readonly string[], host: ServeHost, printed: Printed): Promise<number> {
  const output = processOutput(printed);
  let code: number = exitCode.ok;
  const program = createProgram(output, host, printed, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    }
    // Told once, by who called us.
    if (printed.trouble.tag !== 'none') return exitCode.failed;
    const known = toEdgeSyncError(error);
    output.progress.end('');
    output.err(errorLine(known));
    if (known.code === 'internal' && process.env['EDGE_SYNC_DEBUG'] !== undefined && error instanceof Error) {
      output.err(error.stack ?? error.message);
    }
    return known.code === 'usage' || known.code.startsWith('config-') ? exitCode.usage : exitCode.failed;
  }
}

type JsonFlag = { readonly json?: boolean };

/** The same words as docs/command-line.md. */
const exitCodesHelp = `
Exit codes: 0 done; 1 failed; 2 done, but some items had problems that were listed;
64 the command or the configuration is not understood. status has its own: 0 all
safe, 1 needs attention, 2 working, 3 the engine does not run.`;

function createProgram(
  output: Output,
  host: ServeHost,
  printed: Printed,
  done: (code: number) => void,
): Command {
  const environment = process.env;
  const clock = new SystemClock();
  const program = new Command('edge-sync')
    .description(
      'Receives medical images over DICOM, seals them before they touch the disk, and proves the cloud copy.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'edge-sync: ')) })
    .showHelpAfterError('(edge-sync --help shows every command)')
    .addHelpText('after', exitCodesHelp);

  const command = (
    parent: Command,
    nameAndArgs: string,
    description: string,
    kind: CommandOptions = {},
  ): Command => parent.command(nameAndArgs, kind).description(description);
  const ofInstallation = (
    parent: Command,
    nameAndArgs: string,
    description: string,
    kind: CommandOptions = {},
  ): Command =>
    command(parent, nameAndArgs, description, kind)
      .option('--data-dir <dir>', 'data folder (default: the one of this platform)')
      .option('--config <file>', 'configuration file (default: config.json in the data folder)')
      .option('--passphrase-file <file>', 'file with the passphrase, for keys.store "passphrase"')
      .addOption(new Option('--passphrase-fd <number>', 'open file descriptor to read the passphrase from'));
  const withClient: CommandKit['withClient'] = async (options, use) => {
    done(await withEngine(await openInstallation(options, environment), use));
  };
  const kit: CommandKit = {
    ofInstallation,
    withClient,
    running: (options) => createEngineClient(placesOf(options)),
    environment,
    clock,
    done,
    output,
  };

  ofInstallation(program, 'serve', 'run the engine without the desktop app')
    .option('--web <port>', 'serve the page on 127.0.0.1 (0 picks a free port)')
    .action(async (options: InstallationOptions & { web?: string }) => {
      // Images come in whether or not somebody reads the log.
      printed.doWithoutReader();
      done(await runServe(options, environment, output, host));
    });

  ofInstallation(program, 'status', 'tell whether everything is safe')
    .option('--json', 'as JSON')
    .option('--link', 'print a fresh one-time link to the page')
    .action(async (options: InstallationOptions & JsonFlag & { link?: boolean }) => {
      const client = createEngineClient(placesOf(options));
      const wanted = {
        format: formatOf(options),
        link: options.link === true ? 'wanted' : 'not-wanted',
      } as const;
      done(await runStatus(client, wanted, output));
    });

  ofInstallation(program, 'import <paths...>', 'take in DICOM files, folders, CDs (by their DICOMDIR)')
    .option('--json', 'summary as JSON')
    .action(async (paths: string[], options: InstallationOptions & JsonFlag) => {
      const wanted = { paths, format: formatOf(options) };
      await withClient(options, (client) => runImport(client, wanted, output));
    });

  const attention = command(program, 'attention', 'files of watched folders that could not be taken in');
  ofInstallation(attention, 'list', 'which, why and since when', { isDefault: true })
    .option('--json', 'as JSON')
    .action(async (options: InstallationOptions & JsonFlag) => {
      const wanted = { format: formatOf(options) };
      await withClient(options, (client) => runAttentionList(client, wanted, output));
    });
  ofInstallation(attention, 'dismiss [ids...]', 'leave files be, as they are now')
    .option('--all', 'all of them')
    .action(async (ids: string[], options: InstallationOptions & { all?: boolean }) => {
      const wanted = { ids, all: options.all === true };
      await withClient(options, (client) => runAttentionDismiss(client, wanted, output));
    });
  ofInstallation(attention, 'retry [ids...]', 'look at them again now').action(
    async (ids: string[], options: InstallationOptions) => {
      await withClient(options, (client) => runAttentionRetry(client, { ids }, output));
    },
  );

  withTls(command(program, 'echo <host> <port> <aet>', 'ask a DICOM node whether it answers (C-ECHO)'))
    .option('--calling <aet>', 'AE title to call as', 'EDGESYNC')
    .action(async (host: string, port: string, aet: string, options: TlsOptions & { calling: string }) => {
      done(await runEcho({ ...options, host, port, aet }, clock, output));
    });

  withTls(command(program, 'send <paths...>', 'send DICOM files to a node (C-STORE), bit for bit'))
    .requiredOption('--to <aet@host:port>', 'the node')
    .option('--calling <aet>', 'AE title to call as', 'EDGESYNC')
    .option(
      '--commit [seconds]',
      'ask whether the node answers for the images, and wait so long (default: 60)',
    )
    .action(
      async (
        paths: string[],
        options: TlsOptions & { to: string; calling: string; commit?: string | true },
      ) => {
        const commit = commitWait(options.commit);
        done(await runSend({ paths, ...options, commit }, clock, output));
      },
    );

  ofInstallation(program, 'open <file>', 'open a sealed object')
    .option('--out <file>', 'where to (default: the name with .dcm, in this folder)')
    .option('--words-file <file>', 'open with the recovery words instead of this installation')
    .action(async (file: string, options: InstallationOptions & { out?: string; wordsFile?: string }) => {
      if (options.wordsFile !== undefined) {
        done(await runOpenWithWords({ file, out: options.out, wordsFile: options.wordsFile }, output));
        return;
      }
      await withClient(options, (client) => runOpen(client, { file, out: options.out }, output));
    });

  addCertificateCommands(program, kit);

  const recovery = command(program, 'recovery', 'the recovery words: make, prove, export');
  ofInstallation(recovery, 'create', 'make the 24 words; shown once')
    .option('--json', 'as JSON')
    .option('--replace', 'new words instead of ones that were never proven')
    .option('--kit <file>', 'write the kit to print (.pdf or .html) instead of showing the words')
    .option('--language <language>', 'of the kit: en or es', 'en')
    .option('--shares', 'three shares for three people, any two of which are enough, instead of the words')
    .option('--words', 'with --shares: the 24 words too')
    .action(async (options: InstallationOptions & KitFlags & { replace?: boolean }) => {
      const wanted = { ...kitOptions(options), replace: options.replace === true };
      await withClient(options, (client) => runRecoveryCreate(client, wanted, output));
    });
  ofInstallation(recovery, 'print', 'the kit of the words you have, on new paper')
    .requiredOption('--kit <file>', 'file to write (.pdf or .html)')
    .option('--words-file <file>', 'file with the 24 words or two shares')
    .option('--language <language>', 'of the kit: en or es', 'en')
    .option('--shares', 'as three new shares')
    .option('--words', 'with --shares: the 24 words too')
    .option('--json', 'as JSON')
    .action(async (options: InstallationOptions & KitFlags & { kit: string; wordsFile?: string }) => {
      const wanted = { ...kitOptions(options), kitFile: options.kit, wordsFile: options.wordsFile };
      await withClient(options, (client) => runRecoveryPrint(client, wanted, output));
    });
  ofInstallation(
    recovery,
    'check',
    'prove the words by opening an image of the cloud; uploads start after it',
  )
    .option('--words-file <file>', 'file with the 24 words or two shares')
    .option('--json', 'as JSON')
    .action(async (options: InstallationOptions & JsonFlag & { wordsFile?: string }) => {
      const wanted = { wordsFile: options.wordsFile, format: formatOf(options) };
      await withClient(options, (client) => runRecoveryCheck(client, wanted, output));
    });
  ofInstallation(recovery, 'export-key', 'the private key for stock OpenSSL, from the words alone')
    .option('--words-file <file>', 'file with the 24 words or two shares')
    .requiredOption('--out <file>', 'PKCS#8 PEM file to write')
    .option('--cert <file>', 'certificate file to write')
    .action(async (options: { wordsFile?: string; out: string; cert?: string }) => {
      done(
        await runRecoveryExportKey(
          { wordsFile: options.wordsFile, out: options.out, cert: options.cert },
          output,
        ),
      );
    });

  command(recovery, 'reader', 'a reader in one file, which opens sealed objects without this program')
    .requiredOption('--out <file>', 'file to write')
    .action(async (options: { out: string }) => done(await runRecoveryReader(options.out, output)));

  withTls(restoreOptions(ofInstallation(program, 'restore', 'bring images back as DICOM files'))).action(
    async (options: InstallationOptions & RestoreOptions) => {
      const wanted = await restoreWanted(options);
      const installation = await openInstallation(options, environment);
      if (options.wordsFile !== undefined) {
        done(await restoreWithWords(installation, { ...wanted, wordsFile: options.wordsFile }, output));
        return;
      }
      const request = { ...wanted, fromCloud: options.fromCloud === true };
      done(await withEngine(installation, (client) => runRestore(client, request, output, clock)));
    },
  );

  addBackupCommands(program, kit);

  addKeyCommands(program, recovery, kit);

  const alerts = program.command('alerts').description('mail and webhook when something stays wrong');
  ofInstallation(alerts, 'test', 'send a test message by every channel that is set')
    .option('--json', 'as JSON')
    .action((options: InstallationOptions & JsonFlag) =>
      withClient(options, (client) => runAlertsTest(client, formatOf(options), output)),
    );

  addEntraCommands(program, kit);

  addStudyCommand(program, kit);

  addUploadsCommand(program, kit);

  addHomeCommands(program, kit);

  addVerifyCommand(program, kit);

  addDevicesCommand(program, kit);

  addShareCommand(program, kit);

  addAuditCommand(program, kit);

  addDiagnosticsCommand(program, kit);

  addConfigCommand(program, kit);

  ofInstallation(
    program,
    'doctor',
    'examine the whole data folder while no engine runs, and mend what is safe',
  )
    .option('--dry-run', 'change nothing, tell what would be mended')
    .option('--json', 'one JSON object')
    .action(async (options: InstallationOptions & JsonFlag & { dryRun?: boolean }) => {
      const mode = options.dryRun === true ? 'look' : 'mend';
      const wanted = { mode, format: formatOf(options) } as const;
      done(await runDoctor(await openInstallation(options, environment), wanted, output));
    });

  command(program, 'demo', 'see it work with drawn images, a local cloud and a throwaway data folder')
    .option('--once', 'end when all is restored and compared')
    .action(async (options: { once?: boolean }) => {
      done(await runDemoCommand({ once: options.once === true }, output));
    });

  return program;
}

interface KitFlags {
  readonly json?: boolean;
  readonly kit?: string;
  readonly language?: string;
  readonly shares?: boolean;
  readonly words?: boolean;
}
