import { isArchive, type DicomwebDestinationSettings } from '../../../shared/destination-settings.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../../shared/errors.ts';
import { note, warning, type Finding } from '../../engine/cloud/privileges.ts';
import type { Clock } from '../../engine/ports.ts';
import { proxyFor } from '../../engine/cloud/outgoing.ts';
import { SystemNetworkInterfaces } from '../../engine/system/network-interfaces.ts';
import { outgoingConnections } from '../../engine/outgoing-connections.ts';
import { connectToDataset, connectToDestination } from '../cloud-connection.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import type { Installation } from '../installation.ts';
import type { Output } from '../output.ts';
import type { Format } from '../option-values.ts';

/** One part that was looked at. */
interface Checked {
  readonly part: string;
  readonly error: ErrorReport | null;
  /** What a credential may do beyond need, and what protects the archive. */
  readonly findings: readonly Finding[];
}

/**
 * `config check`: settings (already parsed when this runs), key store, and each destination with its stored credential:
 * can it be reached, do the clocks agree, does it refuse to overwrite, what may the credential do beyond need.
 * Prints a line for each; exit 1 when one is not in order. Warnings alone leave it at 0.
 */
export async function runConfigCheck(
  installation: Installation,
  form: Format,
  output: Output,
): Promise<number> {
  const { keyStore, clock } = engineOptions(installation, 'error');
  const checks: Checked[] = [
    { part: `settings (${installation.configFile})`, error: null, findings: [] },
    await checked(`key store (${keyStore.kind})`, async () => {
      const read = await keyStore.read('config-check');
      if (read.tag === 'unavailable') throw read.error;
      return [];
    }),
  ];
  const { mode } = installation.settings.network.proxy;
  if (mode !== 'none') {
    checks.push(
      await checked(`outgoing connections (${proxyText(installation)})`, async () => {
        await outgoingConnections({ ...installation, keyStore });
        return await proxiesInUse(installation, clock);
      }),
    );
  }
  if (form === 'text') checks.forEach((one) => tell(one, output));
  for (const destination of installation.settings.destinations) {
    const one = await checked(`destination ${destination.name} (${destination.kind})`, async () => {
      if (!isArchive(destination)) return checkDataset(destination, installation, clock);
      const store = await connectToDestination(destination, installation, clock);
      try {
        await store.check();
        return await store.inspect();
      } finally {
        await store.close();
      }
    });
    checks.push(one);
    if (form === 'text') tell(one, output);
  }
  if (installation.settings.destinations.length === 0) {
    const none = { part: 'destinations', error: new EdgeSyncError('no-destination').report, findings: [] };
    checks.push(none);
    if (form === 'text') tell(none, output);
  }
  if (form === 'json') output.out(JSON.stringify({ checks }));
  return checks.every((one) => one.error === null) ? exitCode.ok : exitCode.failed;
}

/** Nothing is stored there to try it: what is put into a PACS stays there among the patients. */
async function checkDataset(
  destination: DicomwebDestinationSettings,
  installation: Installation,
  clock: Clock,
): Promise<readonly Finding[]> {
  const store = await connectToDataset(destination, installation, clock);
  try {
    await store.check();
  } finally {
    await store.close();
  }
  const { url, auth, required, proof = required ? 'identical' : 'listed' } = destination;
  return [
    note('Images are opened and sent to it in clear inside TLS: who runs it can read them.'),
    ...(url.startsWith('http:') ? [warning('It is reached without TLS, on this PC.')] : []),
    ...(auth === 'none' ? [warning('It takes images from anybody who reaches it.')] : []),
    ...(proof === 'listed' && required
      ? [
          warning(
            'An image counts as safe there when a search lists it, though the PACS may have changed it.',
          ),
        ]
      : []),
  ];
}

function proxyText({ settings }: Installation): string {
  const { mode, address, pac } = settings.network.proxy;
  switch (mode) {
    case 'none':
      return 'straight';
    case 'manual':
      return `through ${address ?? 'a proxy'}`;
    case 'pac':
      return `as ${pac ?? 'a script'} chooses`;
    case 'system':
      return 'as the environment says';
    default:
      return assertNever(mode);
  }
}

/** Which proxy each destination is reached by. Throws proxy-script-*. */
async function proxiesInUse({ settings }: Installation, clock: Clock): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const destination of settings.destinations) {
    const url = serviceAddress(destination);
    if (url === undefined) continue;
    const parts = { clock, interfaces: new SystemNetworkInterfaces() };
    const proxy = await proxyFor(settings.network, url, undefined, parts);
    const { hostname } = new URL(url);
    found.push(
      note(
        `${destination.name} (${hostname}) is reached ${proxy === undefined ? 'without a proxy' : `through ${proxy}`}.`,
      ),
    );
  }
  return found;
}

/** As far as the settings tell: a connection string may name another. undefined: not over the network. */
function serviceAddress(destination: Installation['settings']['destinations'][number]): string | undefined {
  switch (destination.kind) {
    case 'azure':
      return destination.endpoint ?? 'https://blob.core.windows.net';
    case 's3':
      return destination.endpoint ?? `https://s3.${destination.region}.amazonaws.com`;
    case 'dicomweb':
      return destination.url;
    case 'folder':
      return undefined;
    default:
      return assertNever(destination);
  }
}

async function checked(part: string, check: () => Promise<readonly Finding[]>): Promise<Checked> {
  try {
    return { part, error: null, findings: await check() };
  } catch (error) {
    return { part, error: toEdgeSyncError(error).report, findings: [] };
  }
}

function tell({ part, error, findings }: Checked, output: Output): void {
  if (error === null) output.out(`${part}: in order`);
  else output.out(`${part}: ${error.message}. ${error.nextStep} [${error.code}]`);
  for (const { level, text } of findings) output.out(`  ${level === 'warning' ? 'Warning: ' : ''}${text}`);
}
