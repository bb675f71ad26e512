/** Our own sender against nodes that others wrote, and against our own receiver where a peer has to misbehave. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { storageSopClasses } from '../../src/main/engine/dicom/sop-classes.ts';
import { echo } from '../../src/main/engine/send/echo.ts';
import { sendFiles, type SendProgress } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { makeDicomFile, testUid, type TestFile, type TestImage } from '../support/dicom-files.ts';
import { freePort, startNode, startStorescp, type TestNode, until } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

const clock = new SystemClock();
let folder: string;
let files: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-send-'));
  files = join(folder, 'files');
  await mkdir(files);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function writeImage(name: string, image: TestImage = {}): Promise<TestFile> {
  const file = makeDicomFile({ sopInstanceUid: testUid(name), seed: name, ...image });
  await writeFile(join(files, name), file.bytes);
  return file;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function peerAt(port: number, calledAe = 'EDGESYNC') {
  return { host: '127.0.0.1', port, callingAe: 'SENDER', calledAe };
}

needs('dcmtk')('sending to storescp', () => {
  it('delivers datasets bit for bit, in several syntaxes and sizes', async () => {
    const sent = await Promise.all([
      writeImage('a'),
      writeImage('b', { transferSyntaxUid: '1.2.840.10008.1.2' }),
      writeImage('c', { transferSyntaxUid: '1.2.840.10008.1.2.2' }),
      writeImage('d', { transferSyntaxUid: '1.2.840.10008.1.2.4.90' }),
      writeImage('e', { pixelBytes: 5_000_000 }),
    ]);
    const out = join(folder, 'out');
    await mkdir(out);
    const storescp = await startStorescp(out, ['+B', '+xa']);
    try {
      await expect(echo({ ...peerAt(storescp.port), clock })).resolves.toMatchObject({});
      const report = await sendFiles({ paths: [files], peer: peerAt(storescp.port), clock });
      expect(report.results.map((result) => result.tag)).toEqual(['sent', 'sent', 'sent', 'sent', 'sent']);
    } finally {
      await storescp.stop();
    }
    const digests = await Promise.all(
      (await readdir(out)).map(async (name) => {
        const bytes = await readFile(join(out, name));
        const head = await readPart10Head(bytes, 'whole-file');
        return head.tag === 'dataset' ? digest(bytes.subarray(head.datasetOffset)) : head.tag;
      }),
    );
    expect(digests.sort()).toEqual(sent.map((file) => digest(file.dataset)).sort());
  });
});

describe('sending', () => {
  let node: TestNode;

  beforeEach(async () => {
    node = await startNode();
  });

  afterEach(async () => {
    await node.scp.stop();
  });

  it('opens as many associations as 128 contexts each need', async () => {
    await Promise.all(
      storageSopClasses
        .slice(0, 140)
        .map((one, index) => writeImage(String(index), { sopClassUid: one.uid })),
    );
    const report = await sendFiles({ paths: [files], peer: peerAt(node.port), clock });
    expect(report).toMatchObject({ sent: 140, failed: 0 });
    await until(() => ended(node) === 2, 'two associations ended');
  });

  it('tells progress that never goes back and ends complete', async () => {
    await writeImage('a', { pixelBytes: 2_000_000 });
    await writeImage('b');
    const told: SendProgress[] = [];
    await sendFiles({
      paths: [files],
      peer: peerAt(node.port),
      clock,
      onProgress: (progress) => void told.push(progress),
    });
    for (const [index, progress] of told.entries()) {
      expect(progress.bytes).toBeGreaterThanOrEqual(told[index - 1]?.bytes ?? 0);
    }
    const last = told.at(-1);
    expect(last).toMatchObject({ files: 2, sent: 2, failed: 0 });
    expect(last?.bytes).toBe(last?.totalBytes);
  });

  it('gives each file that is no image its own result and sends the rest', async () => {
    await writeImage('good');
    await writeFile(join(files, 'letter.txt'), 'Dear colleague, '.repeat(100));
    const report = await sendFiles({
      paths: [files, join(folder, 'absent')],
      peer: peerAt(node.port),
      clock,
    });
    expect(report.sent).toBe(1);
    const codes = report.results.flatMap((result) => (result.tag === 'failed' ? [result.error.code] : []));
    expect(codes.sort()).toEqual(['file-not-readable', 'not-dicom']);
  });

  it('passes on the status of a refusal and goes on with the next file', async () => {
    await writeImage('a');
    await writeImage('b');
    let turn = 0;
    node.intake.outcome = () => {
      turn += 1;
      return turn === 1
        ? { tag: 'refused', error: new EdgeSyncError('disk-full') }
        : { tag: 'duplicate', objectName: '' };
    };
    const report = await sendFiles({ paths: [files], peer: peerAt(node.port), clock });
    expect(report.results[0]).toMatchObject({
      tag: 'failed',
      error: { code: 'peer-refused', detail: 'status A700' },
    });
    expect(report.results[1]).toMatchObject({ tag: 'sent' });
  });

  it('is cancelled in the middle of an image: the peer keeps nothing, the rest is not tried', async () => {
    await writeImage('a', { pixelBytes: 60_000_000 });
    await writeImage('b');
    const cancel = new AbortController();
    node.intake.beforeWrite = () => {
      if (node.intake.sizeBytes > 1_000_000) cancel.abort();
      return new Promise((resolve) => setTimeout(resolve, 1));
    };
    const report = await sendFiles({ paths: [files], peer: peerAt(node.port), clock, signal: cancel.signal });
    expect(report.results.map((one) => one.tag === 'failed' && one.error.code)).toEqual([
      'cancelled',
      'cancelled',
    ]);
    await until(() => node.intake.aborted === 1, 'the stream aborted');
    expect(node.intake.stored).toEqual([]);
  });

  it('says how it was refused', async () => {
    await expect(echo({ ...peerAt(node.port, 'OTHER'), clock })).rejects.toMatchObject({
      code: 'peer-refused',
      detail: 'its AE title is another one',
    });
  });
});

describe('sending to nothing', () => {
  it('fails as unreachable where nobody listens', async () => {
    await expect(echo({ ...peerAt(await freePort()), clock })).rejects.toMatchObject({
      code: 'peer-unreachable',
    });
  });

  it('fails as timed out where somebody listens and never answers', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const fake = new FakeClock();
    const result = expect(echo({ ...peerAt(port), clock: fake })).rejects.toMatchObject({
      code: 'peer-timeout',
    });
    const [connection] = (await once(silent, 'connection')) as [{ destroy(): void }];
    await fake.advance(31_000);
    await result;
    connection.destroy();
    silent.close();
  });

  it('fails as refused where something else than DICOM answers', async () => {
    const web = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(web, 'listening');
    const address = web.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(echo({ ...peerAt(port), clock })).rejects.toMatchObject({ code: 'peer-refused' });
    web.close();
  });
});

function ended(node: TestNode): number {
  return node.logger.lines.filter((line) => line.event === 'association ended').length;
}
