/** Azurite for a bench: a process of its own on a free port, storage in a folder. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  ContainerClient,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { background } from './process.ts';

export interface LocalAzure {
  readonly connectionString: string;
  /** The account's address with a shared access signature: what rclone takes for any endpoint. */
  readonly sasUrl: string;
  makeContainer(name: string): Promise<ContainerClient>;
  stop(): Promise<void>;
}

export async function startLocalAzure(folder: string): Promise<LocalAzure> {
  await mkdir(folder, { recursive: true });
  const account = 'bench';
  const key = randomBytes(64).toString('base64');
  const script = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const server = background(
    process.execPath,
    [
      ...[script, '--blobHost', '127.0.0.1', '--blobPort', '0', '--location', folder],
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
    ],
    { cwd: folder, env: { AZURITE_ACCOUNTS: `${account}:${key}` } },
  );
  const origin = await server.line((line) => /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]);
  const url = `${origin}/${account}`;
  const credential = new StorageSharedKeyCredential(account, key);
  const day = 24 * 60 * 60 * 1000;
  const sas = generateAccountSASQueryParameters(
    {
      startsOn: new Date(Date.now() - day),
      expiresOn: new Date(Date.now() + day),
      permissions: AccountSASPermissions.parse('rwdlac'),
      services: AccountSASServices.parse('b').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      protocol: SASProtocol.HttpsAndHttp,
    },
    credential,
  );
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${url};`,
    sasUrl: `${url}?${sas.toString()}`,
    makeContainer: async (name) => {
      const container = new ContainerClient(`${url}/${name}`, credential);
      await container.create();
      return container;
    },
    stop: () => server.stop(),
  };
}
