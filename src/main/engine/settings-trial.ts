/** Settings are tried before they are kept: what is allowed and yet does not work here and now is told. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { createServer, connect as connectTo, isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { ChangeProblem } from '../../shared/contract-settings.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../shared/errors.ts';
import type { DestinationSettings, Settings } from '../../shared/settings.ts';
import type { Clock, NetworkInterfaces } from './ports.ts';
import { chooseAddress } from './receive/listen-address.ts';

/** A proxy on the local network answers at once; people wait for this. */
const proxyMs = 5000;
/** What a cloud gets to answer; longer is no better than a refusal here. */
const destinationMs = 20_000;

export interface TrialPlaces {
  readonly clock: Clock;
  readonly interfaces: NetworkInterfaces;
  /** Addresses with ports that the engine itself listens on right now. */
  readonly ownPorts: () => readonly { readonly host: string; readonly port: number }[];
  /** Throws when the destination cannot be used as it is set; absent where there are no keys to reach it with. */
  readonly tryDestination?: (destination: DestinationSettings, settings: Settings) => Promise<void>;
  /** Images that are not verified there yet; absent where nobody can tell. */
  readonly waitingAt?: (destination: string) => number;
  /** Of the disk with the data folder. */
  readonly freeBytes?: () => Promise<number>;
  /** Whether this installation has keys, which lie in the store that is set. */
  readonly hasKeys: () => Promise<boolean>;
}

type Try = (before: Settings, after: Settings, places: TrialPlaces) => Promise<readonly ChangeProblem[]>;

/** By the place of the settings they are about; run only when one of them has changed. */
const trials: readonly { readonly place: string; readonly run: Try }[] = [
  { place: 'dicom', run: tryListening },
  { place: 'keys', run: tryKeyStore },
  { place: 'folders', run: tryFolders },
  { place: 'network.proxy', run: tryProxy },
  { place: 'destinations', run: tryDestinations },
  { place: 'destinations', run: tryWithout },
  { place: 'disk', run: tryDisk },
];

/** What does not work of the settings that changed. Changes nothing but that ports are taken for a moment. */
export async function tryOut(
  keys: readonly string[],
  before: Settings,
  after: Settings,
  places: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  const wanted = trials.filter(({ place }) =>
    keys.some((key) => key === place || key.startsWith(`${place}.`)),
  );
  const found = await Promise.all(wanted.map(({ run }) => run(before, after, places)));
  return found.flat();
}

async function tryListening(
  { dicom: before }: Settings,
  { dicom }: Settings,
  { interfaces, ownPorts }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  const { host, port, tls } = dicom;
  if (tls.enabled && port !== 0 && port === tls.port)
    return [
      notAllowed(
        'dicom.tls.port',
        new EdgeSyncError('config-bad-value', 'dicom.tls.port: must differ from dicom.port'),
      ),
    ];
  const isSame =
    isDeepStrictEqual(tls, before.tls) &&
    host === before.host &&
    port === before.port &&
    dicom.allowPublicAddress === before.allowPublicAddress;
  if (isSame) return [];
  const rule = { host, publicAddress: dicom.allowPublicAddress ? 'allowed' : 'refused' } as const;
  const choice = chooseAddress(rule, interfaces.list(), undefined);
  if (choice.tag === 'refused') return [notAllowed('dicom.host', choice.error)];
  if (choice.tag === 'absent') return [trial('dicom.host', choice.error)];
  const { address } = choice;
  const own = ownPorts();
  const wanted = [
    { key: 'dicom.port', port },
    ...(tls.enabled ? [{ key: 'dicom.tls.port', port: tls.port }] : []),
  ].filter((one) => one.port !== 0 && !own.some((two) => two.host === address && two.port === one.port));
  const problems: ChangeProblem[] = [];
  for (const one of wanted) {
    const error = await portProblem(address, one.port);
    if (error !== undefined) problems.push(trial(one.key, error));
  }
  return problems;
}

async function portProblem(host: string, port: number): Promise<EdgeSyncError | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return undefined;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const ours =
      code === 'EADDRINUSE'
        ? 'port-taken'
        : code === 'EADDRNOTAVAIL'
          ? 'address-missing'
          : 'port-not-allowed';
    return new EdgeSyncError(ours, ours === 'address-missing' ? host : `port ${port}`, { cause: error });
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Nothing moves the device key from one store to the other. */
async function tryKeyStore(
  before: Settings,
  after: Settings,
  { hasKeys }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  if (before.keys.store === after.keys.store || !(await hasKeys())) return [];
  return [notAllowed('keys.store', new EdgeSyncError('keys-store-in-use', before.keys.store))];
}

