/** A destination added later gets what has left this PC from one that has it: cloud to folder, to S3, through kills. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { FolderStore } from '../../src/main/engine/cloud/folder-store.ts';
import { S3Store } from '../../src/main/engine/cloud/s3-store.ts';
import { openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import type { BackFillChildSettings } from '../support/back-fill-child.ts';
import { both, startBackFill, verifiedAndGone, type BackFillParts } from '../support/back-fill-rig.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { findInstance } from '../support/queue-kit.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';
import { azureStore, bytesOf, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';

const miB = 1024 * 1024;

let azurite: Azurite;
let proxy: FaultProxy;
let rig: UploadRig;
let container: string;
let folder: string;
const running: BackFillParts[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await startFaultProxy(azurite.port);
});
afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
});

beforeEach(async () => {
  proxy.clear();
  container = await azurite.makeContainer();
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-nas-'));
  rig = await UploadRig.open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((parts) => parts.stop()));
  await rig.dispose();
  await rm(folder, { recursive: true, force: true });
});

const cloud = (port?: number): CloudStore => azureStore(azurite.connectionString(port), container);
const nas = (): CloudStore =>
  new FolderStore({ path: folder, prefix: '', clock: rig.clock, random: rig.random });

function start(
  connect: (name: string) => CloudStore,
  overrides?: Parameters<typeof startBackFill>[2],
): BackFillParts {
  const parts = startBackFill(rig, (name) => Promise.resolve(connect(name)), overrides);
  running.push(parts);
  return parts;
}

async function expectWhole(store: CloudStore, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [name, file] of files) {
    const sealed = await bytesOf(store, cloudNames.object(name));
    expect(openWhole(rig.openers, sealed).equals(file)).toBe(true);
  }
  expect(await namesIn(store, cloudNames.objects)).toHaveLength(files.size);
}

async function received(sizes: readonly number[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const [index, size] of sizes.entries()) {
    const image = testImage(String(index), String(index % 3), size);
    files.set(await rig.receive(image), image.file);
  }
  return files;
}

/** Past the product, as somebody with a key of the account might. */
async function replaceInCloud(name: string, bytes: Buffer): Promise<void> {
  const client = azurite.container(container).getBlockBlobClient(cloudNames.object(name));
  await client.upload(bytes, bytes.length);
}

