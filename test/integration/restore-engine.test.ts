/** Restore through the running engine, with this installation's own keys: what is gone from the cloud is told. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { blobsOf, container, datasetDigest, openPractice, type Practice } from '../support/whole-way.ts';

interface Told {
  readonly total: number;
  readonly restored: number;
  readonly missing: number;
  readonly damaged: number;
  readonly unproven: number;
}

describe('restore --from-cloud through the running engine', () => {
  let practice: Practice;
  const images = ['first', 'second'].map((label) =>
    makeDicomFile({ sopInstanceUid: testUid(`restore ${label}`), pixelBytes: 20_000 }),
  );

  beforeEach(async () => {
    practice = await openPractice();
    const { installation } = practice;
    await installation.serve();
    await installation.enrol();
    for (const [index, image] of images.entries()) {
      const path = installation.path(`image-${index}.dcm`);
      await writeFile(path, image.bytes);
      expect((await installation.command(['import', path])).code).toBe(0);
    }
    await installation.statusWhere((status) => status.counts.verified === images.length);
  });
  afterEach(() => practice.dispose());

  async function restored(): Promise<{ readonly code: number | null; readonly err: string; told: Told }> {
    const { installation } = practice;
    const { code, out, err } = await installation.command([
      ...['restore', '--all', '--from-cloud', '--json', '--to', installation.path('restored')],
    ]);
    return { code, err, told: JSON.parse(out) as Told };
  }

  /** Past our own code. */
  async function remove(name: string): Promise<void> {
    await practice.cloud.container(container).getBlobClient(name).delete();
  }

  it('brings an intact archive back with every image proven by a list', async () => {
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ total: 2, restored: 2, missing: 0, damaged: 0, unproven: 0 });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const image of images) {
      const path = join(
        practice.installation.path('restored'),
        image.studyInstanceUid,
        image.seriesInstanceUid,
        `${image.sopInstanceUid}.dcm`,
      );
      expect(await datasetDigest(await readFile(path))).toBe(image.datasetSha256);
    }
  });

  it('tells of an image that was removed from the cloud, and does not exit 0', async () => {
    const [gone] = await blobsOf(practice.cloud, 'objects/');
    await remove(gone?.name ?? '');
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ total: 2, restored: 1, missing: 1, damaged: 0, unproven: 0 });
    expect(code).toBe(2);
    expect(err).toContain('[object-missing]');
  });

  it('does not exit 0 when a list was replaced, even with every image there', async () => {
    const [list] = await blobsOf(practice.cloud, 'manifests/');
    const client = practice.cloud.container(container).getBlockBlobClient(list?.name ?? '');
    await client.upload('no list', 7);
    const { code, err, told } = await restored();
    expect(told, err).toMatchObject({ restored: 2, missing: 0, damaged: 0 });
    expect(told.unproven).toBeGreaterThan(0);
    expect(err).toContain('[manifest-broken]');
    expect(code).toBe(2);
  });
});
