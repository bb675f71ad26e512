import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import { startS3Server, type S3Server } from '../../../../test/support/s3-server.ts';
import { startFaultProxy } from '../../../../test/support/fault-proxy.ts';
import { needs, programPath } from '../../../../test/support/tools.ts';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import type { Clock } from '../ports.ts';
import type { ObjectSource } from './cloud-store.ts';
import { parseS3Credential } from './s3-credential.ts';
import { S3Store, type S3StoreOptions } from './s3-store.ts';

const miB = 1024 * 1024;
let server: S3Server;

beforeEach(async () => {
  server = await startS3Server();
});
afterEach(() => server.stop());

function open(
  change: Partial<S3StoreOptions['settings']> = {},
  more: { readonly clock?: Clock; readonly agent?: http.Agent } = {},
): S3Store {
  return new S3Store({
    settings: {
      bucket: server.bucket,
      prefix: 'archive',
      region: 'eu-central-1',
      endpoint: `http://127.0.0.1:${server.port}`,
      addressing: 'path',
      checksum: 'md5',
      createOnly: 'by-service',
      ...change,
    },
    credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
    clock: more.clock ?? new SystemClock(),
    ...(more.agent === undefined ? {} : { outgoing: () => more.agent ?? http.globalAgent }),
  });
}

function sourceOf(bytes: Buffer): ObjectSource {
  return {
    sizeBytes: bytes.length,
    async *read() {
      await Promise.resolve();
      yield bytes;
    },
  };
}

async function failure(promise: Promise<unknown>): Promise<EdgeSyncError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => {
      if (error instanceof EdgeSyncError) return error;
      throw error as Error;
    },
  );
}

async function listed(store: S3Store): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list('')) names.push(name);
  return names;
}