describe('a destination that is added when the images have left this PC', () => {
  it('gets them from the cloud, bit for bit, without a file on this PC', async () => {
    const files = await received([1000, 300_000, 9 * miB, 20_000, 5 * miB]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    const spooled = await readdir(join(rig.dir, 'spool'), { recursive: true });
    const parts = start((name) => (name === 'cloud' ? cloud() : nas()));
    await rig.untilVerified(files.size);
    expect(await readdir(join(rig.dir, 'spool'), { recursive: true })).toEqual(spooled);
    expect(rig.queue.status()).toMatchObject({ pending: 0, parked: 0, failed: 0, spoolBytes: 0 });
    expect(parts.bad).toEqual([]);
    expect(rig.incidents).toEqual([]);
    await expectWhole(nas(), files);
    expect(rig.queue.checkConsistency()).toEqual([]);
  });

  it('may be S3, and gets large ones in parts', async () => {
    const server: S3Server = await startS3Server();
    try {
      const s3 = (): CloudStore =>
        new S3Store({
          settings: {
            bucket: server.bucket,
            prefix: '',
            region: 'auto',
            endpoint: `http://127.0.0.1:${server.port}`,
            addressing: 'path',
            checksum: 'md5',
            createOnly: 'by-service',
          },
          credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
          clock: rig.clock,
        });
      const files = await received([1000, 19 * miB, 40_000]);
      await verifiedAndGone(rig, () => Promise.resolve(cloud()));
      rig.queue.setDestinations(both);
      const parts = start((name) => (name === 'cloud' ? cloud() : s3()));
      await rig.untilVerified(files.size);
      await parts.stop();
      await expectWhole(s3(), files);
    } finally {
      await Promise.all(running.splice(0).map((parts) => parts.stop()));
      await server.stop();
    }
  });

  it('takes what lies there already, from another PC or an attempt whose answer was lost', async () => {
    const files = await received([5000, 6000]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    const [first = ''] = files.keys();
    const sealed = await bytesOf(cloud(), cloudNames.object(first));
    await nas().putIfAbsent(cloudNames.object(first), {
      sizeBytes: sealed.length,
      async *read() {
        await Promise.resolve();
        yield sealed;
      },
    });
    rig.queue.setDestinations(both);
    start((name) => (name === 'cloud' ? cloud() : nas()));
    await rig.untilVerified(2);
    await expectWhole(nas(), files);
  });

  it.each([1000, 9 * miB])(
    'gets nothing of a damaged copy (%i bytes): it is told, looked at, and the others are copied',
    async (size) => {
      const files = await received([size, 2000, 3000]);
      await verifiedAndGone(rig, () => Promise.resolve(cloud()));
      const [bad = '', ...good] = files.keys();
      const bytes = await bytesOf(cloud(), cloudNames.object(bad));
      const at = bytes.length - 400;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await replaceInCloud(bad, bytes);
      rig.queue.setDestinations(both);
      const parts = start((name) => (name === 'cloud' ? cloud() : nas()));
      await rig.until(() => rig.queue.status().verified === 2 && rig.incidents.length > 0);
      expect(rig.incidents).toMatchObject([{ code: 'copy-source-damaged' }]);
      expect(rig.queue.status()).toMatchObject({ parked: 1, failures: [{ code: 'copy-source-damaged' }] });
      expect(parts.bad).toEqual([['cloud', findInstance(rig.queue, bad)?.instanceId]]);
      expect([...(await namesIn(nas(), cloudNames.objects))].sort()).toEqual(
        good.map(cloudNames.object).sort(),
      );
    },
  );

  it('gets no other sealing of the same image than the one that was proven', async () => {
    const image = testImage('1');
    const name = await rig.receive(image);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    const other = await UploadRig.open({ archiveKey: rig.archiveKey });
    try {
      await other.receive(image);
      const [row] = [...other.queue.instances({ tag: 'all' })];
      const chunks: Buffer[] = [];
      for await (const chunk of other.spool.read(row?.spoolId ?? '')) chunks.push(chunk);
      const sealed = Buffer.concat(chunks);
      await replaceInCloud(name, sealed);
    } finally {
      await other.dispose();
    }
    rig.queue.setDestinations(both);
    start((destination) => (destination === 'cloud' ? cloud() : nas()));
    await rig.untilParked();
    expect(rig.incidents).toMatchObject([{ code: 'copy-source-damaged', detail: 'object-tampered' }]);
    expect(await namesIn(nas(), cloudNames.objects)).toEqual([]);
  });

  it('waits for a source that cannot be read, calls nothing damaged, and goes on when it is back', async () => {
    const files = await received([1000, 5 * miB]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    // The connection of the uploads stands; every object that is asked for is cut off.
    proxy.setFault(({ method, url }) =>
      method === 'GET' && url.includes('/objects/')
        ? { tag: 'reset-answer-after', bytes: 100 }
        : { tag: 'none' },
    );
    const parts = start((name) => (name === 'cloud' ? cloud(proxy.port) : nas()));
    await rig.until(() => rig.queue.status().failed === 2);
    expect(rig.queue.status()).toMatchObject({
      parked: 0,
      failures: [{ code: 'copy-source-unreachable', count: 2 }],
    });
    expect(parts.bad).toEqual([]);
    expect(parts.backFill.status.error?.code).toMatch(/^cloud-/);
    proxy.clear();
    parts.backFill.wake();
    await rig.queue.retry({ tag: 'all' });
    await rig.untilVerified(2);
    await expectWhole(nas(), files);
    expect(rig.incidents).toEqual([]);
  });

  it('sends new images first', async () => {
    const files = await received(Array.from({ length: 6 }, () => 50_000));
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    const image = testImage('new', '9');
    files.set(await rig.receive(image), image.file);
    const order: string[] = [];
    rig.queue.onChange(() => {
      for (const row of rig.queue.instances({ tag: 'all' })) {
        const at = row.deliveries.find((one) => one.destination === 'nas')?.state;
        if ((at === 'uploaded' || at === 'verified') && !order.includes(row.objectName))
          order.push(row.objectName);
      }
    });
    start((name) => (name === 'cloud' ? cloud() : nas()));
    await rig.untilVerified(files.size);
    expect(order[0]).toBe(rig.keys.objectName(image.details));
  });

  it('is not copied to while its uploads are held, and goes on after', async () => {
    const files = await received([1000, 2000]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    let isHeld = true;
    const parts = start((name) => (name === 'cloud' ? cloud() : nas()), {
      standing: (name) => {
        const status = parts.stages[name]?.status;
        return status?.link !== 'open' || (isHeld && name === 'nas') ? 'closed' : 'ok';
      },
    });
    await rig.until(() => Object.values(parts.stages).every(({ status }) => status.link === 'open'));
    await rig.clock.sleep(300);
    expect(await namesIn(nas(), cloudNames.objects)).toEqual([]);
    isHeld = false;
    parts.backFill.workArrived();
    await rig.untilVerified(files.size);
  });

  it('may be one that takes images only: they come back to this PC while there is room, and are sent from here', async () => {
    const files = await received([1000, 300_000, 5 * miB]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    const [bad = ''] = files.keys();
    const bytes = await bytesOf(cloud(), cloudNames.object(bad));
    bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
    await replaceInCloud(bad, bytes);
    let asked = 0;
    const parts = start((name) => (name === 'cloud' ? cloud() : nas()), {
      byThisPc: {
        spool: rig.spool,
        adopt: (instanceId, spoolId, sizeBytes) => rig.queue.backFill.adopt(instanceId, spoolId, sizeBytes),
        hasRoom: (sizeBytes) => {
          asked += 1;
          return Promise.resolve(sizeBytes < 100_000_000);
        },
      },
    });
    await rig.until(() => rig.queue.status().verified === 2 && rig.incidents.length > 0);
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(rig.incidents).toMatchObject([{ code: 'copy-source-damaged' }]);
    expect(parts.bad).toHaveLength(1);
    const here = [...rig.queue.instances({ tag: 'all' })].filter(({ spoolId }) => spoolId !== null);
    expect(new Set(here.map(({ objectName }) => objectName))).toEqual(
      new Set([...files.keys()].filter((name) => name !== bad)),
    );
    files.delete(bad);
    await expectWhole(nas(), files);
    expect(rig.queue.checkConsistency()).toEqual([]);
  });

  it('is not filled by way of this PC while its disk has no room', async () => {
    await received([1000]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    let tellAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (tellAsked = resolve));
    start((name) => (name === 'cloud' ? cloud() : nas()), {
      byThisPc: {
        spool: rig.spool,
        adopt: () => Promise.reject(new Error('nothing was to be kept')),
        hasRoom: () => {
          tellAsked();
          return Promise.resolve(false);
        },
      },
    });
    await asked;
    await rig.until(() => rig.queue.backFill.nextDueAtMs('nas') === 0);
    expect(rig.queue.status()).toMatchObject({ pending: 1, failed: 0, parked: 0, spoolBytes: 0 });
  });

  it('waits when there is no credential for the source', async () => {
    await received([1000]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    const parts = startBackFill(rig, (name) => Promise.resolve(name === 'cloud' ? cloud() : nas()), {
      connect: () => Promise.reject(new EdgeSyncError('cloud-secret-missing', 'cloud')),
    });
    running.push(parts);
    await rig.until(() => rig.queue.status().failed === 1);
    expect(parts.bad).toEqual([]);
    expect(rig.queue.status().failures).toMatchObject([{ code: 'copy-source-unreachable' }]);
  });
});

describe('copying that is killed', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  });

  it('goes on where it was: every image verified at the new destination, whole, and named once', async () => {
    const second = await azurite.makeContainer();
    const files = await received([1000, 9 * miB, 200_000, 300_000, 13 * miB, 5000, 6000]);
    await verifiedAndGone(rig, () => Promise.resolve(cloud()));
    rig.queue.setDestinations(both);
    await rig.close();
    const settings: BackFillChildSettings = {
      dir: rig.dir,
      archiveKey: rig.archiveKey.toString('hex'),
      places: {
        cloud: { connection: azurite.connectionString(proxy.port), container },
        nas: { connection: azurite.connectionString(proxy.port), container: second },
      },
    };
    // Counted in requests of both: connecting, the first copies, in the middle of blocks, a list.
    for (const requests of [14, 20, 25, 30]) {
      const child = await startChild(settings);
      const before = proxy.requests.length;
      const killed = new Promise<void>((resolve) => {
        proxy.setFault(() => {
          if (proxy.requests.length - before >= requests) {
            child.process.kill('SIGKILL');
            resolve();
          }
          return { tag: 'none' };
        });
      });
      child.go();
      await killed;
      await child.ended;
      proxy.clear();
    }
    const last = await startChild(settings);
    last.go();
    await last.line(`verified ${files.size}`);
    last.process.stdin.end();
    await last.ended;
    const copy = azureStore(azurite.connectionString(), second);
    await expectWhole(copy, files);
    for (const name of files.keys()) {
      const [one, other] = await Promise.all(
        [cloud(), copy].map(async (store) => bytesOf(store, cloudNames.object(name))),
      );
      const digest = (bytes: Buffer | undefined): string =>
        createHash('sha256')
          .update(bytes ?? '')
          .digest('hex');
      expect(digest(one)).toBe(digest(other));
    }
    rig = await UploadRig.open({ dir: rig.dir, archiveKey: rig.archiveKey, keepsDestinations: true });
    expect(rig.queue.checkConsistency()).toEqual([]);
  });

  async function startChild(settings: BackFillChildSettings) {
    const script = fileURLToPath(new URL('../support/back-fill-child.ts', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
    started.push(child);
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const heard = new Set<string>();
    let wake: () => void = () => undefined;
    let hasEnded = false;
    createInterface({ input: child.stdout }).on('line', (said) => {
      heard.add(said);
      wake();
    });
    void ended.then(() => {
      hasEnded = true;
      wake();
    });
    const line = async (wanted: string): Promise<void> => {
      while (!heard.has(wanted)) {
        if (hasEnded) throw new Error(`the copying process ended: ${errors}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    };
    child.stdin.write(`${JSON.stringify(settings)}\n`);
    await line('ready');
    return { process: child, ended, line, go: () => child.stdin.write('go\n') };
  }
});
