/** Pieces of the end-to-end tests: an installation beside a cloud, objects as the cloud holds them, a second reader. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { startAzurite, type Azurite } from './azurite.ts';
import { TestInstallation, type InstallationOptions } from './installation.ts';
import { programPath } from './tools.ts';

const run = promisify(execFile);
export const container = 'edge-sync';

export interface Practice {
  readonly cloud: Azurite;
  readonly installation: TestInstallation;
  dispose(): Promise<void>;
}

/** A cloud with its container and an installation that knows it; nothing runs yet, nothing is enrolled. */
export async function openPractice(options: InstallationOptions = {}): Promise<Practice> {
  const cloud = await startAzurite();
  await cloud.makeContainer(container);
  const installation = await TestInstallation.create({
    ...options,
    config: { destinations: [{ name: 'cloud', kind: 'azure', container }], ...options.config },
    secrets: { cloud: cloud.connectionString(), ...options.secrets },
  });
  return {
    cloud,
    installation,
    dispose: async () => {
      await installation.dispose();
      await cloud.stop();
    },
  };
}

export interface CloudBlob {
  readonly name: string;
  readonly bytes: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Everything below `prefix`, read past our code by the vendor's SDK. */
export async function blobsOf(cloud: Azurite, prefix = ''): Promise<readonly CloudBlob[]> {
  const blobs: CloudBlob[] = [];
  for await (const blob of eachBlob(cloud, prefix)) blobs.push(blob);
  return blobs;
}

/** The same, one after the other: for more than fits into memory. */
export async function* eachBlob(cloud: Azurite, prefix = '', name = container): AsyncGenerator<CloudBlob> {
  const client = cloud.container(name);
  for await (const item of client.listBlobsFlat({ prefix, includeMetadata: true })) {
    const bytes = await client.getBlobClient(item.name).downloadToBuffer();
    yield { name: item.name, bytes, metadata: item.metadata ?? {} };
  }
}

/** Opens one object with stock OpenSSL; rejects unless it exits 0. */
export async function openWithOpenssl(
  object: CloudBlob,
  keys: { readonly key: string; readonly cert: string; readonly folder: string },
): Promise<Buffer> {
  await mkdir(keys.folder, { recursive: true });
  const name = createHash('sha256').update(object.name).digest('hex');
  const sealed = join(keys.folder, `${name}.cms`);
  const opened = join(keys.folder, `${name}.dcm`);
  await writeFile(sealed, object.bytes);
  await run(programPath('openssl'), [
    ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', sealed],
    ...['-inkey', keys.key, '-recip', keys.cert, '-out', opened],
  ]);
  return readFile(opened);
}

/** SHA-256 (hex) of the dataset in a Part 10 file. */
export async function datasetDigest(file: Buffer): Promise<string> {
  const head = await readPart10Head(file, 'whole-file');
  if (head.tag !== 'dataset') throw new Error(`no dataset: ${head.tag}`);
  return createHash('sha256').update(file.subarray(head.datasetOffset)).digest('hex');
}
