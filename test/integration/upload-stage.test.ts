/** The upload stage on a real spool, queue and storage emulator, with faults in between. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { sealWhole } from '../../src/main/engine/seal/envelope-writer.ts';
import { decodeManifest, manifestEntries } from '../../src/main/engine/upload/manifest.ts';
import { wholeSource } from '../../src/main/engine/upload/manifest-writer.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { findInstance } from '../support/queue-kit.ts';
import { startFaultProxy, type FaultProxy, type SeenRequest } from '../support/fault-proxy.ts';
import { azureStore, bytesOf, destination, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';

const miB = 1024 * 1024;
const isObjectPut = (request: SeenRequest): boolean =>
  request.method === 'PUT' && request.url.includes('/objects/');
const isManifestPut = (request: SeenRequest): boolean =>
  request.method === 'PUT' && request.url.includes('/manifests/');

describe('the upload stage', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let container: string;
  let prefixes = 0;
  let prefix = '';
  let store: CloudStore;
  let rig: UploadRig;
  const toClose: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
  });
  afterEach(async () => {
    proxy.clear();
    for (const close of toClose.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await proxy.stop();
    await azurite.stop();
  });

  async function fresh(): Promise<UploadRig> {
    prefixes += 1;
    prefix = `s${prefixes}`;
    store = azureStore(azurite.connectionString(), container, prefix);
    toClose.push(() => store.close());
    rig = await UploadRig.open();
    toClose.push(() => rig.dispose());
    return rig;
  }
  const connect = (): Promise<CloudStore> =>
    Promise.resolve(azureStore(azurite.connectionString(proxy.port), container, prefix));

  it('proves small and large images in the cloud and names each in one manifest', async () => {
    await fresh();
    const images = [testImage('1'), testImage('2', '1', 9 * miB), testImage('3', '2')];
    const names = await Promise.all(images.map((image) => rig.receive(image)));
    rig.stage(connect).start();
    await rig.untilVerified(3);

    for (const [index, name] of names.entries()) {
      const sealed = await bytesOf(store, cloudNames.object(name));
      expect(openWhole(rig.openers, sealed).equals(images[index]!.file)).toBe(true);
    }
    const manifests = await namesIn(store, cloudNames.manifests);
    const entries = await Promise.all(
      manifests.map(async (name) =>
        [
          ...manifestEntries(
            decodeManifest(openWhole(rig.openers, await bytesOf(store, name)), (bytes) =>
              rig.keys.manifestMac(bytes),
            ),
          ),
        ].map((entry) => entry.objectName),
      ),
    );
    expect(entries.flat().sort()).toEqual([...names].sort());
    expect((await bytesOf(store, cloudNames.archiveKey(rig.keys.archiveId))).toString()).toBe('{"record":1}');
  });

  it('puts nothing that identifies a patient into a name or a log line', async () => {
    await fresh();
    await rig.receive(testImage('77665544'));
    rig.stage(connect).start();
    await rig.untilVerified(1);
    const seen = JSON.stringify([await namesIn(store, ''), proxy.requests, rig.logger.lines]);
    expect(seen).not.toMatch(/Canary|1\.2\.826|77665544/);
  });

  it('sends what arrives while it runs', async () => {
    await fresh();
    rig.stage(connect).start();
    await rig.receive(testImage('1'));
    await rig.untilVerified(1);
    await rig.receive(testImage('2'));
    await rig.untilVerified(2);
  });

  it('sends nothing before the recovery words are proven', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    let isProven = false;
    const stage = rig.stage(connect, { mayUpload: () => isProven });
    const before = proxy.requests.length;
    stage.start();
    await rig.clock.sleep(200);
    expect(proxy.requests.length).toBe(before);
    expect(stage.status).toMatchObject({ state: 'paused', error: { code: 'recovery-not-proven' } });
    isProven = true;
    stage.wake();
    await rig.untilVerified(1);
    expect(stage.status.state).toBe('ok');
  });

  it('gives an object sealed before enrolment its recovery recipient first', async () => {
    await fresh();
    const current = rig.sealers.recoveryFingerprint;
    rig.sealers.setRecipients([rig.keys.kekRecipient(1)], null);
    await rig.receive(testImage('1'));
    rig.sealers.setRecipients([rig.keys.kekRecipient(1)], current);
    const reheaded: number[] = [];
    rig
      .stage(connect, {
        rehead: (job) => {
          reheaded.push(job.instanceId);
          return Promise.resolve({ ...job, recoveryFingerprint: current });
        },
      })
      .start();
    await rig.untilVerified(1);
    expect(reheaded).toHaveLength(1);
  });

  it.each([
    ['changed', (file: Buffer) => file.writeUInt8(file.readUInt8(file.length - 600) ^ 1, file.length - 600)],
    ['changed, large', (file: Buffer) => file.writeUInt8(file.readUInt8(5 * miB) ^ 1, 5 * miB)],
  ])(
    'parks a local copy that was %s on the disk, sends none of it, and sends the others',
    async (name, damage) => {
      await fresh();
      const image = testImage('1', '1', name.endsWith('large') ? 9 * miB : 2000);
      const sealed = sealWhole(rig.sealers, image.file);
      damage(sealed);
      const damaged = await rig.receive(image, sealed);
      await rig.receive(testImage('2', '2'));
      rig.stage(connect).start();
      await rig.untilVerified(1);
      await rig.untilParked();
      expect(await store.stat(cloudNames.object(damaged))).toBeUndefined();
      expect(rig.incidents).toMatchObject([{ code: 'object-tampered' }]);
    },
  );

  it('parks an image whose local copy is gone, or holds another image', async () => {
    await fresh();
    const gone = findInstance(rig.queue, await rig.receive(testImage('1')));
    await rig.spool.remove(gone!.spoolId!);
    const other = testImage('2');
    rig.stage(connect).start();
    await rig.untilParked();
    expect(rig.incidents.map((one) => one.code)).toEqual(['object-missing']);

    await fresh();
    const name = await rig.receive(testImage('3'), sealWhole(rig.sealers, other.file));
    rig.stage(connect).start();
    await rig.untilParked();
    expect(rig.incidents).toMatchObject([{ code: 'object-tampered', detail: 'another image is inside' }]);
    expect(await store.stat(cloudNames.object(name))).toBeUndefined();
  });

  it('takes what is there already for its own when the same image is inside, whoever sealed it', async () => {
    await fresh();
    const image = testImage('1');
    const name = rig.keys.objectName(image.details);
    const theirs = sealWhole(rig.sealers, image.file);
    await store.putIfAbsent(cloudNames.object(name), wholeSource(theirs));
    await rig.receive(image);
    rig.stage(connect).start();
    await rig.untilVerified(1);
    expect((await bytesOf(store, cloudNames.object(name))).equals(theirs)).toBe(true);
    const row = findInstance(rig.queue, name);
    expect(row?.deliveries[0]?.objectSha256).toBe(createHash('sha256').update(theirs).digest('hex'));
  });

  it.each<[string, (rig: UploadRig) => Buffer]>([
    ['another image', (one) => sealWhole(one.sealers, testImage('9').file)],
    ['something that is no sealed object', () => Buffer.from('nothing of ours')],
  ])('parks an image under whose name lies %s, and overwrites nothing', async (_name, make) => {
    await fresh();
    const image = testImage('1');
    const name = cloudNames.object(rig.keys.objectName(image.details));
    const there = make(rig);
    await store.putIfAbsent(name, wholeSource(there));
    await rig.receive(image);
    rig.stage(connect).start();
    await rig.untilParked();
    expect(rig.incidents).toMatchObject([{ code: 'cloud-conflict' }]);
    expect((await bytesOf(store, name)).equals(there)).toBe(true);
  });

  it('stores an image once though the answer to its upload was lost', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    let lost = 0;
    proxy.setFault((request) => {
      if (!isObjectPut(request) || lost > 0) return { tag: 'none' };
      lost += 1;
      return { tag: 'lose-answer' };
    });
    rig.stage(connect).start();
    await rig.untilVerified(1);
    expect(lost).toBe(1);
    expect(await namesIn(store, cloudNames.objects)).toHaveLength(1);
  });

  it.each([
    ['the answer is lost after it is stored', { tag: 'lose-answer' } as const],
    ['the service fails', { tag: 'status', status: 500 } as const],
  ])('writes a manifest once when %s', async (_name, fault) => {
    await fresh();
    await rig.receive(testImage('1'));
    let faults = 0;
    proxy.setFault((request) => {
      if (!isManifestPut(request) || faults > 0) return { tag: 'none' };
      faults += 1;
      return fault;
    });
    rig.stage(connect).start();
    await rig.untilVerified(1);
    expect(faults).toBe(1);
    expect(await namesIn(store, cloudNames.manifests)).toEqual([
      cloudNames.manifest(rig.queue.installationId, 1),
    ]);
  });

  it('verifies nothing, and says so, when another list lies under the next number', async () => {
    await fresh();
    const name = cloudNames.manifest(rig.queue.installationId, 1);
    await store.putIfAbsent(name, wholeSource(Buffer.from('not ours')));
    await rig.receive(testImage('1'));
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => rig.incidents.length > 0);
    expect(rig.incidents).toMatchObject([{ code: 'manifest-broken' }]);
    expect(rig.queue.status().verified).toBe(0);
    expect(stage.status).toMatchObject({ state: 'refused', error: { code: 'manifest-broken' } });
  });

  it('goes on with the others while one image fails over and over', async () => {
    await fresh();
    const bad = await rig.receive(testImage('1'));
    proxy.setFault((request) =>
      request.url.includes(bad) && request.method === 'PUT'
        ? { tag: 'reset-request-after', bytes: 100 }
        : { tag: 'none' },
    );
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => rig.queue.status().failed === 1);
    for (let index = 2; index < 12; index += 1) await rig.receive(testImage(String(index)));
    await rig.untilVerified(10);
    expect(stage.status.state).toBe('ok');
    proxy.clear();
    stage.wake();
    await rig.untilVerified(11);
  });

  it('pauses on a refused credential without using attempts, and goes on with a new one when woken', async () => {
    await fresh();
    for (let index = 0; index < 6; index += 1) await rig.receive(testImage(String(index)));
    let connection = azurite
      .connectionString(proxy.port)
      .replace(azurite.accountKey, Buffer.alloc(64, 1).toString('base64'));
    const stage = rig.stage(() => Promise.resolve(azureStore(connection, container, prefix)));
    stage.start();
    await rig.until(() => stage.status.state === 'refused');
    expect(stage.status.error?.code).toBe('cloud-auth');
    expect(rig.queue.status()).toMatchObject({ pending: 6, failed: 0 });
    connection = azurite.connectionString(proxy.port);
    stage.wake();
    await rig.untilVerified(6);
    expect(stage.status.state).toBe('ok');
  });

  it('pauses when the credential is withdrawn in the middle, and no image uses an attempt', async () => {
    await fresh();
    const stage = rig.stage(connect);
    stage.start();
    await rig.receive(testImage('0'));
    await rig.untilVerified(1);
    proxy.setFault(() => ({
      tag: 'status',
      status: 403,
      headers: { 'x-ms-request-id': 'r', 'x-ms-error-code': 'AuthenticationFailed' },
    }));
    for (let index = 1; index < 6; index += 1) await rig.receive(testImage(String(index)));
    await rig.until(() => stage.status.state === 'refused' && stage.status.active === 0);
    expect(rig.queue.status()).toMatchObject({ verified: 1, pending: 5, failed: 0 });
    proxy.clear();
    stage.wake();
    await rig.untilVerified(6);
  });

  it('says why it cannot connect: credential missing, container missing', async () => {
    await fresh();
    const stage = rig.stage(() => Promise.reject(new EdgeSyncError('cloud-secret-missing')));
    stage.start();
    await rig.until(() => stage.status.state === 'paused');
    expect(stage.status.error?.code).toBe('cloud-secret-missing');
    const other = rig.stage(() => Promise.resolve(azureStore(azurite.connectionString(), 'not-there')));
    other.start();
    await rig.until(() => other.status.state === 'refused');
    expect(other.status.error?.code).toBe('cloud-container-missing');
  });

  it('survives an outage: probes now and then, then sends everything', async () => {
    await fresh();
    const stage = rig.stage(connect);
    stage.start();
    await rig.receive(testImage('0'));
    await rig.untilVerified(1);
    await proxy.refuse();
    for (let index = 1; index <= 20; index += 1) await rig.receive(testImage(String(index)));
    await rig.until(() => stage.status.state === 'retrying');
    expect(stage.status.error?.code).toBe('cloud-unreachable');
    const { failed } = rig.queue.status();
    expect(failed).toBeLessThan(10);
    await proxy.accept();
    stage.wake();
    await rig.untilVerified(21);
    expect(stage.status).toMatchObject({ state: 'ok', error: null });
  });

  it('stops at once, gives its jobs back without an attempt, and the next start finishes them', async () => {
    await fresh();
    await rig.receive(testImage('1', '1', 9 * miB));
    proxy.setFault((request) => (isObjectPut(request) ? { tag: 'silence' } : { tag: 'none' }));
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(
      () => stage.status.active === 1 && proxy.requests.some((request) => request.url.includes(prefix)),
    );
    await stage.stop();
    expect(stage.status.active).toBe(0);
    expect(rig.queue.nextDueAtMs(destination)).toBe(0);
    expect(rig.queue.status()).toMatchObject({ pending: 1, failed: 0 });
    proxy.clear();
    rig.stage(connect).start();
    await rig.untilVerified(1);
  });

  it('drains: finishes what is under way and its manifest, and takes nothing new', async () => {
    await fresh();
    await rig.receive(testImage('1', '1', 9 * miB));
    proxy.setFault((request) => (isObjectPut(request) ? { tag: 'delay', ms: 100 } : { tag: 'none' }));
    const stage = rig.stage(connect, { concurrency: 1 });
    stage.start();
    await rig.until(() => stage.status.active === 1);
    await rig.receive(testImage('2'));
    await stage.drain(new AbortController().signal);
    expect(rig.queue.status()).toMatchObject({ verified: 1, pending: 1 });
  });

  it('writes again exactly the manifest that a crash interrupted', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    proxy.setFault((request) => (isManifestPut(request) ? { tag: 'lose-answer' } : { tag: 'none' }));
    rig.stage(connect).start();
    const name = cloudNames.manifest(rig.queue.installationId, 1);
    await rig.until(() => proxy.requests.some((request) => request.url.includes(name)));
    await rig.close();
    const stored = await bytesOf(store, name);
    proxy.clear();
    const again = await UploadRig.open({ dir: rig.dir, archiveKey: rig.archiveKey });
    toClose.push(() => again.close());
    await again.receive(testImage('2'));
    again.stage(connect).start();
    await again.untilVerified(2);
    expect((await bytesOf(store, name)).equals(stored)).toBe(true);
    const first = decodeManifest(openWhole(again.openers, stored), (bytes) => again.keys.manifestMac(bytes));
    expect([...manifestEntries(first)]).toHaveLength(1);
    expect(await namesIn(store, cloudNames.manifests)).toHaveLength(2);
    rig = again;
  });

  it('proves an idle destination with a probe, once', async () => {
    await fresh();
    const stage = rig.stage(connect, {
      lastProofAtMs: () => rig.queue.status().destinations[0]?.lastProofAtMs ?? null,
    });
    stage.start();
    await rig.until(() => rig.queue.status().destinations[0]?.lastProofAtMs !== null);
    stage.workArrived();
    await rig.clock.sleep(300);
    expect(await namesIn(store, `checks/${rig.queue.installationId}`)).toHaveLength(1);
  });

  it('refuses to go on when another archive key lies under its name', async () => {
    await fresh();
    await store.putIfAbsent(
      cloudNames.archiveKey(rig.keys.archiveId),
      wholeSource(Buffer.from('{"record":2}')),
    );
    await rig.receive(testImage('1'));
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => stage.status.state === 'refused');
    expect(stage.status.error?.code).toBe('archive-key-conflict');
    expect(await namesIn(store, cloudNames.objects)).toEqual([]);
  });

  it('stores the record of a new recovery kit while it runs, before anything more is sent', async () => {
    await fresh();
    await rig.receive(testImage('1'));
    const stage = rig.stage(connect);
    stage.start();
    await rig.untilVerified(1);
    const { archiveId } = rig.keys;
    const fingerprint = 'ab'.repeat(32);
    rig.laterRecords = [{ archiveId, fingerprint, bytes: Buffer.from('{"record":2}') }];
    const before = proxy.requests.length;
    await rig.receive(testImage('2'));
    stage.wake();
    await rig.untilVerified(2);
    const name = cloudNames.archiveKeyOfKit(archiveId, fingerprint);
    expect(await namesIn(store, cloudNames.keys)).toEqual([name, cloudNames.archiveKey(archiveId)].sort());
    expect((await bytesOf(store, name)).toString()).toBe('{"record":2}');
    const later = proxy.requests.slice(before).map((one) => JSON.stringify(one));
    const recordAt = later.findIndex((one) => one.includes('ab'.repeat(8)));
    expect(recordAt).toBeGreaterThanOrEqual(0);
    expect(later.findIndex((one) => one.includes('objects'))).toBeGreaterThan(recordAt);
  });

  it('refuses to go on when an older record lies under the name of a new kit', async () => {
    await fresh();
    const { archiveId } = rig.keys;
    const fingerprint = 'cd'.repeat(32);
    const name = cloudNames.archiveKeyOfKit(archiveId, fingerprint);
    await store.putIfAbsent(name, wholeSource(Buffer.from('{"record":1}')));
    rig.laterRecords = [{ archiveId, fingerprint, bytes: Buffer.from('{"record":2}') }];
    await rig.receive(testImage('1'));
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => stage.status.state === 'refused');
    expect(stage.status.error?.code).toBe('archive-key-conflict');
    expect(await namesIn(store, cloudNames.objects)).toEqual([]);
  });
});
