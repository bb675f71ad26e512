/** Every screen of the viewer: nothing that axe, the console or the security policy complains of, nothing too wide. */
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { desktop, launchBrowser, narrow, screenshot } from '../support/page-browser.ts';
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

async function open(share: MadeShare, options: BrowserContextOptions = {}): Promise<OpenedViewer> {
  const one = await openViewer(browser, viewer.address + share.fragment, options);
  opened.push(one);
  return one;
}

async function shown(page: Page): Promise<void> {
  await page.locator('.bottom-right').getByText('×').waitFor();
}

inBrowser('every screen', () => {
  const looks: readonly (readonly [string, BrowserContextOptions])[] = [
    ['light-en', { viewport: desktop }],
    ['dark-es', { viewport: desktop, colorScheme: 'dark', locale: 'es-ES' }],
    ['narrow', { viewport: narrow }],
    // 200 percent of a window of 1280 by 900.
    ['zoomed', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
  ];

  it.each(looks)('is free of what axe finds, and no wider than the window: %s', async (name, options) => {
    const share = await storage.share({ files: [rampImage('a'), rampImage('b')] });
    const locked = await storage.share({ files: [rampImage('a')], passcode: 'x' });
    const study = await open(share, options);
    await shown(study.page);
    await looksWell(study, `viewer-study-${name}`);
    const passcode = await open(locked, options);
    await passcode.page.locator('#passcode').waitFor();
    await looksWell(passcode, `viewer-passcode-${name}`);
    await storage.remove(share.objects[0]!);
    const gone = await open(share, options);
    await gone.page.getByRole('alert').waitFor();
    await looksWell(gone, `viewer-problem-${name}`);
    const empty = await openViewer(browser, viewer.address, options);
    opened.push(empty);
    await looksWell(empty, `viewer-link-${name}`);
  });

  async function looksWell({ page, complaints }: OpenedViewer, name: string): Promise<void> {
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(wide).toBeLessThanOrEqual(window);
    expect(complaints).toEqual([]);
    await screenshot(page, name);
  }
});
