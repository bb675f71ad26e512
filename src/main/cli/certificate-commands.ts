/** The `certificates` group of the command line. */
import type { Command } from 'commander';
import {
  type IssueOptions,
  runCertificatesCa,
  runCertificatesImport,
  runCertificatesIssue,
  runCertificatesList,
  runCertificatesRenew,
  runCertificatesRevoke,
  runCertificatesSign,
} from './commands/certificates.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';
import type { PassphraseOptions } from './secret-input.ts';

const keyKinds = 'ecdsa-p256, rsa-2048 or rsa-3072 (for devices that know no ECDSA)';

export function addCertificateCommands(program: Command, deps: CommandKit): void {
  const { output, ofInstallation, withClient: run } = deps;
  const group = program
    .command('certificates')
    .description('TLS certificates: the site CA, and what devices get from it');

  ofInstallation(group, 'list', 'what is there, with days left')
    .option('--json', 'as JSON')
    .action((options: InstallationOptions & { json?: boolean }) =>
      run(options, (client) => runCertificatesList(client, formatOf(options), output)),
    );
  ofInstallation(group, 'ca', 'the CA that devices have to trust; made at the first call')
    .option('--rsa', 'the one for devices that know no ECDSA')
    .option('--out <file>', 'write it there instead of printing it')
    .action((options: InstallationOptions & { rsa?: boolean; out?: string }) =>
      run(options, (client) => runCertificatesCa(client, options, output)),
    );
  withKey(ofInstallation(group, 'issue <name>', 'certificate and private key for a device'))
    .requiredOption('--out <prefix>', 'writes PREFIX.key (or PREFIX.p12), PREFIX.crt and PREFIX.ca.crt')
    .option('--host <host...>', 'names or addresses of the device, for its certificate')
    .action((name: string, options: InstallationOptions & IssueOptions) =>
      run(options, (client) => runCertificatesIssue(client, name, options, output)),
    );
  ofInstallation(group, 'sign <request>', 'sign a certificate request (PKCS#10, PEM) that a device made')
    .requiredOption('--out <prefix>', 'writes PREFIX.crt and PREFIX.ca.crt')
    .option('--name <name>', 'common name (default: that of the request)')
    .option('--host <host...>', 'names or addresses (default: those of the request)')
    .option('--days <number>', 'how long it is valid (default 730)')
    .action(
      (
        request: string,
        options: InstallationOptions & { out: string; name?: string; host?: string[]; days?: string },
      ) => run(options, (client) => runCertificatesSign(client, request, options, output)),
    );
  withKey(ofInstallation(group, 'renew [certificate]', 'a new certificate for a device, or for this node'))
    .option('--out <prefix>', 'writes PREFIX.key (or PREFIX.p12), PREFIX.crt and PREFIX.ca.crt')
    .option('--same-key', 'the device keeps its private key; only the certificate is new')
    .option('--server', 'the certificate of this node; it also happens by itself in time')
    .action(
      (
        which: string | undefined,
        options: InstallationOptions & Partial<IssueOptions> & { server?: boolean; sameKey?: boolean },
      ) => run(options, (client) => runCertificatesRenew(client, which, options, output)),
    );
  ofInstallation(group, 'revoke <certificate>', 'refuse it from now on, and cut what is open with it')
    .option('--reason <reason>', 'lost, stolen, replaced, retired or unspecified')
    .action((which: string, options: InstallationOptions & { reason?: string }) =>
      run(options, (client) => runCertificatesRevoke(client, which, options, output)),
    );
  withPassphrase(
    ofInstallation(group, 'import-ca <file>', 'trust a CA of the clinic; with its key it issues from now on'),
  )
    .option('--key <file>', 'its private key, PEM')
    .action((file: string, options: InstallationOptions & PassphraseOptions & { key?: string }) =>
      run(options, (client) => runCertificatesImport(client, 'ca', file, options, output)),
    );
  withPassphrase(
    ofInstallation(group, 'import-server <file>', 'show this certificate instead of one of our own'),
  )
    .requiredOption('--key <file>', 'its private key, PEM')
    .action((file: string, options: InstallationOptions & PassphraseOptions & { key?: string }) =>
      run(options, (client) => runCertificatesImport(client, 'server', file, options, output)),
    );
  ofInstallation(group, 'import-crl <file>', 'take the revocation list of a trusted CA, PEM').action(
    (file: string, options: InstallationOptions) =>
      run(options, (client) => runCertificatesImport(client, 'revocation-list', file, {}, output)),
  );
}

function withKey(command: Command): Command {
  return withPassphrase(command)
    .option('--key <kind>', keyKinds)
    .option('--days <number>', 'how long it is valid (default 730)')
    .option('--format <format>', 'pem, or p12 (PKCS#12: certificate and key in one file)');
}

/** A passphrase is never an argument: other users of the PC see those. */
export function withPassphrase(command: Command): Command {
  return command
    .option('--key-passphrase-file <file>', 'file with the passphrase of the private key')
    .option('--key-passphrase-fd <number>', 'open file descriptor to read that passphrase from');
}

/** `--tls` and what goes with it, for echo and send. */
export function withTls(command: Command): Command {
  return withPassphrase(
    command
      .option('--tls', 'with TLS and a certificate of ours')
      .option('--ca <file>', 'CAs to trust, PEM')
      .option('--cert <file>', 'our certificate, PEM')
      .option('--key <file>', 'its private key, PEM')
      .option('--peer-fingerprint <sha256>', "the node's certificate, instead of the name in it"),
  );
}
