/** Against a stand-in that answers whatever a test says: hostile, broken, half. */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openDicomweb } from '../../../../test/support/dataset-rig.ts';
import type { DatasetIdentity, DatasetStore } from './dataset-store.ts';

const identity: DatasetIdentity = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
  sopInstanceUid: '1.2.3',
  studyInstanceUid: '1.2',
  seriesInstanceUid: '1.2.9',
};
const part = 'multipart/related; type="application/dicom"; boundary=b1';
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function standIn(answer: http.RequestListener): Promise<DatasetStore> {
  const server = http.createServer(answer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const store = await openDicomweb({ url: `http://127.0.0.1:${port}/dicom-web/` });
  ends.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => Promise.resolve(sockets.forEach((socket) => socket.destroy())),
    () => store.close(),
  );
  return store;
}

async function fetched(store: DatasetStore, maxBytes = 1000): Promise<string> {
  const chunks: Buffer[] = [];
  const { tag } = await store.retrieve(identity, { maxBytes, onChunk: (chunk) => chunks.push(chunk) });
  return tag === 'whole' ? Buffer.concat(chunks).toString('latin1') : tag;
}

async function* bytes(chunks: number, chunkBytes = 64 * 1024): AsyncGenerator<Buffer> {
  for (let index = 0; index < chunks; index += 1)
    yield await Promise.resolve(Buffer.alloc(chunkBytes, index));
}

it('sends one part, chunked, and ends it only after the whole file', async () => {
  const seen: Buffer[] = [];
  let headers: http.IncomingHttpHeaders = {};
  const store = await standIn((request, response) => {
    headers = request.headers;
    request.on('data', (chunk: Buffer) => seen.push(chunk));
    request.on('end', () => response.end('{}'));
  });
  await store.store(identity, bytes(3, 10), { sizeBytes: 30 });
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  expect(headers).toMatchObject({ 'transfer-encoding': 'chunked', accept: 'application/dicom+json' });
  expect(headers).not.toHaveProperty('content-length');
  expect(Buffer.concat(seen).toString('latin1')).toBe(
    `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n${'\0'.repeat(10)}${'\x01'.repeat(10)}${'\x02'.repeat(10)}\r\n--${boundary}--\r\n`,
  );
});

it('a file that fails while it is sent never gets an end', async () => {
  let ended = 'no';
  const cut = Promise.withResolvers<undefined>();
  const store = await standIn((request) => {
    request.on('data', () => undefined);
    request.on('end', () => (ended = 'yes'));
    request.on('close', () => cut.resolve(undefined));
    request.on('error', () => undefined);
  });
  const failing = (async function* () {
    yield* bytes(3);
    throw new Error('the copy is damaged');
  })();
  await expect(store.store(identity, failing, { sizeBytes: 1000 })).rejects.toThrow();
  await cut.promise;
  expect(ended).toBe('no');
});

it('an answer that comes while it is still sending ends the sending', async () => {
  let read = 0;
  const store = await standIn((request, response) => {
    request.once('data', () => {
      response.writeHead(413).end();
    });
  });
  const endless = (async function* () {
    for (; read < 100_000; read += 1) yield* bytes(1);
  })();
  await expect(store.store(identity, endless, { sizeBytes: 1000 })).rejects.toMatchObject({
    code: 'pacs-too-large',
  });
  expect(read).toBeLessThan(100_000);
});

it('a success before the end was sent is none', async () => {
  const store = await standIn((request, response) => {
    request.once('data', () => response.end('{}'));
  });
  const endless = (async function* () {
    for (let index = 0; index < 100_000; index += 1) yield* bytes(1);
  })();
  await expect(store.store(identity, endless, { sizeBytes: 1000 })).rejects.toMatchObject({
    code: 'cloud-server-error',
  });
});

it('an answer without end is cut off', async () => {
  const store = await standIn((request, response) => {
    request.resume();
    request.on('end', () => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 0x20))) continue;
      };
      response.on('drain', more);
      more();
    });
  });
  await expect(store.store(identity, bytes(1), { sizeBytes: 1000 })).rejects.toMatchObject({
    code: 'cloud-server-error',
  });
  await expect(store.isListed(identity)).rejects.toMatchObject({ code: 'cloud-server-error' });
});

