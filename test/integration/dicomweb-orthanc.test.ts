/** Images into a PACS that must read them: Orthanc's DICOMweb over TLS, with a test authority. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { DatasetStore } from '../../src/main/engine/cloud/dataset-store.ts';
import type { DatasetStage } from '../../src/main/engine/upload/dataset-stage.ts';
import { datasetStage, openDicomweb } from '../support/dataset-rig.ts';
import { startDicomwebOrthanc, type DicomwebOrthanc } from '../support/orthanc-dicomweb.ts';
import { needs } from '../support/tools.ts';
import { destination, testImage, UploadRig } from '../support/upload-rig.ts';

const unique = (): string => String(randomBytes(5).readUIntBE(0, 5));

needs('orthanc', 'orthanc-dicomweb')('a PACS with DICOMweb', () => {
  let pacs: DicomwebOrthanc;
  let rig: UploadRig;
  const stages: DatasetStage[] = [];

  beforeAll(async () => {
    pacs = await startDicomwebOrthanc();
  });
  afterAll(() => pacs.stop());
  beforeEach(async () => {
    rig = await UploadRig.open();
  });
  afterEach(async () => {
    await Promise.all(stages.splice(0).map((stage) => stage.stop()));
    await rig.dispose();
  });

  const connect = (credential = pacs.credential): Promise<DatasetStore> =>
    openDicomweb({ url: pacs.url, auth: 'basic', authorityFile: pacs.authorityFile }, credential);
  const start = (overrides: Parameters<typeof datasetStage>[3] = {}): DatasetStage => {
    const stage = datasetStage(rig, pacs.url, () => connect(), overrides);
    stages.push(stage);
    stage.start();
    return stage;
  };

  it('gets every image bit for bit, each proven by fetching it back', async () => {
    const study = unique();
    const images = [0, 1, 2, 3, 4].map((index) => testImage(`${study}.${index}`, study, 50_000));
    for (const image of images) await rig.receive(image);
    start();
    await rig.untilVerified(images.length);
    expect(rig.queue.datasetProofs.counts(destination)).toEqual({ identical: images.length, listed: 0 });
    for (const image of images) {
      const kept = await pacs.fileOf(image.details.sopInstanceUid);
      expect(kept.subarray(-image.dataset.length).equals(image.dataset)).toBe(true);
    }
    expect(rig.queue.datasetProofs.placeOf(destination)).toBe(pacs.url);
  });

  it('is sent a large image without it ever being in memory whole', async () => {
    const sizeBytes = 200 * 1024 * 1024;
    await rig.receiveLarge(unique(), sizeBytes);
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
    start();
    await rig.untilVerified(1, 110_000);
    clearInterval(watch);
    expect(most - before).toBeLessThan(sizeBytes / 2);
  }, 120_000);

  it('is not sent again what it holds already', async () => {
    const image = testImage(unique(), unique());
    const store = await connect();
    await store.store(image.details, once(image.file), { sizeBytes: image.file.length });
    await rig.receive(image);
    let stored = 0;
    start({
      connect: async () => {
        const real = await connect();
        return counting(real, () => (stored += 1));
      },
    });
    await rig.untilVerified(1);
    expect(stored).toBe(0);
    expect(rig.queue.datasetProofs.counts(destination)).toEqual({ identical: 1, listed: 0 });
    // A second time, past the look: harmless as well.
    await store.store(image.details, once(image.file), { sizeBytes: image.file.length });
    expect(await pacs.fileOf(image.details.sopInstanceUid)).toBeDefined();
    await store.close();
  });

  it('keeps what it has under a UID: another image under it is parked, not sent over it', async () => {
    const name = unique();
    const first = testImage(name, name);
    const second = testImage(name, name);
    const store = await connect();
    await store.store(first.details, once(first.file), { sizeBytes: first.file.length });
    await store.close();
    await rig.receive(second);
    start();
    await rig.untilParked();
    expect(rig.incidents).toMatchObject([{ code: 'pacs-copy-differs' }]);
    const kept = await pacs.fileOf(first.details.sopInstanceUid);
    expect(kept.subarray(-first.dataset.length).equals(first.dataset)).toBe(true);
  });

  it('counts an image that it changed only where the settings accept the weaker proof, and says which', async () => {
    const name = unique();
    const changed = testImage(name, name);
    const store = await connect();
    await store.store(changed.details, once(changed.file), { sizeBytes: changed.file.length });
    await store.close();
    const image = testImage(name, name);
    await rig.receive(image);
    start({ wantedProof: 'listed' });
    await rig.untilVerified(1);
    expect(rig.queue.datasetProofs.counts(destination)).toEqual({ identical: 0, listed: 1 });
  });

  it('waits when the password is wrong, uses up no attempt, and goes on with the right one', async () => {
    await rig.receive(testImage(unique(), unique()));
    let credential = 'edge:wrong';
    const stage = start({ connect: () => connect(credential) });
    await rig.until(() => stage.status.state === 'refused');
    expect(stage.status.error?.code).toBe('cloud-auth');
    expect(rig.queue.status()).toMatchObject({ pending: 1, failed: 0, parked: 0 });
    credential = pacs.credential;
    stage.wake();
    await rig.untilVerified(1);
  });

  it('is not trusted without its authority', async () => {
    const store = await openDicomweb({ url: pacs.url, auth: 'basic' }, pacs.credential);
    await expect(store.check()).rejects.toMatchObject({ code: 'pacs-untrusted' });
    await store.close();
  });

  it('is told apart from an address that is no DICOMweb service', async () => {
    const elsewhere = { url: pacs.url.replace('dicom-web', 'nothing'), authorityFile: pacs.authorityFile };
    const store = await openDicomweb({ ...elsewhere, auth: 'basic' }, pacs.credential);
    await expect(store.check()).rejects.toMatchObject({ code: 'pacs-no-service' });
    await store.close();
  });

  it('never gets the end of an image whose copy here is damaged', async () => {
    const image = testImage(unique(), unique(), 600_000);
    const { sealWhole } = await import('../../src/main/engine/seal/envelope-writer.ts');
    const sealed = sealWhole(rig.sealers, image.file);
    sealed.writeUInt8(sealed.readUInt8(sealed.length - 40) ^ 1, sealed.length - 40);
    await rig.receive(image, sealed);
    start();
    await rig.untilParked();
    expect(rig.incidents).toMatchObject([{ code: 'object-tampered' }]);
    await expect(pacs.fileOf(image.details.sopInstanceUid)).rejects.toThrow('it holds 0');
  });

  it('is known by its name: another address under it is told instead of believed', async () => {
    await rig.receive(testImage(unique(), unique()));
    start();
    await rig.untilVerified(1);
    await Promise.all(stages.splice(0).map((stage) => stage.stop()));
    const stage = start({ url: 'https://other.example/dicom-web' });
    await rig.until(() => stage.status.error !== null);
    expect(stage.status.error?.code).toBe('destination-changed');
  });
});

needs('orthanc', 'orthanc-dicomweb')('a PACS that asks for a client certificate', () => {
  it('takes images from who has one, and nothing from others', async () => {
    const pacs = await startDicomwebOrthanc('certificate');
    const rig = await UploadRig.open();
    try {
      const leaf = await pacs.authority.client('front desk');
      const certificateFile = join(pacs.folder, 'client.pem');
      await writeFile(certificateFile, leaf.certificate);
      const given = { url: pacs.url, authorityFile: pacs.authorityFile };
      const without = await openDicomweb(given);
      await expect(without.check()).rejects.toMatchObject({ code: 'cloud-auth' });
      await without.close();
      await rig.receive(testImage(unique(), unique()));
      const stage = datasetStage(rig, pacs.url, () =>
        openDicomweb(
          { ...given, auth: 'client-certificate', certificateFile },
          leaf.key.replaceAll('\n', ''),
        ),
      );
      stage.start();
      await rig.untilVerified(1);
      await stage.stop();
      const other = await pacs.authority.client('another');
      await expect(
        openDicomweb({ ...given, auth: 'client-certificate', certificateFile }, other.key),
      ).rejects.toMatchObject({ code: 'cloud-secret-malformed' });
    } finally {
      await rig.dispose();
      await pacs.stop();
    }
  });
});

async function* once(file: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(file);
}

function counting(store: DatasetStore, onStore: () => void): DatasetStore {
  return {
    kind: store.kind,
    store: (...call) => {
      onStore();
      return store.store(...call);
    },
    retrieve: (...call) => store.retrieve(...call),
    isListed: (...call) => store.isListed(...call),
    check: (signal) => store.check(signal),
    close: () => store.close(),
  };
}
