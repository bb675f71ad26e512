/** A PC knows how its own chain of lists ended: a cloud that knows less of it, or something else, is not built on. */
import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cloudNames } from '../../src/main/engine/cloud/cloud-store.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { azureStore, destination, testImage, UploadRig } from '../support/upload-rig.ts';
import { container, openPractice } from '../support/whole-way.ts';

it('is not all safe when another container stands behind the same destination, and sends nothing to it', async () => {
  const practice = await openPractice();
  const { installation, cloud } = practice;
  try {
    const first = await installation.serve();
    await installation.enrol();
    const path = installation.path('image.dcm');
    await writeFile(path, makeDicomFile({ sopInstanceUid: testUid('rollback') }).bytes);
    expect((await installation.command(['import', path])).code).toBe(0);
    await installation.statusWhere((one) => one.counts.verified === 1 && one.headline === 'all-safe');
    await first.stop();

    const other = await cloud.makeContainer();
    const pointAt = (name: string): Promise<void> =>
      installation.configure({ destinations: [{ name: 'cloud', kind: 'azure', container: name }] });
    await pointAt(other);
    const second = await installation.serve();
    const status = await installation.statusWhere((one) => one.destinations[0]?.state !== 'ok', 20_000);
    expect(status.destinations[0]).toMatchObject({ state: 'refused', error: { code: 'manifest-broken' } });
    expect(status).toMatchObject({ safe: false });
    expect(status.headline).not.toBe('all-safe');
    expect(status.failures.map((one) => one.code)).toContain('manifest-broken');
    // What the check of the credential leaves is no part of an archive.
    const sent: string[] = [];
    for await (const { name } of cloud.container(other).listBlobsFlat()) {
      if (!name.startsWith('checks/')) sent.push(name);
    }
    expect(sent).toEqual([]);
    await second.stop();

    await pointAt(container);
    await installation.serve();
    const next = installation.path('next.dcm');
    await writeFile(next, makeDicomFile({ sopInstanceUid: testUid('rollback next') }).bytes);
    expect((await installation.command(['import', next])).code).toBe(0);
    const back = await installation.statusWhere((one) => one.counts.verified === 2);
    expect(back.destinations[0]).toMatchObject({ state: 'ok' });
  } finally {
    await practice.dispose();
  }
});

describe('at each connection', () => {
  let azurite: Azurite;
  let where: string;
  let rig: UploadRig;

  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterEach(() => rig.dispose());
  afterAll(() => azurite.stop());

  it.each([
    ['missing', undefined],
    ['replaced', Buffer.from('another list')],
  ])('notices that the last list is %s, and sends nothing more', async (_what, bytes) => {
    where = await azurite.makeContainer();
    rig = await UploadRig.open();
    const connect = () => Promise.resolve(azureStore(azurite.connectionString(), where));
    await rig.receive(testImage('1'));
    const before = rig.stage(connect);
    before.start();
    await rig.untilVerified(1);
    await before.stop();

    const blob = azurite
      .container(where)
      .getBlockBlobClient(cloudNames.manifest(rig.queue.installationId, 1));
    if (bytes === undefined) await blob.delete();
    else await blob.upload(bytes, bytes.length);
    await rig.receive(testImage('2'));
    const stage = rig.stage(connect);
    stage.start();
    await rig.until(() => stage.status.state !== 'ok' || rig.queue.status().verified > 1);
    expect(stage.status).toMatchObject({ state: 'refused', error: { code: 'manifest-broken' } });
    await rig.until(() => rig.incidents.length > 0);
    expect(rig.incidents).toMatchObject([{ code: 'manifest-broken', subject: destination }]);
    expect(rig.queue.status()).toMatchObject({ verified: 1, pending: 1, failed: 0, parked: 0 });
  });
});
