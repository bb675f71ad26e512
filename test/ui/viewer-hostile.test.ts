/** The viewer on shares that mean ill, or come slowly: nothing runs, nothing is asked elsewhere, no picture stands under another's name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { testUid } from '../support/dicom-files.ts';
import { launchBrowser } from '../support/page-browser.ts';
import { ShareStorage, type MadeShare } from '../support/share-package.ts';
import { needs } from '../support/tools.ts';
import { buildViewer, openViewer, type BuiltViewer, type OpenedViewer } from '../support/viewer-page.ts';
import { rampImage } from '../support/viewer-shares.ts';

const inBrowser = needs('chromium');

let viewer: BuiltViewer;
let browser: Browser;
let storage: ShareStorage;
const opened: OpenedViewer[] = [];

beforeAll(async () => {
  [viewer, browser, storage] = await Promise.all([buildViewer(), launchBrowser(), ShareStorage.start()]);
});
afterAll(async () => {
  await browser.close();
  await storage.stop();
  await viewer.remove();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** With `before` between the page and its link. */
async function open(
  share: MadeShare,
  before: (page: Page) => Promise<unknown> = () => Promise.resolve(),
): Promise<OpenedViewer> {
  const one = await openViewer(browser, viewer.address);
  opened.push(one);
  await before(one.page);
  await one.page.getByLabel('Link').fill(share.fragment);
  await one.page.getByRole('button', { name: 'Open' }).click();
  return one;
}

async function shown(page: Page): Promise<void> {
  await page.locator('.bottom-right').getByText('×').waitFor();
}

/** Whether anything but black is on the stage. */
function isPainted(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.stage-canvas');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return data.some((value, at) => at % 4 !== 3 && value > 0);
  });
}

inBrowser('a picture', () => {
  it('never stands under the words of another that is still on its way', async () => {
    const share = await storage.share({
      files: [
        rampImage('a'),
        {
          ...rampImage('b'),
          seriesInstanceUid: testUid('other series'),
          seriesNumber: '2',
          seriesDescription: 'The other one',
        },
      ],
    });
    const held = Promise.withResolvers<undefined>();
    const { page } = await open(share, (before) =>
      before.route('**/000002.cms*', async (route) => {
        await held.promise;
        await route.continue();
      }),
    );
    await shown(page);
    await page.waitForFunction(() => document.querySelector('.stage-canvas') !== null);
    expect(await isPainted(page)).toBe(true);
    await page.getByRole('button', { name: 'Series 2' }).click();
    await page.locator('.bottom-left').getByText('The other one').waitFor();
    let downloads = 0;
    page.on('download', () => (downloads += 1));
    expect(await isPainted(page)).toBe(false);
    await page.getByRole('button', { name: 'Save this picture (PNG)' }).click();
    await page.locator('.stage').getByText('Loading').waitFor();
    expect(downloads).toBe(0);
    held.resolve(undefined);
    await shown(page);
    expect(await isPainted(page)).toBe(true);
  });

  it('that is large is fetched when it is asked for, not because the one before it is looked at', async () => {
    const files = ['a', 'b', 'c', 'd'].map((name, at) => ({
      ...rampImage(name),
      instanceNumber: String(at + 1),
    }));
    const { page, requests } = await open(
      await storage.share({
        files,
        change: (index) => ({
          ...index,
          files: (index['files'] as Record<string, unknown>[]).map((file, at) =>
            at === 1 ? { ...file, sizeBytes: 900 * 1024 * 1024 } : file,
          ),
        }),
      }),
    );
    await shown(page);
    await expect.poll(() => requests.some((address) => address.endsWith('000003.cms'))).toBe(true);
    expect(requests.filter((address) => address.endsWith('000002.cms'))).toEqual([]);
  });
});

inBrowser('a share that means ill', () => {
  it('gets its words shown as words, wherever they stand', async () => {
    const bait = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    const share = await storage.share({
      files: [
        { ...rampImage('a'), modality: bait, seriesNumber: bait, seriesDescription: bait },
        { ...rampImage('b'), modality: bait, seriesNumber: bait, seriesDescription: bait },
      ],
      study: { patientName: bait, patientId: bait, studyDescription: bait, studyDate: bait },
      change: (index) => ({ ...index, practice: bait }),
    });
    const { page, complaints, requests } = await open(share);
    await shown(page);
    expect(await page.locator('img, #app script').count()).toBe(0);
    expect(await page.title()).not.toMatch(/[12]/);
    expect(complaints).toEqual([]);
    expect(requests.filter((address) => !address.includes(share.shareId))).toEqual([]);
  });

  it('could not run a script or send anything but to storage, even if a hole let it write into the page', async () => {
    const { page, complaints } = await open(await storage.share({ files: [rampImage('a')] }));
    await shown(page);
    const asked: (string | undefined)[] = [];
    const spy = createServer((request, response) => {
      asked.push(request.url);
      response.end();
    });
    await new Promise<void>((resolve) => {
      spy.listen(0, '127.0.0.1', resolve);
    });
    const { port } = spy.address() as AddressInfo;
    await page.evaluate((host) => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "ran"';
      const button = document.createElement('button');
      button.setAttribute('onclick', 'document.title = "ran"');
      const image = document.createElement('img');
      image.src = `${host}/image`;
      const frame = document.createElement('iframe');
      frame.src = `${host}/frame`;
      const form = document.createElement('form');
      form.action = `${host}/form`;
      document.body.append(script, button, image, frame, form);
      button.click();
      form.submit();
    }, `http://127.0.0.1:${port}`);
    await expect
      .poll(() => complaints.filter((one) => one.startsWith('policy:')).length)
      .toBeGreaterThanOrEqual(5);
    expect(await page.title()).not.toBe('ran');
    expect(asked).toEqual([]);
    await new Promise((resolve) => {
      spy.closeAllConnections();
      spy.close(resolve);
    });
  });
});
