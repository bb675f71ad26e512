/** The options of `edge-sync devices` and what each subcommand runs. */
import type { Command } from 'commander';
import { addressFacts } from '../engine/device-calls.ts';
import { SystemNetworkInterfaces } from '../engine/system/network-interfaces.ts';
import {
  type PairingOptions,
  runDevicesAllow,
  runDevicesCallers,
  runDevicesChange,
  runDevicesClasses,
  runDevicesConnection,
  runDevicesDecideClass,
  runDevicesDismiss,
  runDevicesList,
  runDevicesPair,
  runDevicesRemove,
  showAddresses,
} from './commands/devices.ts';
import { runDevicesDiagnose, runDevicesWatch } from './commands/pairing.ts';
import type { CommandKit } from './command-kit.ts';
import type { InstallationOptions } from './installation.ts';
import { formatOf } from './option-values.ts';

type Options = InstallationOptions & { readonly json?: boolean };

export function addDevicesCommand(program: Command, kit: CommandKit): void {
  const { ofInstallation, withClient, running, done, output } = kit;
  const devices = program
    .command('devices')
    .description(
      'who may send here: pair, allow, change, remove; who was refused; what a modality has to be told',
    );

  ofInstallation(devices, 'list', 'the paired devices')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runDevicesList(client, formatOf(options), output)),
    );
  ofInstallation(devices, 'callers', 'who wanted in and was refused')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runDevicesCallers(client, formatOf(options), output)),
    );
  pairingOptions(ofInstallation(devices, 'pair <name>', 'pair a device'))
    .requiredOption('--aet <title>', 'AE title it calls with')
    .action((name: string, options: Options & PairingOptions) =>
      withClient(options, (client) =>
        runDevicesPair(client, name, { ...options, format: formatOf(options) }, output),
      ),
    );
  pairingOptions(
    ofInstallation(devices, 'allow <caller>', 'pair a caller as it came; its id is in `callers`'),
  )
    .option('--name <name>', 'what staff call it (default: its AE title)')
    .action((caller: string, options: Options & PairingOptions) =>
      withClient(options, (client) =>
        runDevicesAllow(client, caller, { ...options, format: formatOf(options) }, output),
      ),
    );
  pairingOptions(ofInstallation(devices, 'change <device>', 'change single parts of a pairing'))
    .option('--name <name>', 'what staff call it')
    .option('--aet <title>', 'AE title it calls with')
    .action((device: string, options: Options & PairingOptions) =>
      withClient(options, (client) =>
        runDevicesChange(client, device, { ...options, format: formatOf(options) }, output),
      ),
    );
  ofInstallation(devices, 'remove <device>', 'it may send nothing any more, at once').action(
    (device: string, options: Options) =>
      withClient(options, (client) => runDevicesRemove(client, device, output)),
  );
  ofInstallation(devices, 'dismiss <caller>', 'not ours: answered, and quiet for a day').action(
    (caller: string, options: Options) =>
      withClient(options, (client) => runDevicesDismiss(client, caller, output)),
  );
  ofInstallation(
    devices,
    'classes',
    'kinds of objects that a device proposed and that are not accepted from it',
  )
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runDevicesClasses(client, formatOf(options), output)),
    );
  ofInstallation(devices, 'allow-class <id>', 'accept and store it from this device').action(
    (id: string, options: Options) =>
      withClient(options, (client) => runDevicesDecideClass(client, id, 'allow', output)),
  );
  ofInstallation(devices, 'dismiss-class <id>', 'not wanted; takes back an earlier permission').action(
    (id: string, options: Options) =>
      withClient(options, (client) => runDevicesDecideClass(client, id, 'dismiss', output)),
  );
  ofInstallation(devices, 'watch', 'see devices call as they do, and what is wrong with them; Ctrl-C ends')
    .option('--json', 'one line of JSON for each change')
    .action(async (options: Options) =>
      done(await runDevicesWatch(running(options), formatOf(options), output)),
    );
  ofInstallation(devices, 'diagnose', 'why does a device not get through? exit 1 when something is wrong')
    .option('--json', 'as JSON')
    .action(async (options: Options) =>
      done(await runDevicesDiagnose(running(options), formatOf(options), output)),
    );
  ofInstallation(devices, 'connection', 'what to type into a modality')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withClient(options, (client) => runDevicesConnection(client, formatOf(options), output)),
    );
  ofInstallation(devices, 'addresses', 'the addresses and interfaces of this PC to choose dicom.host from')
    .option('--json', 'as JSON')
    .action(async (options: Options) => {
      // Of this PC in any case: without an engine nothing is listened on, and nothing has to be opened to say so.
      const addresses = await running(options)
        .devices.addresses()
        .catch(() => addressFacts(new SystemNetworkInterfaces(), undefined));
      done(showAddresses(addresses, formatOf(options), output));
    });
}

function pairingOptions(command: Command): Command {
  return command
    .option('--address <address...>', 'addresses or ranges it calls from (192.168.1.20, 192.168.1.0/24)')
    .option('--any-address', 'from anywhere; for devices with a certificate')
    .option('--certificate <sha256...>', 'SHA-256 of the certificates it may show; makes it a TLS device')
    .option('--plain', 'without encryption: readable by anyone on the network')
    .option('--class <uid...>', 'only these storage classes (default: all of the standard)')
    .option('--all-classes', 'all storage classes of the standard')
    .option('--commitment <node>', 'where answers to storage commitment go: HOST:PORT or AET@HOST:PORT')
    .option('--no-commitment', 'answers go back on the association that asked')
    .option('--commitment-tls', 'these answers go over TLS (default for a device with a certificate)')
    .option('--commitment-plain', 'these answers go without encryption (default for a device without TLS)')
    .option('--json', 'as JSON');
}
