/**
 * What every cloud store keeps to. The suite takes a factory, so that each kind of store runs the same tests against
 * its real service, with a fault proxy in between.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EdgeSyncError, type ErrorCode } from '../../src/shared/errors.ts';
import { AzureStore } from '../../src/main/engine/cloud/azure-store.ts';
import type { CloudStore, ObjectSource } from '../../src/main/engine/cloud/cloud-store.ts';
import { FolderStore } from '../../src/main/engine/cloud/folder-store.ts';
import { S3Store, type S3StoreOptions } from '../../src/main/engine/cloud/s3-store.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { startAzurite } from '../support/azurite.ts';
import { startS3Server } from '../support/s3-server.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';

const miB = 1024 * 1024;

/** One kind of store with the place it stores in. */
interface StoreUnderTest {
  /** A store on the same place; `prefix` parts tests from each other. */
  open(prefix: string): CloudStore;
  /** Ends the faults of a test. */
  mend(): void;
  stop(): Promise<void>;
}

/** Its service is reached through `proxy`. */
interface NetworkStoreUnderTest extends StoreUnderTest {
  readonly proxy: FaultProxy;
  openWithWrongKey(prefix: string): CloudStore;
  openMissingPlace(): CloudStore;
  /** A store whose credential names a host that does not exist. */
  openUnknownHost(): CloudStore;
  /** Picks the requests that carry content, for faults. */
  isUpload(request: { readonly method: string; readonly url: string }): boolean;
  /** Picks the request that makes an object of several blocks visible. */
  isCommit(request: { readonly method: string; readonly url: string }): boolean;
}

/** What a further group of tests is given. */
interface Kit<Under extends StoreUnderTest> {
  /** Bytes of one part: more go in several. */
  readonly part: number;
  readonly fresh: () => CloudStore;
  readonly keep: (store: CloudStore) => CloudStore;
  readonly under: () => Under;
}

/** An answer of the service, as a fault, and what it has to be understood as. */
type ServiceAnswer = readonly [
  name: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  code: ErrorCode,
];

class BytesSource implements ObjectSource {
  readonly sizeBytes: number;
  readonly #bytes: Buffer;
  readonly #chunkBytes: number;

  constructor(bytes: Buffer, chunkBytes = 100_000) {
    this.#bytes = bytes;
    this.#chunkBytes = chunkBytes;
    this.sizeBytes = bytes.length;
  }

  async *read(start: number): AsyncGenerator<Buffer> {
    for (let at = start; at < this.#bytes.length; at += this.#chunkBytes) {
      await Promise.resolve();
      yield this.#bytes.subarray(at, Math.min(at + this.#chunkBytes, this.#bytes.length));
    }
  }
}

async function contentOf(store: CloudStore, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function namesIn(store: CloudStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const object of store.list(prefix)) names.push(object.name);
  return names;
}

async function failure(promise: Promise<unknown>): Promise<EdgeSyncError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EdgeSyncError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

