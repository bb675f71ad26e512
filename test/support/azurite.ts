import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';

export interface Azurite {
  readonly port: number;
  readonly accountName: string;
  readonly accountKey: string;
  /** For the account itself, or through something else that listens on 127.0.0.1 (a fault proxy). */
  connectionString(port?: number, account?: AzuriteAccount): string;
  /** Makes a container (named at random unless told) and gives its name. */
  makeContainer(name?: string, account?: AzuriteAccount): Promise<string>;
  /** A client of the SDK's own, to look at the container past our code. */
  container(name: string, account?: AzuriteAccount): ContainerClient;
  stop(): Promise<void>;
}

/** Most tests know one account; `others` of startAzurite makes a second one in the same emulator. */
export type AzuriteAccount = 'first account' | 'second account';

/** memory: gone with the process. disk: survives `stop` in `folder`, which the caller removes. */
export type AzuriteStorage =
  | { readonly tag: 'memory' }
  | {
      readonly tag: 'disk';
      readonly folder: string;
      readonly account?: { readonly name: string; readonly key: string };
    };

const startDeadlineMs = 30_000;

/** Starts the storage emulator as a child process on a free port with an account of its own. */
export async function startAzurite(
  storage: AzuriteStorage = { tag: 'memory' },
  others: readonly { readonly name: string; readonly key: string }[] = [],
): Promise<Azurite> {
  const given = storage.tag === 'disk' ? storage.account : undefined;
  const accountName = given?.name ?? `t${randomBytes(8).toString('hex')}`;
  const accountKey = given?.key ?? randomBytes(64).toString('base64');
  const accounts = [{ name: accountName, key: accountKey }, ...others];
  const accountOf = (which: AzuriteAccount): { readonly name: string; readonly key: string } => {
    const account = accounts[which === 'first account' ? 0 : 1];
    if (account === undefined) throw new Error('the emulator has one account');
    return account;
  };
  const port = await freePort();
  const cwd = await mkdtemp(join(tmpdir(), 'edge-sync-azurite-'));
  const place =
    storage.tag === 'disk'
      ? ['--location', storage.folder]
      : ['--inMemoryPersistence', '--extentMemoryLimit', '4096'];
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const child = spawn(
    process.execPath,
    [
      main,
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
      ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
      ...place,
    ],
    {
      cwd,
      env: { ...process.env, AZURITE_ACCOUNTS: accounts.map((one) => `${one.name}:${one.key}`).join(';') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  await listening(child);
  const url = (at: number, account: string): string => `http://127.0.0.1:${at}/${account}`;
  const container = (name: string, which: AzuriteAccount = 'first account'): ContainerClient => {
    const account = accountOf(which);
    const credential = new StorageSharedKeyCredential(account.name, account.key);
    return new ContainerClient(`${url(port, account.name)}/${name}`, credential, {
      // Azurite ends connections that idle: a look past our code must not fail for that.
      retryOptions: { maxTries: 4, retryDelayInMs: 50 },
    });
  };
  return {
    port,
    accountName,
    accountKey,
    connectionString: (at = port, which = 'first account') => {
      const { name, key } = accountOf(which);
      return `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};BlobEndpoint=${url(at, name)};`;
    },
    makeContainer: async (name = `c-${randomBytes(6).toString('hex')}`, which = 'first account') => {
      await container(name, which).create();
      return name;
    },
    container,
    stop: async () => {
      await ended(child);
      await rm(cwd, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the storage emulator did not start: ${said}`));
    }, startDeadlineMs);
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      if (!said.includes('successfully listen')) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the storage emulator ended with ${String(code)}: ${said}`));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await exit;
  clearTimeout(timer);
}
