/** The demo's cloud: the Azure storage emulator as a child process on a free loopback port, with a key of its own. */
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Clock, Random } from '../engine/ports.ts';
import { Child } from './child.ts';

const accountName = 'edgesyncdemo';
/** Azure's account keys are 64 bytes. */
const accountKeyBytes = 64;

export interface LocalCloud {
  readonly connectionString: string;
  readonly child: Child;
}

/**
 * Starts it in `folder` and makes the container.
 * @throws EdgeSyncError `demo-failed` when the emulator is not installed or does not start
 */
export async function startLocalCloud(options: {
  readonly folder: string;
  readonly container: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of the process at once, so that it is stopped whatever happens next. */
  readonly onChild: (child: Child) => void;
}): Promise<LocalCloud> {
  await mkdir(options.folder, { recursive: true });
  const accountKey = options.random.bytes(accountKeyBytes).toString('base64');
  const child = new Child({
    script: emulatorScript(),
    args: [
      ...['--blobHost', '127.0.0.1', '--blobPort', '0', '--location', options.folder],
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
    ],
    cwd: options.folder,
    environment: { AZURITE_ACCOUNTS: `${accountName}:${accountKey}` },
    clock: options.clock,
  });
  options.onChild(child);
  const origin = await child.line((line) => /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]);
  if (origin === undefined) throw new EdgeSyncError('demo-failed', 'the local cloud did not start');
  const endpoint = `${origin}/${accountName}`;
  const credential = new StorageSharedKeyCredential(accountName, accountKey);
  await new ContainerClient(`${endpoint}/${options.container}`, credential).create();
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    child,
  };
}

function emulatorScript(): string {
  try {
    return createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  } catch (error) {
    throw new EdgeSyncError('demo-failed', 'the local cloud is not installed; run `npm ci` in a checkout', {
      cause: error,
    });
  }
}