async function failureCode(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await failure(promise)).code;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Runs the contract on one kind of store; `start` is called once. */
function cloudStoreContract<Under extends StoreUnderTest>(
  kind: string,
  part: number,
  start: () => Promise<Under>,
  further: (kit: Kit<Under>) => void = () => undefined,
): void {
  describe(`the cloud store contract: ${kind}`, () => {
    let under: Under;
    let prefixes = 0;
    const opened: CloudStore[] = [];
    const keep = (store: CloudStore): CloudStore => {
      opened.push(store);
      return store;
    };
    const fresh = (): CloudStore => keep(under.open(`p${(prefixes += 1)}`));

    beforeAll(async () => {
      under = await start();
    });
    afterEach(async () => {
      under.mend();
      await Promise.all(opened.splice(0).map((store) => store.close()));
    });
    afterAll(async () => {
      await under.stop();
    });

    it.each([
      ['nothing', 0],
      ['one byte', 1],
      ['exactly one block', part],
      ['one block and a byte', part + 1],
      ['several blocks and a rest', 3 * part + 12_345],
    ])('stores %s and gives it back byte for byte', async (_name, sizeBytes) => {
      const store = fresh();
      const bytes = randomBytes(sizeBytes);
      const progress: number[] = [];
      const outcome = await store.putIfAbsent('objects/aa/one.cms', new BytesSource(bytes), {
        onProgress: (confirmed) => progress.push(confirmed),
      });
      const stored = await store.stat('objects/aa/one.cms');
      expect(outcome).toEqual({ tag: 'created', etag: stored?.etag, sizeBytes });
      expect(stored).toMatchObject({ name: 'objects/aa/one.cms', sizeBytes });
      expect(stored?.etag).toMatch(/^[^"]+$/);
      expect(sha256(await contentOf(store, 'objects/aa/one.cms'))).toBe(sha256(bytes));
      expect(progress.at(-1)).toBe(sizeBytes);
    });

    it.each([
      ['a small object', 1000],
      ['an object of several blocks', part + 5],
    ])('never overwrites %s, whatever the size of the newcomer', async (_name, sizeBytes) => {
      const store = fresh();
      const first = randomBytes(sizeBytes);
      await store.putIfAbsent('objects/bb/one.cms', new BytesSource(first));
      for (const newcomer of [randomBytes(10), randomBytes(sizeBytes), randomBytes(2 * part)]) {
        expect(await store.putIfAbsent('objects/bb/one.cms', new BytesSource(newcomer))).toEqual({
          tag: 'exists',
        });
      }
      expect(sha256(await contentOf(store, 'objects/bb/one.cms'))).toBe(sha256(first));
    });

    it.each([
      ['small objects', 2000],
      ['objects of several blocks', part + 2000],
    ])('lets one of several concurrent writers of %s win', async (_name, sizeBytes) => {
      const store = fresh();
      const candidates = Array.from({ length: 4 }, () => randomBytes(sizeBytes));
      const outcomes = await Promise.allSettled(
        candidates.map((bytes) => store.putIfAbsent('objects/cc/one.cms', new BytesSource(bytes))),
      );
      const tags = outcomes.map((one) => (one.status === 'fulfilled' ? one.value.tag : 'failed'));
      expect(tags.filter((tag) => tag === 'created')).toHaveLength(1);
      expect(tags.filter((tag) => tag === 'exists')).toHaveLength(3);
      const winner = candidates[tags.indexOf('created')]!;
      expect(sha256(await contentOf(store, 'objects/cc/one.cms'))).toBe(sha256(winner));
    });

    it.each([
      ['fails', 1000],
      ['fails', 2 * part],
    ])('stores nothing when its source %s (%i bytes)', async (_name, sizeBytes) => {
      const store = fresh();
      const tampered = new EdgeSyncError('object-tampered');
      const source: ObjectSource = {
        sizeBytes,
        async *read() {
          await Promise.resolve();
          yield randomBytes(sizeBytes);
          throw tampered;
        },
      };
      expect(await failure(store.putIfAbsent('objects/hh/one.cms', source))).toBe(tampered);
      expect(await store.stat('objects/hh/one.cms')).toBeUndefined();
    });

    it.each([
      ['shorter', 1000, -1],
      ['longer', 1000, 1],
      ['shorter', 2 * part, -1],
      ['longer', 2 * part, 1],
    ])('stores nothing when its source is %s than it says (%i bytes)', async (_name, sizeBytes, more) => {
      const store = fresh();
      const real = new BytesSource(randomBytes(sizeBytes + more));
      const source: ObjectSource = { sizeBytes, read: (from) => real.read(from) };
      expect(await failureCode(store.putIfAbsent('objects/ii/one.cms', source))).toBe('object-truncated');
      expect(await store.stat('objects/ii/one.cms')).toBeUndefined();
    });

    it('lists names in order, page after page, below the prefix asked for and nowhere else', async () => {
      const store = fresh();
      const other = fresh();
      const names = Array.from(
        { length: 30 },
        (_, index) => `manifests/x/${String(index).padStart(4, '0')}.cms`,
      );
      for (const name of [...names].reverse())
        await store.putIfAbsent(name, new BytesSource(Buffer.from(name)));
      await store.putIfAbsent('objects/aa/z.cms', new BytesSource(Buffer.from('z')));
      await other.putIfAbsent('manifests/x/other.cms', new BytesSource(Buffer.from('o')));
      expect(await namesIn(store, 'manifests/')).toEqual(names);
      expect(await namesIn(store, '')).toEqual([...names, 'objects/aa/z.cms']);
      expect(await namesIn(store, 'nothing/')).toEqual([]);
    });

    it('says that an object is missing', async () => {
      const store = fresh();
      expect(await store.stat('objects/aa/none.cms')).toBeUndefined();
      expect(await failureCode(contentOf(store, 'objects/aa/none.cms'))).toBe('object-missing');
    });

    it('lets go of a download that is not read to its end', async () => {
      const store = fresh();
      await store.putIfAbsent('objects/aa/one.cms', new BytesSource(randomBytes(2 * part)));
      for await (const chunk of store.read('objects/aa/one.cms')) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect((await store.stat('objects/aa/one.cms'))?.sizeBytes).toBe(2 * part);
    });

    it('checks a good place twice and leaves no second trace', async () => {
      const store = fresh();
      await store.check();
      await store.check();
      expect(await namesIn(store, '')).toHaveLength(1);
    });

    further({ part, fresh, keep, under: () => under });
  });
}

/** What a store has to keep to that is reached over a network, with a fault proxy in between. */
function networkContract(answers: readonly ServiceAnswer[], marks: Readonly<Record<string, string>>) {
  return ({ part, fresh, keep, under: service }: Kit<NetworkStoreUnderTest>): void => {
    it.each([
      ['at once', 0],
      ['inside the first block', 1_000_000],
      ['one byte before a block ends', part - 1],
      ['where a block ends', part],
    ])(
      'finishes an object whose third block was cut off %s, sending only what is missing',
      async (_name, bytes) => {
        const store = fresh();
        const content = randomBytes(4 * part + 77);
        let uploads = 0;
        // The cut comes when two other blocks have arrived, so that there is something not to send again.
        const arrived = Promise.withResolvers<void>();
        const onProgress = (confirmedBytes: number): void => {
          if (confirmedBytes >= 2 * part) arrived.resolve();
        };
        service().proxy.setFault((request) => {
          if (!service().isUpload(request)) return { tag: 'none' };
          uploads += 1;
          return uploads === 3
            ? { tag: 'reset-request-after', bytes, when: arrived.promise }
            : { tag: 'none' };
        });
        const source = new BytesSource(content);
        expect(await failureCode(store.putIfAbsent('objects/dd/one.cms', source, { onProgress }))).toBe(
          'cloud-unreachable',
        );
        expect(await store.stat('objects/dd/one.cms')).toBeUndefined();
        uploads = 3;
        const outcome = await store.putIfAbsent('objects/dd/one.cms', new BytesSource(content));
        expect(outcome.tag).toBe('created');
        expect(uploads - 3).toBeLessThan(5);
        expect(sha256(await contentOf(store, 'objects/dd/one.cms'))).toBe(sha256(content));
      },
    );

    it('does not mix blocks of other bytes into an object it resumes', async () => {
      const store = fresh();
      const abandoned = randomBytes(2 * part);
      service().proxy.setFault((request) =>
        service().isCommit(request) ? { tag: 'status', status: 500 } : { tag: 'none' },
      );
      await failure(store.putIfAbsent('objects/ee/one.cms', new BytesSource(abandoned)));
      service().proxy.clear();
      const content = Buffer.concat([randomBytes(part), abandoned.subarray(part)]);
      expect((await store.putIfAbsent('objects/ee/one.cms', new BytesSource(content))).tag).toBe('created');
      expect(sha256(await contentOf(store, 'objects/ee/one.cms'))).toBe(sha256(content));
    });

    it('stores a small object over the blocks of a large one that was never finished', async () => {
      const store = fresh();
      service().proxy.setFault((request) =>
        service().isCommit(request) ? { tag: 'status', status: 500 } : { tag: 'none' },
      );
      await failure(store.putIfAbsent('objects/ef/one.cms', new BytesSource(randomBytes(2 * part))));
      service().proxy.clear();
      const content = randomBytes(1000);
      expect((await store.putIfAbsent('objects/ef/one.cms', new BytesSource(content))).tag).toBe('created');
      expect((await contentOf(store, 'objects/ef/one.cms')).equals(content)).toBe(true);
    });

    it.each([
      ['a small object', 5000],
      ['an object of several blocks', 2 * part],
    ])('answers exists when the answer to the write of %s was lost', async (_name, sizeBytes) => {
      const store = fresh();
      const content = randomBytes(sizeBytes);
      service().proxy.setFault((request) =>
        (sizeBytes > part ? service().isCommit(request) : service().isUpload(request))
          ? { tag: 'lose-answer' }
          : { tag: 'none' },
      );
      expect(await failureCode(store.putIfAbsent('objects/ff/one.cms', new BytesSource(content)))).toBe(
        'cloud-unreachable',
      );
      service().proxy.clear();
      expect(await store.putIfAbsent('objects/ff/one.cms', new BytesSource(content))).toEqual({
        tag: 'exists',
      });
      expect(sha256(await contentOf(store, 'objects/ff/one.cms'))).toBe(sha256(content));
    });

    it.each([
      ['a small object', 5000],
      ['a block', 2 * part],
    ])('has the service notice %s that changed on its way', async (_name, sizeBytes) => {
      const store = fresh();
      service().proxy.setFault((request) =>
        service().isUpload(request) ? { tag: 'corrupt-request', at: 1234 } : { tag: 'none' },
      );
      expect(
        await failureCode(store.putIfAbsent('objects/gg/one.cms', new BytesSource(randomBytes(sizeBytes)))),
      ).toBe('cloud-checksum');
      service().proxy.clear();
      expect(await store.stat('objects/gg/one.cms')).toBeUndefined();
    });

    it('notices an answer that is cut short', async () => {
      const store = fresh();
      await store.putIfAbsent('objects/aa/one.cms', new BytesSource(randomBytes(300_000)));
      service().proxy.setFault(() => ({ tag: 'reset-answer-after', bytes: 100_000 }));
      expect(await failureCode(contentOf(store, 'objects/aa/one.cms'))).toBe('cloud-unreachable');
    });

    it.each([
      ['before it starts', 0],
      ['in the middle of a small object', 5000],
      ['in the middle of a large object', 3 * part],
    ])('stops when it is cancelled %s', async (_name, sizeBytes) => {
      const store = fresh();
      const cancel = new AbortController();
      if (sizeBytes === 0) cancel.abort();
      service().proxy.setFault((request) => {
        if (!service().isUpload(request)) return { tag: 'none' };
        setImmediate(() => cancel.abort());
        return { tag: 'silence' };
      });
      expect(
        await failureCode(
          store.putIfAbsent('objects/jj/one.cms', new BytesSource(randomBytes(sizeBytes)), {
            signal: cancel.signal,
          }),
        ),
      ).toBe('cancelled');
      service().proxy.clear();
      expect(await store.stat('objects/jj/one.cms')).toBeUndefined();
    });

    it.each(answers)('understands an answer of %s', async (_name, status, headers, body, code) => {
      const store = fresh();
      service().proxy.setFault(() => ({ tag: 'status', status, headers, body }));
      expect(
        await failureCode(store.putIfAbsent('objects/kk/one.cms', new BytesSource(randomBytes(100)))),
      ).toBe(code);
      expect(
        await failureCode(store.putIfAbsent('objects/kk/one.cms', new BytesSource(randomBytes(2 * part)))),
      ).toBe(code);
      expect(await failureCode(contentOf(store, 'objects/kk/one.cms'))).toBe(code);
      expect(await failureCode(namesIn(store, ''))).toBe(code);
      expect(await failureCode(store.check())).toBe(code);
    });

    it('passes on how long the service asks to wait', async () => {
      const store = fresh();
      const answer = async (headers: Readonly<Record<string, string>>): Promise<number | undefined> => {
        service().proxy.setFault(() => ({ tag: 'status', status: 503, headers: { ...marks, ...headers } }));
        return (await failure(store.stat('objects/kk/one.cms'))).retryAfterMs;
      };
      expect(await answer({ 'retry-after': '17' })).toBe(17_000);
      expect(await answer({ 'retry-after': '999999999' })).toBe(3_600_000);
      expect(
        await answer({
          date: 'Mon, 05 Jan 2026 09:00:00 GMT',
          'retry-after': 'Mon, 05 Jan 2026 09:01:00 GMT',
        }),
      ).toBe(60_000);
      expect(await answer({ 'retry-after': 'soon' })).toBeUndefined();
      expect(await answer({})).toBeUndefined();
    });

    it('tells what is wrong: key, place, host, connection', async () => {
      expect(await failureCode(keep(service().openWithWrongKey('wrong')).check())).toBe('cloud-auth');
      expect(await failureCode(keep(service().openMissingPlace()).check())).toBe('cloud-container-missing');
      expect(await failureCode(keep(service().openUnknownHost()).check())).toBe('cloud-host-unknown');
      const store = fresh();
      await service().proxy.refuse();
      expect(await failureCode(store.check())).toBe('cloud-unreachable');
      await service().proxy.accept();
      await store.check();
    });
  };
}

cloudStoreContract(
  'Azure Blob',
  4 * miB,
  async () => {
    const azurite = await startAzurite();
    const proxy = await startFaultProxy(azurite.port);
    const container = await azurite.makeContainer();
    const open = (connection: string, place: string, prefix: string): CloudStore =>
      new AzureStore({
        connectionString: Secret.fromText(connection),
        container: place,
        prefix,
        clock: new SystemClock(),
      });
    const through = azurite.connectionString(proxy.port);
    return {
      proxy,
      mend: () => proxy.clear(),
      open: (prefix: string) => open(through, container, prefix),
      openWithWrongKey: (prefix: string) =>
        open(through.replace(azurite.accountKey, randomBytes(64).toString('base64')), container, prefix),
      openMissingPlace: () => open(through, 'not-there', ''),
      openUnknownHost: () =>
        open(through.replace('http://127.0.0.1', 'https://no-such-host.invalid'), container, ''),
      isUpload: (request) => request.method === 'PUT' && !request.url.includes('comp=blocklist'),
      isCommit: (request) => request.method === 'PUT' && request.url.includes('comp=blocklist'),
      stop: async () => {
        await proxy.stop();
        await azurite.stop();
      },
    };
  },
  networkContract(
    [
      ['401', 401, { 'x-ms-request-id': 'r' }, '', 'cloud-auth'],
      ['403', 403, { 'x-ms-request-id': 'r', 'x-ms-error-code': 'AuthenticationFailed' }, '', 'cloud-auth'],
      ['429', 429, { 'x-ms-request-id': 'r' }, '', 'cloud-throttled'],
      ['503', 503, { 'x-ms-request-id': 'r', 'x-ms-error-code': 'ServerBusy' }, '', 'cloud-throttled'],
      ['500', 500, { 'x-ms-request-id': 'r', 'x-ms-error-code': 'InternalError' }, '', 'cloud-server-error'],
      ['502 of a gateway', 502, {}, '', 'cloud-server-error'],
      ['404 of a login page', 404, { 'content-type': 'text/html' }, '', 'cloud-unreachable'],
      ['400', 400, { 'x-ms-request-id': 'r', 'x-ms-error-code': 'InvalidHeaderValue' }, '', 'cloud-refused'],
    ],
    { 'x-ms-request-id': 'r' },
  ),
);

const s3Error = (code: string): string => `<Error><Code>${code}</Code><Message>no</Message></Error>`;
const s3Mark = { 'x-amz-request-id': 'r' };

for (const variant of ['Content-MD5', 'SHA-256 and etags that are no MD5'] as const) {
  cloudStoreContract(
    `S3, ${variant}`,
    8 * miB,
    async () => {
      const server = await startS3Server();
      if (variant !== 'Content-MD5') server.behave({ md5Etags: false });
      const proxy = await startFaultProxy(server.port);
      const open = (secret: string, change: Partial<S3StoreOptions['settings']>): CloudStore =>
        new S3Store({
          settings: {
            bucket: server.bucket,
            prefix: '',
            region: 'eu-central-1',
            endpoint: `http://127.0.0.1:${proxy.port}`,
            addressing: 'path',
            checksum: variant === 'Content-MD5' ? 'md5' : 'sha256',
            createOnly: 'by-service',
            ...change,
          },
          credential: Secret.fromText(`${server.accessKeyId}:${secret}`),
          clock: new SystemClock(),
        });
      const isOurs = (url: string): boolean => !url.includes('/checks/');
      return {
        proxy,
        mend: () => proxy.clear(),
        open: (prefix: string) => open(server.secretAccessKey, { prefix }),
        openWithWrongKey: (prefix: string) => open(randomBytes(30).toString('base64'), { prefix }),
        openMissingPlace: () => open(server.secretAccessKey, { bucket: 'not-there' }),
        openUnknownHost: () => open(server.secretAccessKey, { endpoint: 'https://no-such-host.invalid' }),
        isUpload: ({ method, url }) => method === 'PUT' && isOurs(url),
        isCommit: ({ method, url }) => method === 'POST' && url.includes('uploadId=') && isOurs(url),
        stop: async () => {
          await proxy.stop();
          await server.stop();
        },
      };
    },
    networkContract(
      [
        ['401', 401, s3Mark, '', 'cloud-auth'],
        ['403', 403, s3Mark, s3Error('SignatureDoesNotMatch'), 'cloud-auth'],
        ['429', 429, s3Mark, '', 'cloud-throttled'],
        ['503', 503, s3Mark, s3Error('SlowDown'), 'cloud-throttled'],
        ['500', 500, s3Mark, s3Error('InternalError'), 'cloud-server-error'],
        ['502 of a gateway', 502, { 'content-type': 'text/html' }, '<html>', 'cloud-server-error'],
        ['404 of a login page', 404, { 'content-type': 'text/html' }, '<html>', 'cloud-unreachable'],
        ['400', 400, s3Mark, s3Error('InvalidArgument'), 'cloud-refused'],
        [
          '301',
          301,
          { ...s3Mark, 'x-amz-bucket-region': 'eu-west-1' },
          s3Error('PermanentRedirect'),
          'cloud-region',
        ],
        ['507', 507, s3Mark, s3Error('XMinioStorageFull'), 'cloud-full'],
      ],
      s3Mark,
    ),
  );
}

for (const publishing of ['by-link', 'by-lock'] as const) {
  cloudStoreContract(`folder, ${publishing}`, 4 * miB, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-folder-'));
    const clock = new SystemClock();
    return {
      open: (prefix: string) =>
        new FolderStore({ path: folder, prefix, clock, random: new SystemRandom(), publishing }),
      mend: () => undefined,
      stop: () => rm(folder, { recursive: true, force: true }),
    };
  });
}
