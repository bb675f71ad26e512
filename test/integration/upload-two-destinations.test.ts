/** Two destinations share one local copy of each image: neither may take the other's new copy for a loss. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAzurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';
import { findInstance } from '../support/queue-kit.ts';
import { azureStore, testImage, UploadRig } from '../support/upload-rig.ts';

const count = 24;

it('sends a backlog from before the drill to both destinations, and parks nothing', async () => {
  const cloud = await startAzurite();
  const secret = cloud.connectionString();
  const installation = await TestInstallation.create({
    config: {
      destinations: [
        { name: 'cloud', kind: 'azure', container: await cloud.makeContainer() },
        { name: 'second', kind: 'azure', container: await cloud.makeContainer() },
      ],
    },
    secrets: { cloud: secret, second: secret },
  });
  try {
    await installation.serve();
    const folder = installation.path('scans');
    await mkdir(folder);
    for (let index = 0; index < count; index += 1) {
      const { bytes } = makeDicomFile({ sopInstanceUid: testUid(`two ${index}`), pixelBytes: 300_000 });
      await writeFile(join(folder, `${index}.dcm`), bytes);
    }
    const imported = await installation.command(['import', folder]);
    expect(imported.code, imported.err).toBe(0);
    await installation.enrol();
    const status = await installation.statusWhere(
      ({ counts }) => counts.pending === 0 || counts.parked + counts.failed > 0,
    );
    expect(status.counts).toEqual({ received: count, pending: 0, verified: count, failed: 0, parked: 0 });
    expect(status).toMatchObject({ safe: true, headline: 'all-safe' });
    expect(status.destinations).toMatchObject([
      { name: 'cloud', verified: count },
      { name: 'second', verified: count },
    ]);
  } finally {
    await installation.dispose();
    await cloud.stop();
  }
});

it('does not take a copy that another has replaced meanwhile for a lost one', async () => {
  const cloud = await startAzurite();
  const where = await cloud.makeContainer();
  const rig = await UploadRig.open();
  try {
    const name = await rig.receive(testImage('1'));
    const { spoolId: old } = findInstance(rig.queue, name)!;
    const sealed: Buffer[] = [];
    for await (const chunk of rig.spool.read(old!)) sealed.push(chunk);
    const stage = rig.stage(() => Promise.resolve(azureStore(cloud.connectionString(), where)), {
      spool: {
        // Just before its first reading: what a re-heading or a resend does.
        async *read(id, start) {
          if (id === old) {
            const writer = rig.spool.create();
            await writer.write(sealed);
            const { sizeBytes } = await writer.commit();
            const { instanceId } = findInstance(rig.queue, name)!;
            await rig.queue.setSpool(instanceId, writer.id, sizeBytes, rig.sealers.recoveryFingerprint);
            await rig.spool.remove(old);
          }
          yield* rig.spool.read(id, start);
        },
      },
    });
    stage.start();
    await rig.until(() => rig.queue.status().verified + rig.queue.status().parked === 1);
    expect(rig.queue.status()).toMatchObject({ verified: 1, parked: 0 });
    expect(rig.incidents).toEqual([]);
  } finally {
    await rig.dispose();
    await cloud.stop();
  }
});
