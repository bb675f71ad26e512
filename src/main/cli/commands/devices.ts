/** `edge-sync devices`: who may send here, who was refused, and what to type into a modality. */
import type {
  CommitmentEndpoint,
  Device,
  NetworkAddressFacts,
  ObservedClass,
  PairingChange,
  PairingInput,
  RefusedCaller,
} from '../../../shared/devices.ts';
import { pairingChangeSchema, pairingSchema } from '../../../shared/devices.ts';
import { EdgeSyncError, reportFor } from '../../../shared/errors.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** What `pair` and `change` take; every part is optional there. */
export interface PairingOptions {
  readonly name?: string;
  readonly aet?: string;
  readonly address?: readonly string[];
  readonly anyAddress?: boolean;
  readonly certificate?: readonly string[];
  readonly plain?: boolean;
  readonly class?: readonly string[];
  readonly allClasses?: boolean;
  /** HOST:PORT or AET@HOST:PORT. */
  readonly commitment?: string | false;
  readonly commitmentTls?: boolean;
  readonly commitmentPlain?: boolean;
}

export async function runDevicesList(client: EngineClient, format: Format, output: Output): Promise<number> {
  const devices = await client.devices.list();
  if (format === 'json') return json(devices, output);
  if (devices.length === 0)
    output.out(
      'No device is paired. Let one try to send, then look at `edge-sync devices callers`; or use `edge-sync devices pair`.',
    );
  for (const device of devices) for (const line of deviceLines(device)) output.out(line);
  return exitCode.ok;
}

export async function runDevicesCallers(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const callers = await client.devices.callers();
  if (format === 'json') return json(callers, output);
  if (callers.length === 0) output.out('Nobody was refused.');
  for (const caller of callers) for (const line of callerLines(caller)) output.out(line);
  if (callers.length > 0)
    output.out('Yours? `edge-sync devices allow ID --name NAME`. Not yours? `edge-sync devices dismiss ID`.');
  return exitCode.ok;
}

export async function runDevicesPair(
  client: EngineClient,
  name: string,
  options: PairingOptions & { readonly format: Format },
  output: Output,
): Promise<number> {
  if (options.address === undefined && options.certificate === undefined)
    throw new EdgeSyncError('usage', 'a device is known by its --address, or by its --certificate (TLS)');
  const parsed = pairingSchema.safeParse({ ...pairingParts(options), name });
  if (!parsed.success) throw usage(parsed.error);
  return paired(await client.devices.pair(parsed.data), options.format, output);
}

export async function runDevicesChange(
  client: EngineClient,
  wanted: string,
  options: PairingOptions & { readonly format: Format },
  output: Output,
): Promise<number> {
  if (Object.keys(checkedChange(options, 'plain')).length === 0)
    throw new EdgeSyncError('usage', 'name what is to be changed');
  const { id, channel } = await deviceOf(client, wanted);
  const change = checkedChange(options, channel);
  return paired(await client.devices.change({ id, change }), options.format, output);
}

export async function runDevicesAllow(
  client: EngineClient,
  wanted: string,
  options: PairingOptions & { readonly format: Format },
  output: Output,
): Promise<number> {
  const caller = oneOf(await client.devices.callers(), wanted, 'caller-unknown');
  const pairing = checkedChange(options, caller.channel);
  const device = await client.devices.allowCaller({ id: caller.id, name: options.name ?? '', pairing });
  return paired(device, options.format, output);
}

export async function runDevicesDismiss(
  client: EngineClient,
  wanted: string,
  output: Output,
): Promise<number> {
  const { id } = oneOf(await client.devices.callers(), wanted, 'caller-unknown');
  await client.devices.dismiss({ id });
  output.out('dismissed; told of again if it still calls tomorrow');
  return exitCode.ok;
}

export async function runDevicesRemove(
  client: EngineClient,
  wanted: string,
  output: Output,
): Promise<number> {
  const device = await deviceOf(client, wanted);
  await client.devices.remove({ id: device.id });
  output.out(`${device.name} (${device.aeTitle}) may send nothing any more`);
  return exitCode.ok;
}

export async function runDevicesClasses(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const [classes, devices] = await Promise.all([client.devices.observedClasses(), client.devices.list()]);
  if (format === 'json') return json(classes, output);
  if (classes.length === 0) output.out('No device has proposed anything that is not known here.');
  for (const one of classes) output.out(classLine(one, devices));
  if (classes.some(({ state }) => state === 'seen'))
    output.out(
      '`edge-sync devices allow-class ID` stores it from now on; `dismiss-class ID` is quiet about it.',
    );
  return exitCode.ok;
}

