/** The options of `edge-sync keys`, `recipients`, `recovery replace` and `recovery adopt`, and what each runs. */
import type { Command } from 'commander';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Secret } from '../engine/system/secret.ts';
import {
  type Consent,
  runCancelReplacement,
  runChangePassphrase,
  runKeysStatus,
  runNewEpoch,
  runRecipientsAdd,
  runRecipientsList,
  runRecipientsRemove,
  runRecoveryAdopt,
  runRecoveryReplace,
  runRotateDevice,
} from './commands/keys.ts';
import { kitOptions } from './commands/recovery.ts';
import type { CommandKit } from './command-kit.ts';
import { openInstallation, type InstallationOptions } from './installation.ts';
import { formatOf, type Format } from './option-values.ts';
import { askPassphrase, givenPassphrase } from './secret-input.ts';
import { withEngine } from './with-engine.ts';

type Options = InstallationOptions & { readonly json?: boolean; readonly yes?: boolean };

/** `recovery`: the group of commands that exists already. */
export function addKeyCommands(program: Command, recovery: Command, kit: CommandKit): void {
  const { environment, output, done, ofInstallation, withClient: run } = kit;
  const changing = (command: Command): Command =>
    command.option('--yes', 'do not ask').option('--json', 'result as JSON');

  const keys = program
    .command('keys')
    .description('the keys of this installation: what there is, renew them');
  ofInstallation(keys, 'status', 'device key, epoch, recovery kit, recipients')
    .option('--json', 'as JSON')
    .action((options: Options) => run(options, (client) => runKeysStatus(client, formatOf(options), output)));
  changing(ofInstallation(keys, 'rotate-device', 'a new device key in the keychain or key file')).action(
    (options: Options) => run(options, (client) => runRotateDevice(client, changeOf(options), output)),
  );
  changing(
    ofInstallation(keys, 'new-epoch', 'seal new images under a new key-encryption key of the archive'),
  ).action((options: Options) => run(options, (client) => runNewEpoch(client, changeOf(options), output)));
  ofInstallation(keys, 'change-passphrase', 'another passphrase for keys.store "passphrase"')
    .option('--new-passphrase-file <file>', 'file with the new passphrase (default: asked for)')
    .option('--new-passphrase-fd <number>', 'open file descriptor to read the new passphrase from')
    .option('--json', 'result as JSON')
    .action(
      async (
        options: Options & { readonly newPassphraseFile?: string; readonly newPassphraseFd?: string },
      ) => {
        const installation = await openInstallation(options, environment);
        const current = installation.passphrase ?? (await askPassphrase('The passphrase now', 'once'));
        const next = await newPassphrase(options);
        const wanted = { current, next, format: formatOf(options) };
        done(
          await withEngine({ ...installation, passphrase: current }, (client) =>
            runChangePassphrase(client, wanted, output),
          ),
        );
      },
    );

  changing(
    ofInstallation(recovery, 'replace', 'new recovery words; the old ones count until the new are proven'),
  )
    .option('--again', 'other words instead of new ones that were not proven yet')
    .option('--cancel', 'keep the old words after all')
    .option('--kit <file>', 'write the kit to print (.pdf or .html) instead of showing the words')
    .option('--language <language>', 'of the kit: en or es', 'en')
    .option('--shares', 'three shares for three people, any two of which are enough, instead of the words')
    .option('--words', 'with --shares: the 24 words too')
    .action((options: Options & ReplaceOptions) => {
      if (options.cancel === true) {
        if (options.again === true) throw new EdgeSyncError('usage', 'choose --again or --cancel, not both');
        return run(options, (client) => runCancelReplacement(client, formatOf(options), output));
      }
      const mode = options.again === true ? 'again' : 'begin';
      const wanted = { ...kitOptions(options), consent: consentOf(options), mode } as const;
      return run(options, (client) => runRecoveryReplace(client, wanted, output));
    });
  ofInstallation(recovery, 'adopt', 'go on with the words after the keychain entry or keys.json was lost')
    .option('--words-file <file>', 'file with the 24 words or two shares')
    .option('--from-cloud', 'keys.json is missing or damaged: take the archive key record from the cloud')
    .option('--json', 'result as JSON')
    .action(async (options: Options & { readonly wordsFile?: string; readonly fromCloud?: boolean }) => {
      const installation = await openInstallation(options, environment);
      const { wordsFile } = options;
      const records = options.fromCloud === true ? 'from-cloud' : 'of-keys-json';
      done(await runRecoveryAdopt(installation, { wordsFile, records, format: formatOf(options) }, output));
    });

  const recipients = program
    .command('recipients')
    .description('further certificates that every new image is sealed to');
  ofInstallation(recipients, 'list', 'whose they are, with fingerprint and end')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      run(options, (client) => runRecipientsList(client, formatOf(options), output)),
    );
  changing(
    ofInstallation(recipients, 'add <name> <certificate>', 'an X.509 certificate (PEM or DER) on P-256'),
  ).action((name: string, file: string, options: Options) =>
    run(options, (client) => runRecipientsAdd(client, { name, file, ...changeOf(options) }, output)),
  );
  changing(ofInstallation(recipients, 'remove <recipient>', 'by its name or fingerprint')).action(
    (wanted: string, options: Options) =>
      run(options, (client) => runRecipientsRemove(client, { wanted, ...changeOf(options) }, output)),
  );
}

interface ReplaceOptions {
  readonly again?: boolean;
  readonly cancel?: boolean;
  readonly kit?: string;
  readonly language?: string;
  readonly shares?: boolean;
  readonly words?: boolean;
}

async function newPassphrase(options: {
  readonly newPassphraseFile?: string;
  readonly newPassphraseFd?: string;
}): Promise<Secret> {
  const { newPassphraseFile: file, newPassphraseFd: fd } = options;
  const given = givenPassphrase({
    ...(file === undefined ? {} : { keyPassphraseFile: file }),
    ...(fd === undefined ? {} : { keyPassphraseFd: fd }),
  });
  return given ?? askPassphrase('The new passphrase', 'twice');
}

function changeOf(options: Options): { readonly consent: Consent; readonly format: Format } {
  return { consent: consentOf(options), format: formatOf(options) };
}

function consentOf({ yes }: { readonly yes?: boolean }): Consent {
  return yes === true ? 'given' : 'ask';
}