it('fetches what is there, without recoding', async () => {
  let accept = '';
  let url = '';
  const store = await standIn((request, response) => {
    accept = request.headers.accept ?? '';
    url = request.url ?? '';
    response.writeHead(200, { 'content-type': part });
    response.end('--b1\r\nContent-Type: application/dicom\r\n\r\ncontent\r\n--b1--');
  });
  expect(await fetched(store)).toBe('content');
  expect(accept).toContain('transfer-syntax=*');
  expect(url).toBe('/dicom-web/studies/1.2/series/1.2.9/instances/1.2.3');
});

it.each([
  ['a file longer than it can be', 200, part, `--b1\r\n\r\n${'x'.repeat(2000)}\r\n--b1--`, 'longer'],
  ['another kind of part', 200, part, '--b1\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b1--', 'not-given'],
  ['another kind of answer', 200, 'application/json', '[]', 'not-given'],
  ['a multipart without boundary', 200, 'multipart/related', 'x', 'not-given'],
  ['a bare file', 200, 'application/dicom', 'bare', 'bare'],
  ['nothing there', 404, 'text/plain', 'no', 'absent'],
  ['a form it does not give', 406, 'text/plain', 'no', 'not-given'],
  ['no right to fetch', 403, 'text/plain', 'no', 'not-given'],
])('fetching meets %s', async (_what, status, contentType, text, told) => {
  const store = await standIn((_request, response) => {
    response.writeHead(status, { 'content-type': contentType }).end(text);
  });
  expect(await fetched(store)).toBe(told);
});

it.each([
  ['a login page', 200, 'text/html', '<html>', 'cloud-unreachable'],
  ['two parts', 200, part, '--b1\r\n\r\none\r\n--b1\r\n\r\ntwo\r\n--b1--', 'cloud-server-error'],
  ['a part without end', 200, part, '--b1\r\n\r\none', 'cloud-server-error'],
  ['a refused credential', 401, 'text/plain', '', 'cloud-auth'],
])('fetching %s is an error', async (_what, status, contentType, text, code) => {
  const store = await standIn((_request, response) => {
    response.writeHead(status, { 'content-type': contentType }).end(text);
  });
  await expect(fetched(store)).rejects.toMatchObject({ code });
});

it('a length that promises more than comes is an error, not a shorter file', async () => {
  const store = await standIn((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/dicom', 'content-length': '500' });
    response.write('short');
    setImmediate(() => response.destroy());
  });
  await expect(fetched(store)).rejects.toMatchObject({ code: 'cloud-unreachable' });
});

it('an epilogue without end counts as longer', async () => {
  const store = await standIn((_request, response) => {
    response.writeHead(200, { 'content-type': part });
    response.write('--b1\r\n\r\none\r\n--b1--');
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 0x20))) continue;
    };
    response.on('drain', more);
    more();
  });
  expect(await fetched(store)).toBe('longer');
});

it('UIDs that are none never become part of an address', async () => {
  let asked = 0;
  const store = await standIn((_request, response) => {
    asked += 1;
    response.end();
  });
  const odd = { ...identity, studyInstanceUid: '1.2/../../admin' };
  await expect(store.store(odd, bytes(1), { sizeBytes: 10 })).rejects.toMatchObject({ code: 'pacs-refused' });
  await expect(store.isListed(odd)).rejects.toMatchObject({ code: 'pacs-refused' });
  expect(asked).toBe(0);
});

it('is cancelled while it waits for an answer', async () => {
  const store = await standIn((request) => void request.resume());
  const cancel = new AbortController();
  const storing = store.store(identity, bytes(1), { sizeBytes: 10, signal: cancel.signal });
  setImmediate(() => cancel.abort());
  await expect(storing).rejects.toMatchObject({ code: 'cancelled' });
});

it('needs https for everything but this PC', async () => {
  await expect(
    Promise.resolve().then(() => openDicomweb({ url: 'http://pacs.clinic.example/dicom-web' })),
  ).rejects.toThrow('https');
});

it.each([
  ['basic', 'no colon'],
  ['basic', 'user:pass\nword'],
  ['bearer', 'two words'],
  ['client-certificate', 'x'],
])('a credential for %s that is none is refused without being shown', async (auth, credential) => {
  const opening = openDicomweb(
    { url: 'http://127.0.0.1:1/x', auth: auth as 'basic', certificateFile: '/nowhere.pem' },
    credential,
  );
  await expect(opening).rejects.toMatchObject({
    code: auth === 'client-certificate' ? 'pacs-certificate-file' : 'cloud-secret-malformed',
    detail: expect.not.stringContaining(credential) as string,
  });
});