describe('an S3 destination', () => {
  it('is reached by virtual host names too', async () => {
    // images.localhost is this PC (RFC 6761 6.3), which not every system's resolver knows.
    const agent = new http.Agent({
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const place = { addressing: 'virtual', endpoint: `http://localhost:${server.port}` } as const;
    const store = open(place, { agent });
    await store.check();
    expect(server.requests.every((one) => !one.includes('/images'))).toBe(true);
    expect([...server.objects.keys()]).toEqual(['archive/checks/write']);
    await store.close();
  });

  it('asks for no more than one request for each small object', async () => {
    const store = open();
    await store.check();
    const before = server.requests.length;
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(randomBytes(1000)));
    expect(server.requests.length - before).toBe(1);
    await store.close();
  });

  it('aborts its upload when the object has come to be there meanwhile', async () => {
    const store = open();
    const bytes = randomBytes(9 * miB);
    await store.putIfAbsent('objects/aa/zero.cms', sourceOf(bytes));
    const source: ObjectSource = {
      sizeBytes: bytes.length,
      async *read() {
        yield bytes;
        await open().putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('first')));
      },
    };
    expect(await store.putIfAbsent('objects/aa/one.cms', source)).toEqual({ tag: 'exists' });
    expect([...server.uploads.values()]).toEqual([]);
    await store.close();
  });

  it('takes away uploads that nobody has finished for a week, and no younger or foreign ones', async () => {
    const store = open();
    const uploads = server.uploads as Map<string, { key: string; parts: Map<number, never> }>;
    uploads.set('ours', { key: 'archive/objects/aa/one.cms', parts: new Map<number, never>() });
    uploads.set('foreign', { key: 'holiday/one.jpg', parts: new Map<number, never>() });
    await store.check();
    expect([...uploads.keys()]).toEqual(['ours', 'foreign']);
    server.behave({ uploadsAgeMs: 8 * 24 * 60 * 60_000 });
    await store.check();
    expect([...uploads.keys()]).toEqual(['foreign']);
    await store.close();
  });

  it('resumes after a restart: a new store sends only the parts that are missing', async () => {
    const bytes = randomBytes(33 * miB);
    const first = open();
    const half: ObjectSource = {
      sizeBytes: bytes.length,
      async *read() {
        yield bytes.subarray(0, 24 * miB);
        // Long enough for the first parts to be there.
        while ([...server.uploads.values()].every((one) => one.parts.size < 3)) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        throw new EdgeSyncError('cancelled');
      },
    };
    await failure(first.putIfAbsent('objects/aa/one.cms', half));
    await first.close();
    const second = open();
    const before = server.requests.length;
    expect((await second.putIfAbsent('objects/aa/one.cms', sourceOf(bytes))).tag).toBe('created');
    const sent = server.requests
      .slice(before)
      .filter((one) => one.startsWith('PUT') && one.includes('objects'));
    expect(sent).toHaveLength(2);
    const stored = server.objects.get('archive/objects/aa/one.cms')?.bytes ?? Buffer.alloc(0);
    expect(createHash('sha256').update(stored).digest('hex')).toBe(
      createHash('sha256').update(bytes).digest('hex'),
    );
    await second.close();
  });

  it('gives up on a service that takes the parts and never answers whether it joined them', async () => {
    const proxy = await startFaultProxy(server.port);
    const system = new SystemClock();
    const deadlines = new Set<() => void>();
    const hasty: Clock = {
      nowMs: () => system.nowMs(),
      monotonicMs: () => system.monotonicMs(),
      sleep: (ms, signal) => system.sleep(ms, signal),
      after: (_ms, task) => {
        deadlines.add(task);
        return { cancel: () => void deadlines.delete(task) };
      },
    };
    proxy.setFault(({ method, url }) => {
      if (method !== 'POST' || !url.includes('uploadId=') || !url.includes('objects')) return { tag: 'none' };
      // Its deadline passes.
      setImmediate(() => deadlines.forEach((task) => task()));
      return { tag: 'silence' };
    });
    const store = open({ endpoint: `http://127.0.0.1:${proxy.port}` }, { clock: hasty });
    expect(
      (await failure(store.putIfAbsent('objects/aa/one.cms', sourceOf(randomBytes(9 * miB))))).code,
    ).toBe('cloud-unreachable');
    proxy.clear();
    expect((await store.putIfAbsent('objects/aa/one.cms', sourceOf(randomBytes(9 * miB)))).tag).toBe(
      'created',
    );
    await store.close();
    await proxy.stop();
  });

  it('holds no more than a few parts of a large object in memory', async () => {
    const store = open();
    // More than twice the ceiling below: held whole, it would be seen.
    const sizeBytes = 96 * miB;
    const chunk = Buffer.alloc(miB, 7);
    let mostAhead = 0;
    let confirmed = 0;
    const source: ObjectSource = {
      sizeBytes,
      async *read() {
        for (let at = 0; at < sizeBytes; at += chunk.length) {
          await Promise.resolve();
          mostAhead = Math.max(mostAhead, at - confirmed);
          yield chunk;
        }
      },
    };
    const outcome = await store.putIfAbsent('objects/aa/one.cms', source, {
      onProgress: (bytes) => {
        confirmed = bytes;
      },
    });
    expect(outcome.tag).toBe('created');
    expect(mostAhead).toBeLessThanOrEqual(5 * 8 * miB);
    await store.close();
  });

  it.each([
    ['names outside the prefix', (xml: string) => xml.replaceAll('<Key>archive/', '<Key>elsewhere/')],
    [
      'names out of order',
      (xml: string) =>
        xml.replace('</ListBucketResult>', '<Contents><Key>archive/a</Key></Contents></ListBucketResult>'),
    ],
    [
      'no names and more to come',
      () =>
        '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>',
    ],
    [
      'the same page for ever',
      (xml: string) =>
        xml.replace(
          '<IsTruncated>false</IsTruncated>',
          '<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>',
        ),
    ],
    ['an answer that never ends', (xml: string) => xml + ' '.repeat(9 * miB)],
  ])('does not follow a listing with %s', async (_name, listing) => {
    const store = open();
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(Buffer.from('x')));
    server.behave({ listing });
    expect((await failure(listed(store))).code).toBe('cloud-server-error');
    await store.close();
  });

  it('names the clock when it is wrong although the service still answers', async () => {
    const system = new SystemClock();
    const clock: Clock = {
      nowMs: () => system.nowMs() + 3 * 60 * 60_000,
      monotonicMs: () => system.monotonicMs(),
      sleep: (ms, signal) => system.sleep(ms, signal),
      after: (ms, task) => system.after(ms, task),
    };
    const store = open({}, { clock });
    expect(await failure(store.check())).toMatchObject({
      code: 'cloud-clock-skew',
      detail: 'it is 3 hours ahead',
    });
    await store.close();
  });
});