async function tryFolders(before: Settings, after: Settings): Promise<readonly ChangeProblem[]> {
  const problems: ChangeProblem[] = [];
  for (const [index, folder] of after.folders.entries()) {
    if (before.folders.some((one) => isDeepStrictEqual(one, folder))) continue;
    const error = await folderProblem(folder.path, folder.afterImport === 'delete' ? 'write' : 'read');
    // Its number, not its path: that can hold a name.
    if (error !== undefined)
      problems.push(trial(`folders.${index}.path`, new EdgeSyncError(error, `folders.${index}`)));
  }
  return problems;
}

async function folderProblem(
  path: string,
  need: 'read' | 'write',
): Promise<'folder-not-reachable' | 'folder-not-writable' | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return 'folder-not-reachable';
    await access(path, constants.R_OK | constants.X_OK);
  } catch {
    return 'folder-not-reachable';
  }
  if (need === 'read') return undefined;
  return access(path, constants.W_OK).then(
    () => undefined,
    () => 'folder-not-writable' as const,
  );
}

async function tryProxy(
  before: Settings,
  { network: { proxy } }: Settings,
  { clock }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  if (
    proxy.mode !== 'manual' ||
    proxy.address === undefined ||
    proxy.address === before.network.proxy.address
  )
    return [];
  const url = new URL(proxy.address);
  const usual = url.protocol === 'https:' ? 443 : url.protocol === 'socks5:' ? 1080 : 80;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? usual : Number(url.port);
  return (await answers(host, port, clock))
    ? []
    : [
        trial(
          'network.proxy.address',
          new EdgeSyncError('proxy-not-reachable', `${bracketed(host)}:${port}`),
        ),
      ];
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

async function answers(host: string, port: number, clock: Clock): Promise<boolean> {
  const socket = connectTo({ host, port });
  const waiting = new AbortController();
  try {
    return await Promise.race([
      new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      }),
      clock.sleep(proxyMs, waiting.signal).then(
        () => false,
        () => false,
      ),
    ]);
  } finally {
    waiting.abort();
    socket.destroy();
  }
}

async function tryDestinations(
  before: Settings,
  after: Settings,
  { tryDestination, clock }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  if (tryDestination === undefined) return [];
  const changed = [...after.destinations.entries()].filter(
    ([, one]) => !before.destinations.some((two) => isDeepStrictEqual(one, two)),
  );
  const problems = await Promise.all(
    changed.map(async ([index, destination]): Promise<readonly ChangeProblem[]> => {
      const waiting = new AbortController();
      const late = clock.sleep(destinationMs, waiting.signal).then(
        () => {
          throw new EdgeSyncError('cloud-unreachable', destination.name);
        },
        () => undefined,
      );
      try {
        await Promise.race([tryDestination(destination, after), late]);
        return [];
      } catch (error) {
        const ours = toEdgeSyncError(error);
        // It is entered after this, when the destination has a name to be kept under.
        if (ours.code === 'cloud-secret-missing') return [];
        return [trial(`destinations.${index}`, ours)];
      } finally {
        waiting.abort();
      }
    }),
  );
  return problems.flat();
}

/** A destination that is required no longer while images wait for it. */
function tryWithout(
  before: Settings,
  after: Settings,
  { waitingAt }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  if (waitingAt === undefined) return Promise.resolve([]);
  const dropped = before.destinations.filter(
    ({ name, required }) => required && !after.destinations.some((one) => one.name === name && one.required),
  );
  return Promise.resolve(
    dropped.flatMap(({ name }) => {
      const waiting = waitingAt(name);
      if (waiting === 0) return [];
      const images = `${waiting} ${waiting === 1 ? 'image' : 'images'}`;
      return [trial('destinations', new EdgeSyncError('destination-still-needed', `${name}: ${images}`))];
    }),
  );
}

async function tryDisk(
  before: Settings,
  { disk }: Settings,
  { freeBytes }: TrialPlaces,
): Promise<readonly ChangeProblem[]> {
  if (freeBytes === undefined || disk.refuseBelowBytes <= before.disk.refuseBelowBytes) return [];
  return (await freeBytes()) < disk.refuseBelowBytes
    ? [trial('disk.refuseBelowBytes', new EdgeSyncError('disk-full'))]
    : [];
}

function trial(key: string, error: EdgeSyncError): ChangeProblem {
  return { key, report: error.report, kind: 'trial' };
}

function notAllowed(key: string, error: EdgeSyncError): ChangeProblem {
  return { key, report: error.report, kind: 'not-allowed' };
}
