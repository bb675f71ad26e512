/** A cloud behind a fault proxy: what an engine needs to use it, and a way to read it past both. */
import { startAzurite } from './azurite.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { startS3Server } from './s3-server.ts';
import { eachBlob, type CloudBlob } from './whole-way.ts';

export interface FaultyCloud {
  readonly proxy: FaultProxy;
  /** A new, empty place in it. `front`: what stands before the proxy with TLS, if something does (`domain:port`). */
  place(front?: string): Promise<CloudPlace>;
  stop(): Promise<void>;
}

export interface CloudPlace {
  /** Settings without the name. */
  readonly destination: Readonly<Record<string, unknown>>;
  readonly secret: string;
  /** Its images, read past our code and past the proxy. */
  objects(): AsyncIterable<CloudBlob> | Iterable<CloudBlob>;
}

export async function faultyAzure(): Promise<FaultyCloud> {
  const azurite = await startAzurite();
  const proxy = await startFaultProxy(azurite.port);
  return {
    proxy,
    place: async (front) => {
      const container = await azurite.makeContainer();
      const { accountName: name, accountKey: key } = azurite;
      // At an address the emulator's accounts are folders, in a domain they are hosts.
      const endpoint =
        front === undefined ? `http://127.0.0.1:${proxy.port}/${name}` : `https://${name}.${front}`;
      return {
        destination: { kind: 'azure', container },
        secret: `AccountName=${name};AccountKey=${key};BlobEndpoint=${endpoint};`,
        objects: () => eachBlob(azurite, 'objects/', container),
      };
    },
    stop: async () => {
      await proxy.stop();
      await azurite.stop();
    },
  };
}

export async function faultyS3(): Promise<FaultyCloud> {
  const server = await startS3Server();
  const proxy = await startFaultProxy(server.port);
  let places = 0;
  return {
    proxy,
    place: (front) => {
      const endpoint = front === undefined ? `http://127.0.0.1:${proxy.port}` : `https://${front}`;
      const prefix = `place-${(places += 1)}`;
      return Promise.resolve({
        destination: {
          kind: 's3',
          bucket: server.bucket,
          prefix,
          region: 'us-east-1',
          endpoint,
          addressing: 'path',
        },
        secret: `${server.accessKeyId}:${server.secretAccessKey}`,
        objects: () =>
          [...server.objects]
            .filter(([name]) => name.startsWith(`${prefix}/objects/`))
            .map(([name, { bytes }]) => ({ name, bytes, metadata: {} })),
      });
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}
