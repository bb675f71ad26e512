/** A link as the engine makes it, in the viewer as it ships: the two were written apart from each other. */
import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFileMeta, readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { newPasscode } from '../../src/main/engine/share/passcode.ts';
import { makeDicomFile, testUid, type TestElement } from '../support/dicom-files.ts';
import { launchBrowser } from '../support/page-browser.ts';
import { hourMs, ShareRig } from '../support/share-rig.ts';
import { needs } from '../support/tools.ts';
import type { TestImage } from '../support/upload-rig.ts';
import { buildViewer, openViewer, savedBy, type BuiltViewer } from '../support/viewer-page.ts';

const never = new AbortController().signal;
const studyInstanceUid = testUid('study of a link');

const short = (element: number, value: number): TestElement => ({
  group: 0x0028,
  element,
  vr: 'US',
  value: Buffer.of(value & 255, value >> 8),
});

/** 16 by 8 pixels of 8 bits, as the archive keeps it. */
async function image(name: string, patientName: string): Promise<TestImage> {
  const made = makeDicomFile({
    studyInstanceUid,
    sopInstanceUid: testUid(name),
    patientName,
    modality: 'OT',
    extra: [
      short(0x0002, 1),
      { group: 0x0028, element: 0x0004, vr: 'CS', value: 'MONOCHROME2' },
      ...[short(0x0010, 8), short(0x0011, 16), short(0x0100, 8), short(0x0101, 8), short(0x0102, 7)],
      short(0x0103, 0),
      {
        group: 0x7fe0,
        element: 0x0010,
        vr: 'OB',
        value: Buffer.from(Array.from({ length: 128 }, (_, at) => at)),
      },
    ],
  });
  const head = await readPart10Head(made.bytes, 'whole-file');
  if (head.tag !== 'dataset') throw new Error('no dataset');
  const dataset = made.bytes.subarray(head.datasetOffset);
  const details = {
    sopClassUid: made.sopClassUid,
    sopInstanceUid: made.sopInstanceUid,
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    studyInstanceUid,
    seriesInstanceUid: made.seriesInstanceUid,
    patientName,
    modality: 'OT',
    datasetSha256: createHash('sha256').update(dataset).digest('hex'),
  };
  return { details, dataset, file: Buffer.concat([buildFileMeta(details), dataset]) };
}

needs('chromium')('a link of the engine in the viewer', () => {
  let rig: ShareRig;
  let viewer: BuiltViewer;
  let browser: Browser;
  const images: TestImage[] = [];

  beforeAll(async () => {
    [rig, viewer, browser] = await Promise.all([ShareRig.open(), buildViewer(), launchBrowser()]);
    for (const name of ['one', 'two']) {
      const made = await image(name, 'DOE^JANE');
      images.push(made);
      await rig.archive.receive(made);
    }
  });
  afterAll(async () => {
    await browser.close();
    await viewer.remove();
    await rig.dispose();
  });

  it('opens with its passcode, shows the images, saves them bit for bit, and no more once it is revoked', async () => {
    const sharing = rig.sharing();
    const passcode = newPasscode(rig.archive.random);
    const made = await sharing.createLink(
      { studyInstanceUid, lifetimeMs: hourMs, passcode },
      'web',
      () => undefined,
      never,
    );
    const fragment = made.link.revealText().split('#')[1] ?? '';
    const one = await openViewer(browser, `${viewer.address}#${fragment}`);
    await one.page.getByLabel('Passcode').fill(passcode.revealText());
    await one.page.keyboard.press('Enter');
    await one.page.locator('.bottom-right').getByText('×').waitFor();
    await one.page.getByRole('heading', { name: 'DOE, JANE' }).waitFor();
    await one.page.getByText('From Practice of Dr. Test').waitFor();
    const { bytes } = await savedBy(one.page, 'Save all (zip)');
    const saved = Object.values(unzipSync(bytes)).map((file) => Buffer.from(file));
    for (const { file } of images) expect(saved.some((copy) => copy.equals(file))).toBe(true);
    expect(one.complaints).toEqual([]);
    await one.close();

    await sharing.revoke(made.shareId, 'web');
    const later = await openViewer(browser, `${viewer.address}#${fragment}`);
    const isGone = later.page.getByRole('heading', { name: 'This is no longer there' });
    const field = later.page.getByLabel('Passcode');
    await isGone.or(field).waitFor();
    if (await field.isVisible()) {
      await field.fill(passcode.revealText());
      await later.page.keyboard.press('Enter');
    }
    await isGone.waitFor();
    await later.close();
  });
});
