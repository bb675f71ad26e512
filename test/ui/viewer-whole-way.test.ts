/** From the engine's share to the practitioner's browser and disk, with nothing of the tests' own in between. */
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { launchBrowser } from '../support/page-browser.ts';
import { hourMs, ShareRig } from '../support/share-rig.ts';
import { needs } from '../support/tools.ts';
import { testImage } from '../support/upload-rig.ts';
import { buildViewer, openViewer, savedBy, type BuiltViewer } from '../support/viewer-page.ts';

const inBrowser = needs('chromium');

let viewer: BuiltViewer;
let browser: Browser;
let rig: ShareRig;
const images = [testImage('a', '1', 2000), testImage('b', '1', 700_001)];

beforeAll(async () => {
  [viewer, browser, rig] = await Promise.all([buildViewer(), launchBrowser(), ShareRig.open()]);
  for (const image of images) await rig.archive.receive(image);
});
afterAll(async () => {
  await browser.close();
  await rig.dispose();
  await viewer.remove();
});

inBrowser('a study shared by the engine', () => {
  it('opens by its link and passcode, is saved bit for bit, and is gone when revoked', async () => {
    const sharing = rig.sharing();
    const made = await sharing.createLink(
      {
        studyInstanceUid: images[0]!.details.studyInstanceUid,
        lifetimeMs: hourMs,
        passcode: Secret.fromText('Seven-unlikely-otters'),
      },
      'command-line',
      () => undefined,
      new AbortController().signal,
    );
    const link = made.link.revealText();
    const first = await openViewer(browser, viewer.address + link.slice(link.indexOf('#')));
    const { page, complaints } = first;
    await page.getByLabel('Passcode').fill('Seven-unlikely-otters');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Canary, Upload' }).waitFor();
    const inside = Object.values(unzipSync((await savedBy(page, 'Save all (zip)')).bytes));
    expect(inside.map((bytes) => images.findIndex(({ file }) => file.equals(bytes)))).toEqual([0, 1]);
    expect(complaints).toEqual([]);
    await first.close();

    await sharing.revoke(made.shareId, 'command-line');
    const after = await openViewer(browser, viewer.address + link.slice(link.indexOf('#')));
    await after.page.getByLabel('Passcode').fill('Seven-unlikely-otters');
    await after.page.keyboard.press('Enter');
    await after.page.getByRole('heading', { name: 'This is no longer there' }).waitFor();
    await after.close();
  });
});