describe('an S3 service that lies', () => {
  async function from(answer: (response: http.ServerResponse) => void): Promise<ErrorCode> {
    const liar = http.createServer({ maxHeaderSize: 1e6 }, (request, response) => {
      response.on('error', () => undefined);
      request.resume();
      request.once('end', () => answer(response));
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    const store = open({ endpoint: `http://127.0.0.1:${(liar.address() as AddressInfo).port}` });
    try {
      const read = async (): Promise<void> => {
        for await (const chunk of store.read('objects/aa/one.cms'))
          expect(chunk.length).toBeLessThan(10 * miB);
      };
      return (await failure(read())).code;
    } finally {
      await store.close();
      liar.closeAllConnections();
      await new Promise((resolve) => liar.close(resolve));
    }
  }

  it.each<[string, (response: http.ServerResponse) => void, ErrorCode]>([
    [
      'about the length of an object',
      (to) => to.writeHead(200, { 'content-length': '1000' }).end('short'),
      'cloud-unreachable',
    ],
    [
      'with giant headers',
      (to) => to.writeHead(200, { 'x-big': 'x'.repeat(200_000) }).end(),
      'cloud-unreachable',
    ],
    [
      'with a giant text of an error',
      (to) => to.writeHead(400, { 'content-type': 'application/xml' }).end('x'.repeat(2 * miB)),
      'cloud-server-error',
    ],
    [
      'with an error that is no XML',
      (to) => to.writeHead(400, { 'x-amz-request-id': 'r' }).end('{"a":'),
      'cloud-refused',
    ],
    ['with no answer at all', (to) => to.destroy(), 'cloud-unreachable'],
  ])('%s is not believed', async (_name, answer, code) => {
    expect(await from(answer)).toBe(code);
  });
});

describe('the credential of an S3 destination', () => {
  it('is read as KEYID:SECRET, with a session token, or as lines of the vendor’s file', () => {
    const read = (text: string): unknown => parseS3Credential(Secret.fromText(text));
    expect(read('AKIA1:secret/+secret\n')).toEqual({
      accessKeyId: 'AKIA1',
      secretAccessKey: 'secret/+secret',
    });
    expect(read('AKIA1:secretsecret:tok/en==')).toMatchObject({ sessionToken: 'tok/en==' });
    expect(read('[default]\naws_access_key_id = AKIA1\naws_secret_access_key=secretsecret\n')).toEqual({
      accessKeyId: 'AKIA1',
      secretAccessKey: 'secretsecret',
    });
  });

  it.each([
    '',
    'AKIA1',
    'AKIA1:',
    ':secretsecret',
    'AK IA:secretsecret',
    'AKIA1:secretsecret:',
    `A:${'x'.repeat(9000)}`,
  ])('is refused when it is odd (%#), and its value is not shown', (text) => {
    try {
      parseS3Credential(Secret.fromText(text));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'cloud-secret-malformed' });
      expect(String(error)).not.toContain('secretsecret');
    }
  });
});

needs('rclone')('the S3 service of the tests', () => {
  it('is understood by another program, which reads what we wrote and is refused with a wrong key', async () => {
    const store = open();
    const bytes = randomBytes(9 * miB);
    await store.putIfAbsent('objects/aa/one.cms', sourceOf(bytes));
    await store.close();
    const rclone = (secret: string, ...args: string[]): Promise<{ stdout: Buffer }> =>
      promisify(execFile)(
        programPath('rclone'),
        ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1', ...args],
        {
          encoding: 'buffer',
          maxBuffer: 20 * miB,
          env: {
            PATH: process.env['PATH'],
            HOME: '/nonexistent',
            RCLONE_CONFIG_T_TYPE: 's3',
            RCLONE_CONFIG_T_PROVIDER: 'Other',
            RCLONE_CONFIG_T_ENDPOINT: `http://127.0.0.1:${server.port}`,
            RCLONE_CONFIG_T_ACCESS_KEY_ID: server.accessKeyId,
            RCLONE_CONFIG_T_SECRET_ACCESS_KEY: secret,
            RCLONE_CONFIG_T_LIST_VERSION: '2',
          },
        },
      );
    const { stdout } = await rclone(
      server.secretAccessKey,
      'cat',
      `t:${server.bucket}/archive/objects/aa/one.cms`,
    );
    expect(stdout.equals(bytes)).toBe(true);
    await expect(rclone('wrong', 'lsf', `t:${server.bucket}`)).rejects.toThrow();
  });
});
