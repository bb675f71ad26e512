/** Two destinations share one local copy of each image: neither may take the other's new copy for a loss. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAzurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';

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
