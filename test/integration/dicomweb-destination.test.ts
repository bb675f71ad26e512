/** Headless, with a folder as the archive and a PACS beside it: settings, check, upload, restore, and what leaves it out. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';
import { startDicomwebOrthanc, type DicomwebOrthanc } from '../support/orthanc-dicomweb.ts';
import { needs } from '../support/tools.ts';

const count = 4;

needs('orthanc', 'orthanc-dicomweb')('a PACS beside the archive', () => {
  let pacs: DicomwebOrthanc;
  let share: string;
  let installation: TestInstallation;

  beforeEach(async () => {
    pacs = await startDicomwebOrthanc();
    share = await mkdtemp(join(tmpdir(), 'edge-sync-nas-'));
    installation = await TestInstallation.create({
      config: {
        destinations: [
          { name: 'pacs', kind: 'dicomweb', url: pacs.url, auth: 'basic', authorityFile: pacs.authorityFile },
          { name: 'nas', kind: 'folder', path: share },
        ],
      },
      secrets: { pacs: pacs.credential },
    });
  });
  afterEach(async () => {
    await installation.dispose();
    await pacs.stop();
    await rm(share, { recursive: true, force: true });
  });

  it('is checked, gets every image, counts as required, and restore takes them from the archive', async () => {
    const checked = await installation.command(['config', 'check']);
    expect(checked.code, checked.out + checked.err).toBe(0);
    expect(checked.out).toMatch(/destination pacs \(dicomweb\): in order\n {2}Images are opened/);
    await installation.serve();
    const folder = installation.path('scans');
    await mkdir(folder);
    for (let index = 0; index < count; index += 1) {
      const { bytes } = makeDicomFile({ sopInstanceUid: testUid(`pacs ${index}`), pixelBytes: 90_000 });
      await writeFile(join(folder, `${index}.dcm`), bytes);
    }
    const imported = await installation.command(['import', folder]);
    expect(imported.code, imported.err).toBe(0);
    await installation.enrol();
    const status = await installation.statusWhere(
      ({ counts }) => counts.pending === 0 || counts.parked + counts.failed > 0,
    );
    expect(status.counts).toEqual({ received: count, pending: 0, verified: count, failed: 0, parked: 0 });
    expect(status.destinations).toMatchObject([
      { name: 'pacs', kind: 'dicomweb', verified: count, provenBy: { identical: count, listed: 0 } },
      { name: 'nas', verified: count },
    ]);
    expect(await pacs.instances()).toHaveLength(count);

    const asked = await installation.command(['verify', '--destination', 'pacs']);
    expect(asked.code).not.toBe(0);
    expect(asked.err).toContain('[destination-not-archive]');
    const all = await installation.command(['verify']);
    expect(all.code, all.out + all.err).toBe(0);
    const to = installation.path('restored');
    const restored = await installation.command(['restore', '--all', '--to', to, '--from-cloud']);
    expect(restored.code, restored.err).toBe(0);
    const files = (await readdir(to, { recursive: true })).filter((name) => name.endsWith('.dcm'));
    expect(files).toHaveLength(count);
  }, 120_000);

  it('cannot be the only required destination', async () => {
    const alone = JSON.stringify([{ name: 'pacs', kind: 'dicomweb', url: pacs.url }]);
    const set = await installation.command(['config', 'set', 'destinations', alone]);
    expect(set.code).not.toBe(0);
    expect(set.err).toContain('sealed images');
  });
});