export async function runDevicesDecideClass(
  client: EngineClient,
  wanted: string,
  decision: 'allow' | 'dismiss',
  output: Output,
): Promise<number> {
  const { id, uid } = oneOf(await client.devices.observedClasses(), wanted, 'class-unknown');
  if (decision === 'allow') await client.devices.allowClass({ id });
  else await client.devices.dismissClass({ id });
  output.out(
    decision === 'allow'
      ? `${uid} is accepted from the next association on`
      : `${uid} is not accepted, and not told of again`,
  );
  return exitCode.ok;
}

export async function runDevicesConnection(
  client: EngineClient,
  format: Format,
  output: Output,
): Promise<number> {
  const connection = await client.devices.connection();
  if (format === 'json') return json(connection, output);
  const { aeTitle, host, port, tlsPort, reach } = connection;
  output.out(`AE title  ${aeTitle}`);
  output.out(`Address   ${host ?? 'none: nothing is listened on right now (see `edge-sync status`)'}`);
  output.out(`Port      ${port}`);
  output.out(`TLS port  ${tlsPort ?? 'off (dicom.tls.enabled)'}`);
  if (reach === 'this-pc')
    output.out(
      'Only programs on this PC can reach it. Choose an address with `edge-sync devices addresses`, then ' +
        '`edge-sync config set dicom.host ADDRESS-OR-INTERFACE`.',
    );
  return exitCode.ok;
}

/** With an engine its own view; `addresses` of this PC otherwise, which is the same PC. */
export function showAddresses(
  addresses: readonly NetworkAddressFacts[],
  format: Format,
  output: Output,
): number {
  if (format === 'json') return json(addresses, output);
  for (const { interface: name, address, scope, used } of addresses)
    output.out(`${name.padEnd(12)} ${address.padEnd(40)} ${scopeText[scope]}${used ? '  <- listening' : ''}`);
  output.out(
    '`edge-sync config set dicom.host NAME` follows the address of an interface, even when it changes.',
  );
  return exitCode.ok;
}

const scopeText = {
  loopback: 'this PC only',
  private: 'local network',
  'link-local': 'this cable only: no address was given out (DHCP)',
  public: 'the whole internet: refused unless forced',
} as const;

/** `present`: how the device is paired now, or called. */
function pairingParts(
  options: PairingOptions,
  present: Device['channel'] = 'plain',
): Partial<Record<keyof PairingInput, unknown>> {
  const { aet, address, anyAddress, certificate, plain, allClasses, commitment } = options;
  const channel = givenChannel(options) ?? (address === undefined ? undefined : 'plain');
  if (certificate !== undefined && plain === true)
    throw new EdgeSyncError('usage', '--plain and --certificate exclude each other');
  return {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(aet === undefined ? {} : { aeTitle: aet }),
    ...(address === undefined ? {} : { addresses: address }),
    ...(anyAddress === true ? { addresses: [] } : {}),
    ...(certificate === undefined ? {} : { certificates: certificate.map(plainFingerprint) }),
    ...(plain === true ? { certificates: [] } : {}),
    ...(channel === undefined ? {} : { channel }),
    ...(options.class === undefined ? {} : { classes: options.class }),
    ...(allClasses === true ? { classes: 'standard' } : {}),
    ...(commitment === undefined
      ? {}
      : {
          commitment:
            commitment === false ? null : endpointOf(commitment, options, givenChannel(options) ?? present),
        }),
  };
}

function givenChannel({ certificate, plain }: PairingOptions): Device['channel'] | undefined {
  if (certificate !== undefined) return 'tls';
  return plain === true ? 'plain' : undefined;
}

/** Parts of a pairing that stand by themselves: an address named for a device with TLS does not make it a plain one. */
function checkedChange(options: PairingOptions, present: Device['channel']): PairingChange {
  const { channel: _guessed, ...parts } = pairingParts(options, present);
  const channel = givenChannel(options);
  const parsed = pairingChangeSchema.safeParse({ ...parts, ...(channel === undefined ? {} : { channel }) });
  if (!parsed.success) throw usage(parsed.error);
  return parsed.data;
}

/** As OpenSSL, Windows and we print it: with colons or spaces, in either case. */
function plainFingerprint(text: string): string {
  return text.replaceAll(/[:\s]/g, '').toLowerCase();
}

