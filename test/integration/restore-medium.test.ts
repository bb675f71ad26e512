/** Restoring as a medium: short file names and a DICOMDIR that other programs take. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMediumDirectory } from '../../src/main/engine/dicom/dicomdir.ts';
import type { InstanceDetails } from '../../src/main/engine/model.ts';
import { restoreTarget, type OpenTarget } from '../../src/main/engine/restore/target.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { runPeer } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-medium-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const images = ['one', 'two', 'three', 'four'].map((label, index) =>
  makeDicomFile({
    sopInstanceUid: testUid(`medium ${label}`),
    studyInstanceUid: testUid(`medium study ${index < 3 ? 'a' : 'b'}`),
    seriesInstanceUid: testUid(`medium series ${index < 2 ? 'a' : label}`),
    transferSyntaxUid: [
      '1.2.840.10008.1.2.1',
      '1.2.840.10008.1.2',
      '1.2.840.10008.1.2.2',
      '1.2.840.10008.1.2.1',
    ][index]!,
    pixelBytes: 2000,
  }),
);

function openMedium(to = join(dir, 'medium')): Promise<OpenTarget> {
  return restoreTarget(
    { to, layout: 'medium' },
    {
      clock: new SystemClock(),
      random: new SystemRandom(),
      signal: new AbortController().signal,
      journalMac: () => Buffer.alloc(32),
      privateFolder: join(dir, 'private'),
    },
  )();
}

async function put(some: readonly (typeof images)[number][], to?: string): Promise<void> {
  const target = await openMedium(to);
  for (const image of some) {
    const file = await target.create();
    await file.write([Buffer.from(image.bytes)]);
    const details: InstanceDetails = {
      sopClassUid: image.sopClassUid,
      sopInstanceUid: image.sopInstanceUid,
      studyInstanceUid: image.studyInstanceUid,
      seriesInstanceUid: image.seriesInstanceUid,
      transferSyntaxUid: image.transferSyntaxUid,
      datasetSha256: image.datasetSha256,
    };
    await target.take(file, { objectName: 'ab'.repeat(32), details });
  }
  await target.finish();
  await target.close();
}

needs('dcmtk', 'dicom3tools')('a restored medium', () => {
  it('has file IDs of eight characters, and a directory that names every file', async () => {
    await put(images);
    const directory = await readMediumDirectory(await readFile(join(dir, 'medium', 'DICOMDIR')));
    expect(directory?.refused).toBe(0);
    expect(directory?.files).toHaveLength(images.length);
    for (const parts of directory?.files ?? []) {
      expect(parts.length).toBeLessThanOrEqual(8);
      for (const part of parts) expect(part).toMatch(/^[A-Z0-9_]{1,8}$/);
      const bytes = await readFile(join(dir, 'medium', ...parts));
      expect(images.some((image) => bytes.equals(image.bytes))).toBe(true);
    }
    expect((await readdir(join(dir, 'medium'))).sort()).toEqual([
      '.edge-sync-restore-journal',
      'DICOM',
      'DICOMDIR',
    ]);
  });

  it('has a directory without an error in the eyes of dciodvfy and DCMTK', async () => {
    await put(images);
    const file = join(dir, 'medium', 'DICOMDIR');
    const checked = await runPeer('dciodvfy', [file]);
    expect(checked.output).not.toMatch(/^Error/m);
    const dumped = await runPeer('dcmdump', ['+L', file]);
    expect(dumped.exitCode, dumped.output).toBe(0);
    for (const type of ['PATIENT', 'STUDY', 'SERIES', 'IMAGE']) expect(dumped.output).toContain(`[${type}`);
    expect(dumped.output.match(/ReferencedFileID/g)).toHaveLength(images.length);
    expect(dumped.output).not.toMatch(/^[WE]: /m);
  });

  it('is taken by DCMTK as a directory to add to: every pointer leads where it should', async () => {
    await put(images.slice(0, 3));
    const medium = join(dir, 'medium');
    await writeFile(join(medium, 'EXTRA'), images[3]!.bytes);
    const added = await runPeer('dcmmkdir', [
      '+A',
      '-W',
      '-nb',
      '+I',
      '+id',
      medium,
      '+D',
      join(medium, 'DICOMDIR'),
      'EXTRA',
    ]);
    expect(added.exitCode, added.output).toBe(0);
    const directory = await readMediumDirectory(await readFile(join(medium, 'DICOMDIR')));
    expect(directory?.files).toHaveLength(images.length);
  });

  it('keeps in its directory what an earlier run has put there', async () => {
    await put(images.slice(0, 1));
    await put(images.slice(1));
    const directory = await readMediumDirectory(await readFile(join(dir, 'medium', 'DICOMDIR')));
    expect(directory?.files).toHaveLength(images.length);
  });
});

describe('a folder with the directory of another program', () => {
  it('is refused before anything is written', async () => {
    await writeFile(join(dir, 'DICOMDIR'), 'of another program');
    await expect(openMedium(dir)).rejects.toMatchObject({ code: 'file-exists' });
    expect(await readdir(dir)).toEqual(['DICOMDIR']);
  });
});
