/** What answers in place of the service: a portal before the network, a company's proxy that shows a page, a redirect. */
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import { AzureStore } from './azure-store.ts';
import type { CloudStore, ObjectSource } from './cloud-store.ts';
import { S3Store } from './s3-store.ts';

const miB = 1024 * 1024;
const servers: http.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** @returns its port. */
async function serve(answer: Answer): Promise<number> {
  const server = http.createServer((request, response) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.resume();
    request.once('end', () => answer(request, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const page = '<html><head><title>Welcome</title></head><body><p>Accept the terms</p></body></html>';
const asPage: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': page.length });
  response.end(page);
};
const asNothing: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': '0' }).end();
};
const asPageWithEtag: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', etag: '"abc"', 'content-length': page.length });
  response.end(page);
};

const openers: Readonly<Record<'azure' | 's3', (port: number) => CloudStore>> = {
  azure: (port) =>
    new AzureStore({
      connectionString: Secret.fromText(
        `AccountName=clinic;AccountKey=${randomBytes(64).toString('base64')};BlobEndpoint=http://127.0.0.1:${port}/clinic`,
      ),
      container: 'images',
      prefix: 'archive',
      clock: new SystemClock(),
    }),
  s3: (port) =>
    new S3Store({
      settings: {
        bucket: 'images',
        prefix: 'archive',
        region: 'auto',
        endpoint: `http://127.0.0.1:${port}`,
        addressing: 'path',
        checksum: 'md5',
        createOnly: 'by-service',
      },
      credential: Secret.fromText('AKIA1:secretsecret'),
      clock: new SystemClock(),
    }),
};

function sourceOf(sizeBytes: number): ObjectSource {
  return {
    sizeBytes,
    async *read() {
      await Promise.resolve();
      yield Buffer.alloc(sizeBytes, 7);
    },
  };
}

async function told(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `no error: ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof EdgeSyncError ? error.code : `foreign: ${String(error)}`),
  );
}

async function all<T>(items: AsyncIterable<T>): Promise<number> {
  let count = 0;
  for await (const _item of items) count += 1;
  return count;
}

describe.each(['azure', 's3'] as const)('something between this PC and %s', (kind) => {
  it.each([
    ['shows a page', asPage],
    ['shows a page with an etag', asPageWithEtag],
    ['says nothing but 200', asNothing],
  ])('that %s to every request is not taken for the cloud', async (_name, answer) => {
    const store = openers[kind](await serve(answer));
    try {
      expect(await told(store.stat('objects/aa/one.cms'))).toBe('cloud-unreachable');
      expect(await told(all(store.list('')))).toBe('cloud-unreachable');
      expect(await told(all(store.read('objects/aa/one.cms')))).toBe('cloud-unreachable');
      expect(await told(store.check())).toBe('cloud-unreachable');
      for (const sizeBytes of [1000, 9 * miB]) {
        expect(await told(store.putIfAbsent('objects/aa/one.cms', sourceOf(sizeBytes)))).toMatch(
          /^cloud-(unreachable|checksum)$/,
        );
      }
    } finally {
      await store.close();
    }
  });

  it('that sends us elsewhere is not followed', async () => {
    const asked: string[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.url ?? '');
      asPage(request, response);
    });
    const store = openers[kind](
      await serve((_request, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${elsewhere}/inside` }).end();
      }),
    );
    try {
      for (const work of [
        () => store.stat('objects/aa/one.cms'),
        () => all(store.list('')),
        () => all(store.read('objects/aa/one.cms')),
        () => store.putIfAbsent('objects/aa/one.cms', sourceOf(1000)),
      ]) {
        expect(await told(work())).toMatch(/^cloud-(unreachable|region)$/);
      }
      expect(asked).toEqual([]);
    } finally {
      await store.close();
    }
  });
});