/** Answers go as the device comes, unless it is said otherwise: nobody gives up encryption by leaving something out. */
function endpointOf(
  text: string,
  { commitmentTls, commitmentPlain }: PairingOptions,
  channel: Device['channel'],
): CommitmentEndpoint {
  if (commitmentTls === true && commitmentPlain === true)
    throw new EdgeSyncError('usage', '--commitment-tls and --commitment-plain exclude each other');
  const match = /^(?:(?<aet>[^@]{1,16})@)?(?:\[(?<six>[^\]]+)\]|(?<host>[^:@]+)):(?<port>\d{1,5})$/.exec(
    text,
  );
  const { aet, six, host, port } = match?.groups ?? {};
  if (port === undefined) throw new EdgeSyncError('usage', '--commitment takes HOST:PORT or AET@HOST:PORT');
  return {
    host: six ?? host ?? '',
    port: Number(port),
    channel: commitmentTls === true ? 'tls' : commitmentPlain === true ? 'plain' : channel,
    ...(aet === undefined ? {} : { aeTitle: aet }),
  };
}

/** An id, the beginning of one (4 characters), the name or the AE title, as long as only one device is meant. */
async function deviceOf(client: EngineClient, wanted: string): Promise<Device> {
  const devices = await client.devices.list();
  const named = devices.filter(({ name, aeTitle }) => name === wanted || aeTitle === wanted);
  if (named.length > 1) throw new EdgeSyncError('usage', `several devices are called ${wanted}; use the id`);
  return named[0] ?? oneOf(devices, wanted, 'device-unknown');
}

function oneOf<One extends { readonly id: string }>(
  all: readonly One[],
  wanted: string,
  unknown: 'device-unknown' | 'caller-unknown' | 'class-unknown',
): One {
  const found = /^[0-9a-f]{4,32}$/.test(wanted) ? all.filter(({ id }) => id.startsWith(wanted)) : [];
  if (found.length > 1) throw new EdgeSyncError('usage', `several ids begin with ${wanted}; type more of it`);
  if (found[0] === undefined) throw new EdgeSyncError(unknown, wanted);
  return found[0];
}

function paired(device: Device, format: Format, output: Output): number {
  if (format === 'json') return json(device, output);
  for (const line of deviceLines(device)) output.out(line);
  return exitCode.ok;
}

function deviceLines(device: Device): readonly string[] {
  const { id, name, aeTitle, addresses, channel, certificates, classes, privateClasses, commitment } = device;
  const plain = reportFor('device-plain');
  return [
    `${shortId(id)}  ${name}  ${aeTitle}  ${addresses.length === 0 ? 'any address' : addresses.join(', ')}  ${channel}`,
    ...(channel === 'plain' ? [`      ! ${plain.message}. ${plain.nextStep}`] : []),
    ...certificates.map((one) => `      certificate ${one}`),
    `      classes: ${classes === 'standard' ? 'all of the standard' : `${classes.length} named`}` +
      (privateClasses.length === 0 ? '' : `, and ${privateClasses.length} others allowed`),
    ...(commitment === null
      ? []
      : [`      storage commitment to ${commitment.host}:${commitment.port} (${commitment.channel})`]),
    ...(channel === 'tls' && commitment?.channel === 'plain'
      ? ['      ! The device sends over TLS, but these answers go without encryption.']
      : []),
    `      last seen: ${device.lastSeenAt ?? 'never'}`,
  ];
}

function callerLines(caller: RefusedCaller): readonly string[] {
  const { id, callingAeTitle, calledAeTitle, address, channel, certificate, classes, text, count } = caller;
  return [
    `${shortId(id)}  ${callingAeTitle ?? '(unreadable title)'} at ${address} (${channel})${caller.dismissed ? '  dismissed' : ''}`,
    `      ${text}; it called ${calledAeTitle ?? '(unreadable title)'}`,
    ...(certificate === null ? [] : [`      certificate ${certificate}`]),
    `      wants to send: ${classes.map(({ uid, keyword }) => keyword ?? uid).join(', ')}`,
    `      ${count} times, last ${caller.lastAt}`,
  ];
}

function classLine(one: ObservedClass, devices: readonly Device[]): string {
  const device = devices.find(({ id }) => id === one.deviceId);
  const whose = one.deviceId === null ? `${one.aeTitle} on this PC` : (device?.name ?? one.aeTitle);
  return `${shortId(one.id)}  ${one.uid}${one.keyword === null ? '' : ` (${one.keyword})`}  ${whose}  ${one.state}, ${one.count} times`;
}

function shortId(id: string): string {
  return id.slice(0, 8);
}

function json(value: unknown, output: Output): number {
  output.out(JSON.stringify(value, undefined, 2));
  return exitCode.ok;
}

function usage(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}) {
  const issue = error.issues[0];
  return new EdgeSyncError('usage', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}
